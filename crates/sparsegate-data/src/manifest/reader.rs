//! Readers and generators: how files become symbol ids.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::labelled::{LabelledTexts, TextSource};
use super::plain::PlainText;

/// How files become symbol ids: the name of a reader or generator, with its parameters if it has any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reader {
    /// The words of each line, split at white space, then `<eos>`. Roles: `train`, `valid`, `test`.
    PtbWords,
    /// The characters of each line without leading and trailing spaces, other spaces as `_`, then a newline. Roles:
    /// `train`, `valid`, `test`.
    PtbCharacters,
    /// Plain text for a language model. Roles: `train`, and `valid` and `test` unless `shares` cuts them off.
    PlainText(PlainText),
    /// Labelled texts for a classifier. Roles: those of `from`.
    LabelledTexts(LabelledTexts),
    /// The synthetic language, one symbol for each word.
    PlantedWords(Planted),
    /// The synthetic language, spelled, one symbol for each character.
    PlantedCharacters(Planted),
    /// The synthetic labelled texts, one symbol for each word.
    PlantedTexts(PlantedTexts),
    /// Pretrained vectors in the text format of `GloVe`: a word and its numbers on each line. Role: `vectors`.
    GloveText(WordVectors),
    /// Pretrained vectors in the text format of word2vec and fastText: a line with the number of words and the size,
    /// then a word and its numbers on each line. Role: `vectors`.
    Word2vecText(WordVectors),
    /// Pretrained vectors in the binary format of word2vec. Role: `vectors`.
    Word2vecBinary(WordVectors),
}

/// Parameters of the synthetic language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Planted {
    /// Seed of the generator.
    pub seed: u64,
    /// Number of symbols in the training stream.
    #[schemars(range(min = 1))]
    pub train: usize,
    /// Number of symbols in the validation stream.
    #[schemars(range(min = 1))]
    pub valid: usize,
    /// Number of symbols in the test stream.
    #[schemars(range(min = 1))]
    pub test: usize,
}

/// Parameters of the synthetic labelled texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlantedTexts {
    /// Seed of the generator.
    pub seed: u64,
    /// Number of training texts.
    #[schemars(range(min = 1))]
    pub train: usize,
    /// Number of validation texts.
    #[schemars(range(min = 1))]
    pub valid: usize,
    /// Number of test texts.
    #[schemars(range(min = 1))]
    pub test: usize,
}

/// Pretrained vectors for `model.embedding.vectors`; not a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WordVectors {
    /// Dimension of a vector.
    #[schemars(range(min = 1))]
    pub size: usize,
}

/// Largest dimension of a vector. A row of a file is in memory as a whole, so it must have a size that vectors have.
pub(crate) const LARGEST_VECTOR: usize = 1 << 16;

/// The parts of a data set, in reading order.
const PARTS: &[&str] = &["train", "valid", "test"];

impl Reader {
    /// The roles a manifest with this reader may list under `files`, in reading order.
    pub fn roles(&self) -> &'static [&'static str] {
        match self {
            Self::PtbWords | Self::PtbCharacters | Self::PlainText(_) => PARTS,
            Self::LabelledTexts(texts) => match texts.from {
                TextSource::Table(_) => PARTS,
                TextSource::Folders(_) => &["archive"],
            },
            Self::PlantedWords(_) | Self::PlantedCharacters(_) | Self::PlantedTexts(_) => &[],
            Self::GloveText(_) | Self::Word2vecText(_) | Self::Word2vecBinary(_) => &["vectors"],
        }
    }

    /// The key that cuts the part of this role off the training data; `None` if the role needs a file of its own.
    pub(super) fn instead_of(&self, role: &str) -> Option<&'static str> {
        match self {
            Self::PlainText(text) => text.shares.as_ref().filter(|shares| shares.of(role) > 0.0).map(|_| "shares"),
            Self::LabelledTexts(texts) => {
                texts.hold_out.as_ref().filter(|held_out| held_out.of(role) > 0.0).map(|_| "hold_out")
            }
            _ => None,
        }
    }

    /// The reader's key in a manifest.
    pub fn key(&self) -> &'static str {
        match self {
            Self::PtbWords => "ptb-words",
            Self::PtbCharacters => "ptb-characters",
            Self::PlainText(_) => "plain-text",
            Self::LabelledTexts(_) => "labelled-texts",
            Self::PlantedWords(_) => "planted-words",
            Self::PlantedCharacters(_) => "planted-characters",
            Self::PlantedTexts(_) => "planted-texts",
            Self::GloveText(_) => "glove-text",
            Self::Word2vecText(_) => "word2vec-text",
            Self::Word2vecBinary(_) => "word2vec-binary",
        }
    }

    /// Parameters of the pretrained vectors; `None` for a data set.
    pub fn vectors(&self) -> Option<&WordVectors> {
        match self {
            Self::GloveText(vectors) | Self::Word2vecText(vectors) | Self::Word2vecBinary(vectors) => Some(vectors),
            _ => None,
        }
    }

    /// Whether it yields labelled texts for a classifier rather than a stream for a language model.
    pub fn is_labelled(&self) -> bool {
        matches!(self, Self::LabelledTexts(_) | Self::PlantedTexts(_))
    }

    /// Version of the reader or generator; raise it when the same files or parameters would yield other ids.
    pub(super) fn version(&self) -> u32 {
        match self {
            Self::PtbWords
            | Self::PtbCharacters
            | Self::PlainText(_)
            | Self::LabelledTexts(_)
            | Self::PlantedWords(_)
            | Self::PlantedCharacters(_)
            | Self::PlantedTexts(_)
            | Self::GloveText(_)
            | Self::Word2vecText(_)
            | Self::Word2vecBinary(_) => 1,
        }
    }

    /// The parameters in the form that enters the content hash.
    pub(super) fn parameters(&self) -> String {
        let generator =
            |seed, [train, valid, test]: [usize; 3]| format!("seed {seed} train {train} valid {valid} test {test}\n");
        match self {
            Self::PtbWords | Self::PtbCharacters => String::new(),
            Self::PlainText(text) => json(text),
            Self::LabelledTexts(texts) => json(texts),
            Self::PlantedWords(p) | Self::PlantedCharacters(p) => generator(p.seed, [p.train, p.valid, p.test]),
            Self::PlantedTexts(p) => generator(p.seed, [p.train, p.valid, p.test]),
            Self::GloveText(vectors) | Self::Word2vecText(vectors) | Self::Word2vecBinary(vectors) => json(vectors),
        }
    }
}

/// One line of JSON, keys in the order of the type's fields, unset options omitted.
fn json(parameters: &impl Serialize) -> String {
    serde_json::to_string(parameters).map_or_else(|error| error.to_string(), |line| line + "\n")
}
