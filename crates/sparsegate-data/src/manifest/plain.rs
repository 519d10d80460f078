//! Any text for a language model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::labelled::{Tokens, is_false, is_true, yes};

/// Any text, as one stream of words or characters.
///
/// Ids: 0 `<unk>`, then the symbols by falling frequency in the training stream, equally frequent ones in byte order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlainText {
    /// What a symbol is.
    pub unit: SymbolUnit,
    /// How a line falls into words; `blanks` without it. Of words only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// Lower case first, letters of all scripts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lower: bool,
    /// Whether the end of a line is a symbol: `<eos>` among words, a newline among characters.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub line_ends: bool,
    /// How many symbols are kept, the most frequent ones; the others are `<unk>`. Without it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub vocabulary: Option<usize>,
    /// Symbols that occur less often in the training stream are `<unk>`; 1 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Shares of the training file that become validation and test part, where these have no files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<Shares>,
}

/// What a symbol of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SymbolUnit {
    /// A word.
    Word,
    /// A character (a Unicode scalar value).
    Character,
}

/// Parts cut off the end of the training file: the test part is last, the validation part before it, each a rounded share
/// of the file's symbols.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Share of the validation part, 0 if it has a file.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub valid: f64,
    /// Share of the test part, 0 if it has a file.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub test: f64,
}

impl Shares {
    /// The share of a part, 0 for `train`.
    pub(super) fn of(&self, part: &str) -> f64 {
        match part {
            "valid" => self.valid,
            "test" => self.test,
            _ => 0.0,
        }
    }
}
