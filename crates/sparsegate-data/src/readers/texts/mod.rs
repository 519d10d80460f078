//! Reads labelled texts from tables and from folders in an archive.

mod classes;
mod folders;
mod frame;
mod gather;
mod jsonl;
mod labels;
mod parquet;
mod separated;
mod source;

use camino::{Utf8Path, Utf8PathBuf};

use crate::corpus::Texts;
use crate::draws::Draws;
use crate::manifest::{HoldOut, LabelledTexts};
use crate::{DataError, Survey};
use classes::Classes;
use gather::{Gathered, Text};
use source::{Place, Source};
use sparsegate_spec::types::Reading;

pub(crate) use frame::Frame;
pub(crate) use labels::{common as common_label, is_missing as is_missing_label};

use super::numbering::Scheme;

/// Labelled texts as ids.
pub(crate) struct EncodedTexts {
    pub(crate) vocabulary: Vec<String>,
    pub(crate) classes: Vec<String>,
    /// Training, validation and test texts.
    pub(crate) parts: [Texts; 3],
    pub(crate) survey: Survey,
    /// Where each text of each part is stored.
    pub(crate) places: Places,
}

/// Where the texts of the parts are stored.
pub(crate) struct Places {
    files: [Utf8PathBuf; 3],
    places: [Vec<Place>; 3],
}

impl Places {
    /// The file of a text of a part, with line, row or name in an archive.
    pub(crate) fn of(&self, part: usize, text: usize) -> Option<String> {
        let file = &self.files[part];
        Some(match self.places[part].get(text)? {
            Place::Line(line) => format!("{file}:{line}"),
            Place::Row(row) => format!("{file}: row {row}"),
            Place::Member(member) => format!("{file}: {member}"),
        })
    }
}

/// Reads all texts, splits off the held-out parts and numbers the words. `file` returns the path of a role's file, if
/// the manifest has it.
///
/// Memory is bounded by the distinct words, four bytes for each kept symbol, and a few megabytes of text.
///
/// # Errors
/// Files that cannot be read, that hold no texts, or that hold texts or labels that the manifest does not allow.
pub(crate) fn encode(
    file: &dyn Fn(&str) -> Option<Utf8PathBuf>,
    rules: &LabelledTexts,
    reading: Reading,
) -> Result<EncodedTexts, DataError> {
    let source = source::open(rules, reading.lose_first_row, file);
    let source = source.as_ref();
    let Gathered { words, mut counts, labels, mut parts } = gather::gather(source, rules)?;
    if parts[0].is_empty() {
        return Err(source.without_texts(0));
    }
    if let Some(held_out) = &rules.hold_out {
        hold_out(source, held_out, &mut parts)?;
        if held_out.test > 0.0 {
            parts[2].iter().for_each(|text| counts.take_back(&text.words));
        }
    }
    for (part, texts) in parts.iter().enumerate() {
        if texts.is_empty() {
            return Err(source.without_texts(part));
        }
    }
    let survey = counts.survey();
    let classes = Classes::new(source, rules, &labels, &parts)?;
    let scheme = scheme(rules, reading);
    let (vocabulary, ids) = scheme.number(words, counts.occurrences());
    let frame = Frame { start: scheme.start, unknown: scheme.unknown, length: rules.length };
    let finish = |texts: Vec<Text>| {
        let mut finished = Texts::new();
        let mut places = Vec::with_capacity(texts.len());
        for text in texts {
            let words = text.words.iter().map(|&word| ids[word as usize]).collect();
            finished.push(&frame.around(words), classes.number(text.label));
            places.push(text.place);
        }
        (finished, places)
    };
    let [(train, first), (valid, second), (test, third)] = parts.map(finish);
    let files = [0, 1, 2].map(|part| source.file(part).to_owned());
    let places = Places { files, places: [first, second, third] };
    Ok(EncodedTexts { vocabulary, classes: classes.names, parts: [train, valid, test], survey, places })
}

/// Passes each record of a table to `take`: its place (`:12`, or ` row 12`), text and label.
///
/// # Errors
/// A file that cannot be read, a row that `rules` cannot read, and the errors of `take`.
pub(crate) fn each_record(
    file: &Utf8Path,
    rules: &LabelledTexts,
    take: &mut dyn FnMut(&str, &str, &str) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let source = source::open(rules, false, &|role| (role == "train").then(|| file.to_owned()));
    source.read(&mut |_, record| {
        let place = match &record.place {
            Place::Line(line) => format!(":{line}"),
            Place::Row(row) => format!(" row {row}"),
            Place::Member(member) => format!(" {member}"),
        };
        take(&place, &record.text, &record.label)
    })
}

/// The scheme by which the words of a data set are numbered.
pub(crate) fn scheme(rules: &LabelledTexts, reading: Reading) -> Scheme {
    match rules.words {
        Some(words) if reading.shift_ids => Scheme::shifted(rules.start_symbol, words, rules.min_count),
        words => Scheme::plain(rules.start_symbol, words, rules.min_count),
    }
}

/// Moves fractions of the training texts to validation and test. Texts of each part keep their order.
fn hold_out(source: &dyn Source, held_out: &HoldOut, parts: &mut [Vec<Text>; 3]) -> Result<(), DataError> {
    let all = std::mem::take(&mut parts[0]);
    let order = Draws::new("sparsegate 2026 texts held out", &[held_out.seed]).order(all.len() as u32);
    let order = if held_out.stratified { stratified(&order, &all) } else { order };
    let count = |share: f64| (share * all.len() as f64).round() as usize;
    let (valid, test) = (count(held_out.valid), count(held_out.test));
    let train = all.len().saturating_sub(valid + test);
    for (key, share, count) in [("valid", held_out.valid, valid), ("test", held_out.test, test), ("train", 1.0, train)]
    {
        if share > 0.0 && count == 0 {
            let problem = format!(
                "hold_out leaves no text for `{key}`, out of {}; change the shares in the manifest or get more texts",
                all.len()
            );
            return Err(DataError::Unusable { file: source.file(0).to_owned(), problem });
        }
    }
    let mut part = vec![0; all.len()];
    for (place, &text) in order.iter().enumerate() {
        part[text as usize] = usize::from(place >= train) * 2 - usize::from(place >= train + test);
    }
    for (text, part) in all.into_iter().zip(part) {
        parts[part].push(text);
    }
    Ok(())
}

/// Reorders the texts so that the end of the order has texts of all classes by their shares: the texts of each class
/// keep their order and are spread evenly over it. The first text of each class goes to the front, into training.
fn stratified(order: &[u32], all: &[Text]) -> Vec<u32> {
    let label = |text: u32| all[text as usize].label as usize;
    let classes = order.iter().map(|&text| label(text) + 1).max().unwrap_or(0);
    let mut sizes = vec![0u32; classes];
    for &text in order {
        sizes[label(text)] += 1;
    }
    let mut seen = vec![0u32; classes];
    let mut placed: Vec<(f64, u32)> = order
        .iter()
        .map(|&text| {
            let class = label(text);
            seen[class] += 1;
            let place = if seen[class] == 1 { -1.0 } else { (f64::from(seen[class]) - 0.5) / f64::from(sizes[class]) };
            (place, text)
        })
        .collect();
    // A stable sort: texts at one place stay in the random order.
    placed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    placed.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests;
