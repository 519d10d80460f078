//! How files become symbols.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::labelled::{LabelledTexts, TextSource};
use super::plain::PlainText;

/// How files become symbols: one key naming the reader, with its parameters if it has any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reader {
    /// Words of a line split on blanks, then `<eos>`. Roles: `train`, `valid`, `test`.
    PtbWords,
    /// Characters of a line without the blanks at its ends, ' ' as '_', then a newline. Roles: `train`, `valid`, `test`.
    PtbCharacters,
    /// Any text, for a language model. Roles: `train`, and `valid` and `test` unless `shares` cuts them off.
    PlainText(PlainText),
    /// Texts with a class each. Roles: those of `from`.
    LabelledTexts(LabelledTexts),
    /// The embedded language, one symbol a word.
    PlantedWords(Planted),
    /// The embedded language, spelled, one symbol a character.
    PlantedCharacters(Planted),
}

/// Parameters of the embedded language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Planted {
    /// Seed of the generator.
    pub seed: u64,
    /// Symbols in the training stream.
    #[schemars(range(min = 1))]
    pub train: usize,
    /// Symbols in the validation stream.
    #[schemars(range(min = 1))]
    pub valid: usize,
    /// Symbols in the test stream.
    #[schemars(range(min = 1))]
    pub test: usize,
}

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
            Self::PlantedWords(_) | Self::PlantedCharacters(_) => &[],
        }
    }

    /// Why a file of one of the roles cannot or need not be there: the key that cuts its part off another one's file.
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
        }
    }

    /// Version of the reading rules, raised by hand when the same files would become other ids.
    pub(super) fn version(&self) -> u32 {
        match self {
            Self::PtbWords
            | Self::PtbCharacters
            | Self::PlainText(_)
            | Self::LabelledTexts(_)
            | Self::PlantedWords(_)
            | Self::PlantedCharacters(_) => 1,
        }
    }

    /// The parameters, as they enter the content hash.
    pub(super) fn parameters(&self) -> String {
        match self {
            Self::PtbWords | Self::PtbCharacters => String::new(),
            Self::PlainText(text) => json(text),
            Self::LabelledTexts(texts) => json(texts),
            Self::PlantedWords(p) | Self::PlantedCharacters(p) => {
                format!("seed {} train {} valid {} test {}\n", p.seed, p.train, p.valid, p.test)
            }
        }
    }
}

/// One line of JSON, keys in the order of the type, values that are not given left out.
fn json(parameters: &impl Serialize) -> String {
    serde_json::to_string(parameters).map_or_else(|error| error.to_string(), |line| line + "\n")
}
