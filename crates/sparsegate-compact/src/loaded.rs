//! A compact file that is ready to process texts.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use sparsegate_runtime::Model;
use sparsegate_runtime::format::File;
use sparsegate_runtime::model::Task;

use super::details::{DETAILS_FORMAT, Details, WordsOf};
use sparsegate_data::{Encoder, Known, Unit};

/// A compact model with the meaning of its symbols. Needs neither data set nor run.
pub struct CompactModel {
    /// The path it was read from.
    pub path: Utf8PathBuf,
    /// The network.
    pub model: Model<f32>,
    /// Words, classes and origin.
    pub details: Details,
    /// Encodes texts as ids.
    pub encoder: Encoder,
    /// What is predicted.
    pub unit: Unit,
}

/// The metadata of a compact file is missing, too new, damaged, or does not fit the model.
#[derive(Debug, thiserror::Error)]
#[error("{path}: its metadata entry `details` {problem}")]
pub struct DetailsError {
    /// The file.
    path: Utf8PathBuf,
    /// What is wrong with the metadata entry.
    problem: String,
}

/// Longest description of what is wrong, characters.
const LONGEST_MESSAGE: usize = 400;

/// The version alone, since newer details may have other fields.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl CompactModel {
    /// Interprets the content of a compact file; `path` is where it was read from.
    ///
    /// # Errors
    /// Details that are missing, too new, damaged, or do not fit the model.
    pub fn new(path: &Utf8Path, file: File) -> Result<Self, DetailsError> {
        let error = |problem: String| DetailsError { path: path.to_owned(), problem: shortened(problem) };
        Self::of(path, file).map_err(error)
    }

    fn of(path: &Utf8Path, file: File) -> Result<Self, String> {
        let File { model, details } = file;
        let details = parse(&details)?;
        let unit = check(&model, &details)?;
        let Details { reader, reading, words, unknown, start, .. } = &details;
        let ids: &mut dyn Iterator<Item = u32> = match details.words_of {
            WordsOf::All => &mut (0..model.symbols.total),
            WordsOf::Stored => &mut model.symbols.stored.iter().copied(),
        };
        let words = &mut ids.zip(words.iter().map(String::as_str));
        let encoder = Encoder::new(reader, *reading, Known { words, unknown: *unknown, start: *start })?;
        Ok(Self { path: path.to_owned(), model, details, encoder, unit })
    }

    /// How many of these symbols the model reads; the others are steps with zero input.
    pub fn read(&self, symbols: &[u32]) -> usize {
        symbols.iter().filter(|symbol| self.model.row(**symbol).is_some()).count()
    }
}

/// A message without the middle of what is too long, such as an unknown name of a megabyte that it quotes.
fn shortened(text: String) -> String {
    let count = text.chars().count();
    if count <= LONGEST_MESSAGE {
        return text;
    }
    let start: String = text.chars().take(LONGEST_MESSAGE / 2).collect();
    let end: String = text.chars().skip(count - LONGEST_MESSAGE / 4).collect();
    format!("{start} ... {end}")
}

fn parse(json: &str) -> Result<Details, String> {
    if json.is_empty() {
        return Err("is missing: the file has weights, but no vocabulary".into());
    }
    let damaged = |error: serde_json::Error| format!("is damaged: {error}");
    let version: Version = serde_json::from_str(json).map_err(damaged)?;
    if version.format > DETAILS_FORMAT {
        return Err(format!(
            "has format {}, newer than {DETAILS_FORMAT}, the newest this program reads; use a newer program",
            version.format
        ));
    }
    serde_json::from_str(json).map_err(damaged)
}

/// Checks that the details fit the model.
fn check(model: &Model<f32>, details: &Details) -> Result<Unit, String> {
    let unit = Unit::from_metric(&details.run.metric);
    let unit = unit.ok_or_else(|| format!("has an unknown metric `{}`", details.run.metric))?;
    let Details { reader, words, classes, .. } = details;
    details.check_lists().map_err(|problem| format!("is refused: {problem}"))?;
    let (total, outputs) = (model.symbols.total as usize, model.outputs());
    let classifies = model.task == Task::Classification;
    if classifies != reader.is_labelled() || classifies != (unit == Unit::Text) {
        return Err(format!("does not fit the model: the reader {} is for another task", reader.key()));
    }
    let wanted = match details.words_of {
        WordsOf::All => total,
        WordsOf::Stored => model.symbols.stored.len(),
    };
    let complete = if classifies {
        classes.len() == outputs.max(2)
    } else {
        outputs == total && outputs > 0 && details.words_of == WordsOf::All
    };
    if words.len() != wanted || !complete || outputs == 0 {
        return Err(format!(
            "does not fit the model: {} words of {wanted} symbols, {} classes, {outputs} outputs",
            words.len(),
            classes.len()
        ));
    }
    match [details.unknown, details.start].into_iter().flatten().find(|id| *id as usize >= total) {
        Some(id) => Err(format!("does not fit the model: id {id} of {total}")),
        None => Ok(unit),
    }
}
