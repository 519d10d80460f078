//! Maps labels to classes.

use super::gather::Text;
use super::source::Source;
use crate::DataError;
use crate::manifest::LabelledTexts;

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
        if let ([only], true) = (labels, rules.classes.is_none()) {
            return unusable(format!(
                "all texts have the label `{only}`, and a classifier needs two classes; is it the right column? See \
                 reader.labelled-texts.from.{key}"
            ));
        }
        for (part, texts) in parts.iter().enumerate() {
            if let Some(text) = texts.iter().find(|text| !trained[text.label as usize]) {
                let label = &labels[text.label as usize];
                let problem =
                    format!("no training text has the label `{label}`; remove such texts, or add some to train on");
                return Err(source.wrong(part, &text.place, problem));
            }
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
