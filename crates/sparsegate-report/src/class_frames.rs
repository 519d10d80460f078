//! `classes.csv`, `confusion.csv` and `class-words.csv`: results by class as polars frames.

use polars::prelude::*;

use sparsegate_store::classes::ClassResults;

use super::class_scores::{ClassScore, scores};
use super::rows::RunRow;

fn known(rows: &[RunRow]) -> impl Iterator<Item = (&RunRow, &ClassResults)> {
    rows.iter().filter_map(|row| Some((row, row.classes.as_deref()?)))
}

/// One row for each class of each run: `run,class,texts,predicted,correct,recall,precision,f1`. Fractions without a
/// denominator are null. `None` if no run has results by class.
///
/// # Errors
/// polars cannot build the frame, because columns differ in length (a bug in this function).
pub fn classes(rows: &[RunRow]) -> PolarsResult<Option<DataFrame>> {
    let all: Vec<(&str, &str, ClassScore)> = known(rows)
        .flat_map(|(row, results)| {
            let named = results.classes.iter().zip(scores(results));
            named.map(|(class, score)| (row.run.as_str(), class.as_str(), score)).collect::<Vec<_>>()
        })
        .collect();
    if all.is_empty() {
        return Ok(None);
    }
    let count = |name: &str, of: fn(&ClassScore) -> u64| {
        Column::new(name.into(), all.iter().map(|(_, _, score)| of(score)).collect::<Vec<u64>>())
    };
    let part = |name: &str, of: fn(&ClassScore) -> Option<f64>| {
        Column::new(name.into(), all.iter().map(|(_, _, score)| of(score)).collect::<Vec<Option<f64>>>())
    };
    DataFrame::new_infer_height(vec![
        Column::new("run".into(), all.iter().map(|(run, ..)| *run).collect::<Vec<&str>>()),
        Column::new("class".into(), all.iter().map(|(_, class, _)| *class).collect::<Vec<&str>>()),
        count("texts", |score| score.texts),
        count("predicted", |score| score.predicted),
        count("correct", |score| score.correct),
        part("recall", ClassScore::recall),
        part("precision", ClassScore::precision),
        part("f1", ClassScore::f1),
    ])
    .map(Some)
}

/// One row for each pair of a true and a predicted class of each run: `run,true,predicted,texts`.
///
/// # Errors
/// As [`classes`].
pub fn confusion(rows: &[RunRow]) -> PolarsResult<DataFrame> {
    let (mut run, mut truth, mut predicted, mut texts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (row, results) in known(rows) {
        for (class, counts) in results.classes.iter().zip(&results.confusion) {
            for (other, count) in results.classes.iter().zip(counts) {
                run.push(row.run.as_str());
                truth.push(class.as_str());
                predicted.push(other.as_str());
                texts.push(*count);
            }
        }
    }
    DataFrame::new_infer_height(vec![
        Column::new("run".into(), run),
        Column::new("true".into(), truth),
        Column::new("predicted".into(), predicted),
        Column::new("texts".into(), texts),
    ])
}

/// One row for each word listed for a class of a run: `run,class,rank,word,effect`.
///
/// # Errors
/// As [`classes`].
pub fn words(rows: &[RunRow]) -> PolarsResult<DataFrame> {
    let (mut run, mut name, mut rank, mut word, mut effect) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (row, results) in known(rows) {
        for (class, words) in results.classes.iter().zip(&results.words) {
            for (place, one) in words.iter().enumerate() {
                run.push(row.run.as_str());
                name.push(class.as_str());
                rank.push(place as u32 + 1);
                word.push(one.word.as_str());
                effect.push(one.effect);
            }
        }
    }
    DataFrame::new_infer_height(vec![
        Column::new("run".into(), run),
        Column::new("class".into(), name),
        Column::new("rank".into(), rank),
        Column::new("word".into(), word),
        Column::new("effect".into(), effect),
    ])
}
