//! What a compact file says beside its numbers: how a text becomes ids, and what ids and classes mean.

use serde::{Deserialize, Serialize};

use sparsegate_data::manifest::Reader;
use sparsegate_spec::types::Reading;

/// The `details` of a compact file, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// Version of these fields.
    pub format: u32,
    /// The run that the model was taken from.
    pub run: Origin,
    /// How files of the data set become symbols: the manifest's reader.
    pub reader: Reader,
    /// How they were read otherwise.
    #[serde(default, skip_serializing_if = "Reading::is_plain")]
    pub reading: Reading,
    /// Which ids `words` are of.
    pub words_of: WordsOf,
    /// Words, or characters, of those ids, in their order.
    pub words: Vec<String>,
    /// Id of the symbol for words that are not known, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u32>,
    /// Id of the symbol at the beginning of a text, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// Names of a classifier's classes; empty for a language model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
}

/// Version of [`Details`].
pub const DETAILS_FORMAT: u32 = 1;

/// The run that a model was taken from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
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
    /// Its value on the test data after the last epoch, of the network that the model was taken from.
    pub test: f64,
}

/// Which ids have their words in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WordsOf {
    /// Every id: of a language model, whose outputs are words too, and where the unknown word has weights of its own,
    /// so that a known word without any must not be taken for it.
    All,
    /// Those that have a row in the model. Any other word is a step without input, whether it was known or not.
    Stored,
}
