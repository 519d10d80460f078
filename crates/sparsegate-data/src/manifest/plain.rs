//! Plain text for a language model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dialect::{Encoding, Newlines};
use super::labelled::{Tokens, is_false, is_true, yes};

/// Plain text as one stream of words or characters.
///
/// Ids: 0 `<unk>`, then the symbols by descending frequency in the training stream, ties in byte order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlainText {
    /// Whether a symbol is a word or a character.
    pub unit: SymbolUnit,
    /// How a line is split into words. Default: `blanks`. Words only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// Whether the text is converted to lower case first, in all scripts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lower: bool,
    /// Whether the end of a line is a symbol: `<eos>` among words, a newline among characters.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub line_ends: bool,
    /// Number of symbols kept, the most frequent ones; the others become `<unk>`. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub vocabulary: Option<usize>,
    /// Symbols that occur less often than this in the training stream become `<unk>`. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// The encoding of the files. Default: UTF-8, or UTF-16 if a byte order mark says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// How lines end, if not with a line feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newlines: Option<Newlines>,
    /// Fractions of the training file that become the validation and the test part, where these have no files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<Shares>,
}

/// Unit of a stream: words or characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SymbolUnit {
    /// A word.
    Word,
    /// A character (a Unicode scalar value).
    Character,
}

/// Parts cut off the end of the training file: the test part last, the validation part before it. Sizes are rounded
/// fractions of the file's symbols.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Fraction for the validation part, 0 if it has a file.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub valid: f64,
    /// Fraction for the test part, 0 if it has a file.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub test: f64,
}

impl Shares {
    /// The fraction of a part, 0 for `train`.
    pub(super) fn of(&self, part: &str) -> f64 {
        match part {
            "valid" => self.valid,
            "test" => self.test,
            _ => 0.0,
        }
    }
}
