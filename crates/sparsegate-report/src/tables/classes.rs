//! Results of classifiers by class: macro-F1 and recall, confusion matrices, and kept words.

use crate::class_scores::{ClassScore, macro_f1, scores};
use crate::decimals::Decimals;
use crate::grid::TableData;
use crate::number::{count, percent, value};
use crate::points::{self, Point};
use crate::rows::RunRow;
use crate::sample::Sample;
use sparsegate_store::classes::ClassResults;

/// Most classes with a column of their own.
const MOST_CLASSES: usize = 10;
/// Most points with a confusion matrix, and with words by class.
const MOST_POINTS: usize = 12;
/// Words shown for each class.
const WORDS: usize = 10;

/// The points whose runs all have results for the same classes, with these classes.
fn known(rows: &[RunRow]) -> Vec<(Point<'_>, &[String])> {
    let with = |point: Point<'_>| -> bool { point.runs.iter().all(|row| row.classes.is_some()) };
    let points = points::of(rows).into_iter().filter(|point| with(point.clone()));
    points.filter_map(|point| Some((point.clone(), point.first().classes.as_deref()?.classes.as_slice()))).collect()
}

/// A column of fractions in percent with their standard deviations over seeds, such as `88.91 ± 0.31`.
fn texts(column: &[Option<Sample>]) -> Vec<String> {
    let percent = |sample: &Sample| sample.times(100.0);
    let decimals = Decimals::of(&column.iter().flatten().map(percent).collect::<Vec<Sample>>());
    let one = |sample: Sample| match sample.sd {
        Some(_) => decimals.text(&sample),
        None => format!("{:.2}", sample.mean),
    };
    column.iter().map(|sample| sample.as_ref().map(percent).map_or_else(String::new, one)).collect()
}

fn sample(point: &Point<'_>, of: impl Fn(&ClassResults) -> Option<f64>) -> Option<Sample> {
    point.sample(|row| row.classes.as_deref().and_then(&of))
}

/// Macro-F1 and the recall of each class, one row a point; with many classes only the lowest and the highest recall.
/// `None` if no run has results by class.
pub fn classes(rows: &[RunRow]) -> Option<TableData> {
    let known = known(rows);
    let (_, names) = known.first()?;
    let few = names.len() <= MOST_CLASSES && known.iter().all(|(_, others)| others == names);
    let mut heads = vec!["macro-F1 (%)".to_owned()];
    if few {
        heads.extend(names.iter().map(|name| format!("recall: {name}")));
    } else {
        heads.extend(["lowest recall", "highest recall"].map(str::to_owned));
    }
    let mut grid = TableData::new(&["run"], &heads.iter().map(String::as_str).collect::<Vec<_>>());
    let mut columns: Vec<Vec<Option<Sample>>> = vec![Vec::new(); heads.len()];
    for (point, names) in &known {
        grid.rows.push(vec![point.title()]);
        let recall = |class: usize| sample(point, |results| scores(results)[class].recall());
        let ends = |pick: fn(f64, f64) -> f64| {
            sample(point, |results| scores(results).iter().filter_map(ClassScore::recall).reduce(pick))
        };
        let recalls = if few { (0..names.len()).map(recall).collect() } else { vec![ends(f64::min), ends(f64::max)] };
        let cells = std::iter::once(sample(point, macro_f1)).chain(recalls);
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    grid.push_columns(columns.iter().map(|column| texts(column)).collect());
    grid.filled()
}

/// One row for each point and true class: the fractions of its texts by predicted class, as means over seeds. `None`
/// for many classes or points, whose matrices are in `confusion.csv`.
pub fn confusion(rows: &[RunRow]) -> Option<TableData> {
    let known = known(rows);
    let (_, names) = known.first()?;
    let fits = names.len() <= MOST_CLASSES && known.len() <= MOST_POINTS;
    if !fits || known.iter().any(|(_, others)| others != names) {
        return None;
    }
    let heads: Vec<String> = names.iter().map(|name| format!("predicted: {name}")).collect();
    let numbers: Vec<&str> = std::iter::once("texts").chain(heads.iter().map(String::as_str)).collect();
    let mut grid = TableData::new(&["run", "true class"], &numbers);
    for (point, names) in &known {
        for (class, name) in names.iter().enumerate() {
            let texts = sample(point, |results| Some(scores(results)[class].texts as f64));
            let mut cells = vec![point.title(), name.clone(), texts.map_or_else(String::new, |n| count(n.mean as u64))];
            for other in 0..names.len() {
                let share = sample(point, |results| {
                    let texts = scores(results)[class].texts;
                    (texts > 0).then(|| results.confusion[class][other] as f64 / texts as f64)
                });
                cells.push(share.map_or_else(String::new, |share| percent(share.mean)));
            }
            grid.rows.push(cells);
        }
    }
    grid.filled()
}

/// For each class, the words that speak for it most, with their effects in nats; of several seeds, those of the first.
/// `None` if no run dropped a word, or for more runs than a page has room for.
pub fn class_words(rows: &[RunRow]) -> Option<TableData> {
    let known: Vec<(Point<'_>, &ClassResults)> = points::of(rows)
        .into_iter()
        .filter_map(|point| Some((point.clone(), point.first().classes.as_deref()?)))
        .filter(|(_, results)| results.words.iter().any(|words| !words.is_empty()))
        .collect();
    if known.len() > MOST_POINTS {
        return None;
    }
    let mut grid = TableData::new(&["run", "class", "words"], &[]);
    for (point, results) in &known {
        for (class, words) in results.classes.iter().zip(&results.words) {
            let shown: Vec<String> =
                words.iter().take(WORDS).map(|one| format!("{} {}", one.word, value(one.effect))).collect();
            grid.rows.push(vec![point.first().title(), class.clone(), shown.join(", ")]);
        }
    }
    grid.filled()
}
