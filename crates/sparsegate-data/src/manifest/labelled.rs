//! Texts with a class each: where they are and how they are read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::{Column, Columns, Label};

/// Texts with a class each, for a classifier.
///
/// Ids: 0 `<unk>`, then `<start>` if asked for, then the words by falling frequency in the training texts, equally
/// frequent ones in byte order. Validation texts held out of the training texts are counted with them; test texts never.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelledTexts {
    /// Where texts and labels are.
    pub from: TextSource,
    /// The labels as they stand in the files, in the order of the classes; without it those of the training texts, sorted
    /// as numbers if all are numbers. From folders, only those named here are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<Label>>,
    /// What the classes are called in tables; without it as in the files. Needs `classes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
    /// How a text falls into words.
    pub tokens: Tokens,
    /// Lower case first, letters of all scripts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lower: bool,
    /// How many words are kept, the most frequent ones; the others are `<unk>`. Without it all words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub words: Option<usize>,
    /// Words that occur less often in the training texts are `<unk>`; 1 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// How many symbols of a text are kept, the first ones, `<start>` among them. Without it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub length: Option<usize>,
    /// Whether each text begins with `<start>`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub start_symbol: bool,
    /// What a text without a word is.
    #[serde(default, skip_serializing_if = "EmptyTexts::is_refuse")]
    pub empty_texts: EmptyTexts,
    /// Shares of the training texts that become the validation and the test part, where these have no files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_out: Option<HoldOut>,
}

/// Where texts and labels are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TextSource {
    /// Rows of tables. Roles: `train`, and `valid` and `test` unless held out.
    Table(Table),
    /// Files in folders of a `.tar.gz`, a folder a class. Role: `archive`.
    Folders(Folders),
}

/// The shape of the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// How rows are written.
    pub format: TableFormat,
    /// Whether the first row names the columns; of `csv` and `tsv` only.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub header: bool,
    /// The columns of the text, joined with a blank.
    pub text: Columns,
    /// The column of the label.
    pub label: Column,
}

/// How the rows of a table are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TableFormat {
    /// Values between commas, in double quotes where need be, a double quote inside them twice (RFC 4180).
    Csv,
    /// Values between tabs, without quotes.
    Tsv,
    /// A JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

impl TableFormat {
    /// The format's name in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

/// Where the parts lie in an archive: the file `<prefix>/<class>/...` is a text of that class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Folders {
    /// Folder of the training texts.
    pub train: String,
    /// Folder of the validation texts, unless held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid: Option<String>,
    /// Folder of the test texts, unless held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
}

/// How a text falls into words. No word is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Tokens {
    /// What stands between blanks, tabs and line ends.
    Blanks,
    /// As in the `IMDb` data set of Keras: `A` to `Z` in lower case, tabs, line ends and each of
    /// ``!"#$%&()*+,-./:;<=>?@[\]^_`{|}~`` as a blank, then what stands between blanks.
    Keras,
    /// What stands between the matches of a regular expression, such as `\W+`.
    Split(String),
}

/// What a text without a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyTexts {
    /// A mistake of the data.
    #[default]
    Refuse,
    /// A text of one `<unk>`.
    Unknown,
}

impl EmptyTexts {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_refuse(&self) -> bool {
        *self == Self::Refuse
    }
}

/// Parts cut off the training texts. These are put into a random order; the last ones are for validation, those
/// before them for the test, each a rounded share of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldOut {
    /// Seed of the order.
    pub seed: u64,
    /// Share of the validation texts, 0 if they have a file or folder.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub valid: f64,
    /// Share of the test texts, 0 if they have a file or folder.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub test: f64,
}

impl HoldOut {
    /// The share of a part, 0 for `train`.
    pub(super) fn of(&self, part: &str) -> f64 {
        match part {
            "valid" => self.valid,
            "test" => self.test,
            _ => 0.0,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_true(value: &bool) -> bool {
    *value
}

pub(super) fn yes() -> bool {
    true
}
