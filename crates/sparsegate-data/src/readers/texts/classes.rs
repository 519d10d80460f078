//! Maps labels to classes.

use super::gather::Text;
use super::source::Source;
use crate::DataError;
use crate::manifest::{Column, LabelledTexts, TextSource};

/// The classes of a data set.
pub(super) struct Classes {
    /// Names in the order of the class numbers.
    pub(super) names: Vec<String>,
    /// The class of each label, by the label's provisional number.
    numbers: Vec<u32>,
}

impl Classes {
    /// The classes of the manifest, or the labels found, sorted by value if all are numbers and as text otherwise.
    ///
    /// # Errors
    /// A class without training texts, a single class, a label that occurs only in validation or test texts.
    pub(super) fn new(
        source: &dyn Source,
        rules: &LabelledTexts,
        labels: &[String],
        parts: &[Vec<Text>; 3],
    ) -> Result<Self, DataError> {
        let unusable = |problem| Err(DataError::Unusable { file: source.file(0).to_owned(), problem });
        let mut trained = vec![false; labels.len()];
        parts[0].iter().for_each(|text| trained[text.label as usize] = true);
        let key = source.label_key();
        let what = if key == "folders" { "folder" } else { "column" };
        if let ([only], true) = (labels, rules.classes.is_none()) {
            return unusable(format!(
                "all texts have the label `{only}`, and a classifier needs two classes; is it the right {what}? See \
                 reader.labelled-texts.from.{key}"
            ));
        }
        if let Some(text) = texts_without_training(parts, &trained) {
            return Err(untrained(source, rules, labels, parts, &trained, text));
        }
        if let Some((label, _)) = labels.iter().zip(&trained).find(|(_, trained)| !**trained) {
            return unusable(format!(
                "no training text has the label `{label}` of reader.labelled-texts.classes; correct the manifest"
            ));
        }
        let mut order: Vec<usize> = (0..labels.len()).collect();
        if rules.classes.is_none() {
            let numbers: Option<Vec<f64>> = labels.iter().map(|label| label.parse().ok()).collect();
            order.sort_by(|&a, &b| {
                let values = numbers.as_ref().map(|numbers| numbers[a].total_cmp(&numbers[b]));
                values.unwrap_or(std::cmp::Ordering::Equal).then_with(|| labels[a].cmp(&labels[b]))
            });
        }
        let mut numbers = vec![0; labels.len()];
        for (class, &label) in order.iter().enumerate() {
            numbers[label] = class as u32;
        }
        let found = || order.iter().map(|&label| labels[label].clone()).collect();
        Ok(Self { names: rules.class_names.clone().unwrap_or_else(found), numbers })
    }

    /// The class of a label, by the label's provisional number.
    pub(super) fn number(&self, label: u32) -> u32 {
        self.numbers[label as usize]
    }
}

/// The first text, with its part, whose label no training text has.
fn texts_without_training<'a>(parts: &'a [Vec<Text>; 3], trained: &[bool]) -> Option<(usize, &'a Text)> {
    let texts = parts.iter().enumerate().flat_map(|(part, texts)| texts.iter().map(move |text| (part, text)));
    texts.into_iter().find(|(_, text)| !trained[text.label as usize])
}

/// Largest number of labels that a message lists.
const LISTED: usize = 10;

/// Error for labels that occur in validation or test texts only. All are listed, since they come in numbers where some
/// classes are rare.
fn untrained(
    source: &dyn Source,
    rules: &LabelledTexts,
    labels: &[String],
    parts: &[Vec<Text>; 3],
    trained: &[bool],
    (part, text): (usize, &Text),
) -> DataError {
    let mut counts = vec![0usize; labels.len()];
    parts[1..].iter().flatten().for_each(|text| counts[text.label as usize] += 1);
    let missing: Vec<String> = (0..labels.len())
        .filter(|&label| !trained[label] && counts[label] > 0)
        .map(|label| {
            format!("`{}` ({} {})", labels[label], counts[label], if counts[label] == 1 { "text" } else { "texts" })
        })
        .collect();
    let more = missing.len().saturating_sub(LISTED);
    let mut list = missing[..missing.len() - more].join(", ");
    if more > 0 {
        list += &format!(" and {more} more");
    }
    let verb = if missing.len() == 1 { "label" } else { "labels" };
    let held_out = rules.hold_out.as_ref().is_some_and(|held_out| match part {
        1 => held_out.valid > 0.0,
        _ => held_out.test > 0.0,
    });
    let stratified = rules.hold_out.as_ref().is_some_and(|held_out| held_out.stratified);
    let by_number = matches!(&rules.from, TextSource::Table(table) if matches!(table.label, Column::Number(_)));
    let texts = parts[part].len();
    let unknown = parts[part].iter().filter(|text| !trained[text.label as usize]).count();
    let problem = if held_out && stratified {
        format!(
            "no training text has the {verb} {list}: there are {} labels, too many to leave a text of each in training; is it \
             the right column? See reader.labelled-texts.from.{}",
            labels.len(),
            source.label_key()
        )
    } else if held_out {
        let seed = rules.hold_out.as_ref().map_or(0, |held_out| held_out.seed);
        format!(
            "no training text has the {verb} {list}: all their texts were held out for validation or test by `hold_out` (seed \
             {seed}); write `stratified: true` under `hold_out`, which keeps texts of each class in training, or remove such \
             texts"
        )
    } else if by_number && 2 * unknown > texts {
        format!(
            "no training text has the {verb} {list}, which {unknown} of the {texts} texts of this file have; are its columns \
             in another order than those of the training file? Both must have the label in the same column, \
             reader.labelled-texts.from.table.label"
        )
    } else {
        format!("no training text has the {verb} {list}; remove such texts, or add some to train on")
    };
    source.wrong(part, &text.place, problem)
}
