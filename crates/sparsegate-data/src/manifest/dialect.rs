//! How text files are written: encoding, line ends, separator and quotes.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

/// The encoding of a text file, by a label of the Encoding Standard such as `windows-1252` or `utf-16le`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl Encoding {
    /// The encoding with this label; `None` if there is none.
    pub fn from_label(label: &str) -> Option<Self> {
        // `replacement` stands for encodings that are not supported; it decodes nothing.
        let known = encoding_rs::Encoding::for_label(label.as_bytes())?;
        (known != encoding_rs::REPLACEMENT).then_some(Self(known))
    }

    /// The encoding's name, in lower case.
    pub fn name(self) -> String {
        self.0.name().to_ascii_lowercase()
    }

    pub(crate) fn get(self) -> &'static encoding_rs::Encoding {
        self.0
    }
}

impl Serialize for Encoding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let label = String::deserialize(deserializer)?;
        let unknown = || format!("`{label}` is not an encoding; examples are windows-1252, iso-8859-2, utf-16le, gbk");
        Self::from_label(&label).ok_or_else(|| D::Error::custom(unknown()))
    }
}

impl JsonSchema for Encoding {
    fn schema_name() -> Cow<'static, str> {
        "Encoding".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A label of the Encoding Standard, such as `windows-1252` or `utf-16le`.",
            "type": "string",
        })
    }
}

/// How lines end, if not with a line feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Newlines {
    /// A lone carriage return, as in old files of the Mac.
    Cr,
}

/// How a quote inside a quoted value is escaped, if not by writing it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Escape {
    /// `\"` is a quote, `\\` a backslash.
    Backslash,
}

/// The character between the values of a `csv` table: an ASCII character other than a quote, a line end or a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separator(u8);

impl Separator {
    /// The separator; `None` for a character that cannot be one.
    pub fn new(character: char) -> Option<Self> {
        let allowed = character.is_ascii() && !character.is_ascii_alphanumeric() && !"\"\\\r\n\0".contains(character);
        allowed.then_some(Self(character as u8))
    }

    /// The separator as a byte.
    pub fn byte(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tab"),
            byte => write!(f, "{}", char::from(byte)),
        }
    }
}

impl Serialize for Separator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_char(char::from(self.0))
    }
}

impl<'de> Deserialize<'de> for Separator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut characters = text.chars();
        let only = characters.next().filter(|_| characters.next().is_none());
        let unfit = || format!("`{text}` cannot separate values; write one character, such as ';'");
        only.and_then(Self::new).ok_or_else(|| D::Error::custom(unfit()))
    }
}

impl JsonSchema for Separator {
    fn schema_name() -> Cow<'static, str> {
        "Separator".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The character between values, such as `;`.",
            "type": "string",
            "minLength": 1,
            "maxLength": 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_written_back() {
        let encoding: Encoding = serde_json::from_str("\"Latin1\"").unwrap();
        assert_eq!(serde_json::to_string(&encoding).unwrap(), "\"windows-1252\"");
        let why = serde_json::from_str::<Encoding>("\"utf-7\"").unwrap_err().to_string();
        assert!(why.contains("`utf-7` is not an encoding; examples are windows-1252"), "{why}");
        let separator: Separator = serde_json::from_str("\";\"").unwrap();
        assert_eq!((separator.byte(), serde_json::to_string(&separator).unwrap().as_str()), (b';', "\";\""));
        for unfit in ["\"\"", "\";;\"", "\"\\\"\"", "\"ä\"", "\"a\""] {
            assert!(serde_json::from_str::<Separator>(unfit).is_err(), "{unfit}");
        }
    }
}
