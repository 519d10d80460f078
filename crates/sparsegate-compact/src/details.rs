//! The metadata of a compact file beside its weights: how a text becomes ids, and what ids and classes mean.

use serde::{Deserialize, Serialize};

use sparsegate_data::manifest::Reader;
use sparsegate_spec::types::Reading;
use sparsegate_store::check_entries;
use sparsegate_store::format::Collapse;

/// The metadata entry `details` of a compact file, stored as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// Version of these fields.
    pub format: u32,
    /// The run that the model was extracted from.
    pub run: ModelOrigin,
    /// The data set's reader, as in its manifest; it determines how texts become symbols.
    pub reader: Reader,
    /// The reading options of the run's spec.
    #[serde(default, skip_serializing_if = "Reading::is_plain")]
    pub reading: Reading,
    /// Which ids the entries of `words` belong to.
    pub words_of: WordsOf,
    /// The words, or characters, of those ids, in ascending order of id.
    pub words: Vec<String>,
    /// Id of the symbol for unknown words, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u32>,
    /// Id of the symbol at the start of a text, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// Names of a classifier's classes; empty for a language model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
}

impl Details {
    /// Checks that words and classes are within the limits of [`check_entries`].
    ///
    /// # Errors
    /// What is wrong, with the entry.
    pub fn check_lists(&self) -> Result<(), String> {
        check_entries("words", &self.words)?;
        check_entries("classes", &self.classes)
    }
}

/// Format version of [`Details`].
pub const DETAILS_FORMAT: u32 = 1;

/// The run that a model was extracted from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelOrigin {
    /// Name of the experiment.
    pub experiment: String,
    /// The run's key.
    pub key: String,
    /// Name of the data set.
    pub dataset: String,
    /// Name of the sparsity level.
    pub sparsity: String,
    /// Name of the metric: `perplexity`, `bits_per_char` or `accuracy`.
    pub metric: String,
    /// The metric of the masked network on the test data after the last epoch.
    pub test: f64,
    /// Whether the network had learned nothing, and how that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collapse: Option<Collapse>,
}

/// Which ids have their words in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WordsOf {
    /// All ids. Needed for a language model, whose outputs are words too, and if the unknown word has weights of its
    /// own: a known word without weights must then not be encoded as the unknown word.
    All,
    /// Only the ids that have a row in the model. Every other word, known or unknown, gives a step with zero input.
    Stored,
}
