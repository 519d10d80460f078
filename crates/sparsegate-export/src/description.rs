//! The JSON metadata of an exported model: how words become ids, and what ids and classes mean.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use sparsegate_runtime::Model;
use sparsegate_runtime::model::Task;

use super::ExportError;
use super::dense::DenseLayer;
use sparsegate_compact::{Details, ModelOrigin, WordsOf};
use sparsegate_data::manifest::Reader;
use sparsegate_spec::types::Reading;

/// Name of the metadata entry that holds the description.
pub const ENTRY: &str = "sparsegate";

/// Version of [`Description`].
const FORMAT: u32 = 1;

/// Sizes, names and vocabulary of an exported model.
#[derive(Serialize)]
struct Description<'a> {
    format: u32,
    cell: &'a str,
    activation: &'static str,
    task: &'static str,
    /// Number of symbols. Ids are below it; the id equal to it is a step with zero input.
    symbols: u32,
    /// Length of a symbol's vector.
    inputs: usize,
    units: usize,
    outputs: usize,
    /// Sizes of the network that the model was extracted from.
    original: OriginalSizes,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<TextDescription<'a>>,
}

#[derive(Serialize)]
struct OriginalSizes {
    symbols: u32,
    dimensions: u32,
    units: u32,
    outputs: u32,
}

/// How a text becomes ids, and the meaning of the classes.
#[derive(Serialize)]
struct TextDescription<'a> {
    run: &'a ModelOrigin,
    reader: &'a Reader,
    #[serde(skip_serializing_if = "Reading::is_plain")]
    reading: &'a Reading,
    vocabulary: WordIds<'a>,
    /// Id of every word that is not in the vocabulary.
    other: u32,
    /// Id at the start of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    classes: &'a [String],
}

/// Words and their ids, in ascending order of id.
struct WordIds<'a>(Vec<(&'a str, u32)>);

impl Serialize for WordIds<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(word, id)| map.serialize_entry(word, id))?;
        map.end()
    }
}

/// The description of a model as JSON, including its words and classes if `details` are given.
///
/// # Errors
/// [`ExportError::Details`] if the encoding fails, which is not expected.
pub fn json(model: &Model<f32>, dense: &DenseLayer<'_>, details: Option<&Details>) -> Result<String, ExportError> {
    let original = model.original;
    let description = Description {
        format: FORMAT,
        cell: model.cell.name(),
        activation: model.activation.name(),
        task: match model.task {
            Task::LanguageModel => "language-model",
            Task::Classification => "classification",
        },
        symbols: model.symbols.total,
        inputs: dense.inputs,
        units: dense.units,
        outputs: model.outputs(),
        original: OriginalSizes {
            symbols: original.symbols,
            dimensions: original.dimensions,
            units: original.units,
            outputs: original.outputs,
        },
        text: details.map(|details| text(model, details)),
    };
    Ok(serde_json::to_string(&description)?)
}

fn text<'a>(model: &'a Model<f32>, details: &'a Details) -> TextDescription<'a> {
    let words = details.words.iter().map(String::as_str);
    let vocabulary = match details.words_of {
        WordsOf::All => words.zip(0..).collect(),
        WordsOf::Stored => words.zip(model.symbols.stored.iter().copied()).collect(),
    };
    TextDescription {
        run: &details.run,
        reader: &details.reader,
        reading: &details.reading,
        vocabulary: WordIds(vocabulary),
        other: details.unknown.unwrap_or(model.symbols.total),
        start: details.start,
        classes: &details.classes,
    }
}
