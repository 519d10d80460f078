//! Labelled texts: where they are stored and how they are read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dialect::{Encoding, Escape, Newlines, Separator};
use super::scalar::{Column, Columns, Label};

/// Labelled texts for a classifier.
///
/// Ids: 0 `<unk>`, then `<start>` if `start_symbol` is set, then the words by descending frequency in the training
/// texts, ties in byte order. Validation texts held out of the training texts are counted as well; test texts never
/// are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelledTexts {
    /// Where texts and labels are stored.
    pub from: TextSource,
    /// The labels as written in the files, in the order of the classes. Default: the labels found in the training
    /// texts, sorted, as numbers if all are numbers. From folders, only the classes listed here are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<Label>>,
    /// Names of the classes in result tables. Default: the labels. Requires `classes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
    /// How a text is split into words.
    pub tokens: Tokens,
    /// Whether the text is converted to lower case first, in all scripts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lower: bool,
    /// Number of words kept, the most frequent ones; the others become `<unk>`. Default: all words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub words: Option<usize>,
    /// Words that occur less often than this in the training texts become `<unk>`. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub min_count: Option<u64>,
    /// Number of symbols of a text that are kept, the first ones, including `<start>`. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub length: Option<usize>,
    /// Whether each text begins with `<start>`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub start_symbol: bool,
    /// How a text without words is handled.
    #[serde(default, skip_serializing_if = "EmptyTexts::is_refuse")]
    pub empty_texts: EmptyTexts,
    /// Whether texts without a label are left out: the label is empty, null, or stands for a missing value. Default:
    /// `false`, they are an error.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skip_unlabelled: bool,
    /// Fractions of the training texts that become the validation and the test part, where these have no files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_out: Option<HoldOut>,
}

/// Where texts and labels are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TextSource {
    /// Rows of tables. Roles: `train`, and `valid` and `test` unless held out.
    Table(Table),
    /// Files in folders of a `.tar.gz`, one folder for each class. Role: `archive`.
    Folders(Folders),
}

/// The format and columns of the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// File format.
    pub format: TableFormat,
    /// Whether the first row names the columns; `false` is allowed for `csv` and `tsv` only.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub header: bool,
    /// The columns of the text, joined with a space.
    pub text: Columns,
    /// The column of the label.
    pub label: Column,
    /// The character between values. Default: a comma. `csv` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<Separator>,
    /// Whether values may be in double quotes. Default: `true` for `csv`, `false` for `tsv`; these two only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<bool>,
    /// How a quote inside a quoted value is escaped. Default: by writing it twice. `csv` and `tsv` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escape: Option<Escape>,
    /// The encoding of the files. Default: UTF-8, or UTF-16 if a byte order mark says so. Not for `parquet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// How lines end, if not with a line feed. Not for `parquet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newlines: Option<Newlines>,
}

/// File format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TableFormat {
    /// Comma-separated values, quoted with double quotes where necessary, `""` for a double quote (RFC 4180).
    Csv,
    /// Tab-separated values without quoting.
    Tsv,
    /// JSON: one object on each line, or one array of objects.
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

/// Folders of the parts in an archive: the file `<folder>/<class>/...` is a text of that class.
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

/// How a text is split into words. Empty words are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Tokens {
    /// Split at white space.
    Blanks,
    /// As in the `IMDb` data set of Keras: `A` to `Z` become lower case; tabs, newlines and each of
    /// ``!"#$%&()*+,-./:;<=>?@[\]^_`{|}~`` become spaces; then the text is split at spaces.
    Keras,
    /// Split at the matches of a regular expression, such as `\W+`.
    Split(String),
    /// The words by the rules of Unicode (UAX #29): runs of letters and digits, and each Han character by itself.
    UnicodeWords,
    /// The characters as people see them (extended grapheme clusters); a run of white space inside the text is one
    /// blank.
    Characters,
}

/// How a text without words is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyTexts {
    /// An error.
    #[default]
    Refuse,
    /// Read as a single `<unk>`.
    Unknown,
}

impl EmptyTexts {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_refuse(&self) -> bool {
        *self == Self::Refuse
    }
}

/// Parts held out of the training texts. The texts are shuffled; the last ones become the validation part, those before
/// them the test part. Sizes are rounded fractions of all training texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldOut {
    /// Seed of the shuffle.
    pub seed: u64,
    /// Fraction for the validation part, 0 if it has a file or folder.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub valid: f64,
    /// Fraction for the test part, 0 if it has a file or folder.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub test: f64,
    /// Whether the held-out texts are spread over the classes by their sizes, and one text of each class stays in
    /// training. Default: drawn without regard to the classes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stratified: bool,
}

impl HoldOut {
    /// The fraction of a part, 0 for `train`.
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
