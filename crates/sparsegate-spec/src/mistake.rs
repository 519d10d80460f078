//! Errors of deserialising a YAML tree, with a path that is later turned into line and column.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::locate::Part;
use super::node::{Step, show};
use super::suggest;

/// An error at a path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    reversed: Vec<Step>,
    /// Whether the key or the value is wrong.
    pub part: Part,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    UnknownKey { key: String, known: &'static [&'static str] },
    UnknownValue { value: String, known: &'static [&'static str] },
    Missing(&'static str),
    Other { message: String, help: Option<String> },
}

impl Mistake {
    /// An error in the value at `path`.
    pub fn new(path: &[Step], message: impl Into<String>, help: impl Into<String>) -> Self {
        let kind = Kind::Other { message: message.into(), help: Some(help.into()) };
        Self { reversed: path.iter().rev().cloned().collect(), part: Part::Value, kind }
    }

    /// Marks the key instead of the value as wrong.
    #[must_use]
    pub fn of_key(mut self) -> Self {
        self.part = Part::Key;
        self
    }

    /// Prepends `step` to the path.
    #[must_use]
    pub fn under(mut self, step: Step) -> Self {
        self.reversed.push(step);
        self
    }

    fn at_key(mut self, key: &str) -> Self {
        self.part = Part::Key;
        self.reversed.push(Step::Key(key.to_owned()));
        self
    }

    /// Sets the path of an error raised while reading the key `key` of a mapping.
    #[must_use]
    pub fn in_key(self, key: &str) -> Self {
        if self.reversed.is_empty() { self.at_key(key) } else { self }
    }

    /// The path from the root.
    pub fn path(&self) -> Vec<Step> {
        self.reversed.iter().rev().cloned().collect()
    }

    /// The error message.
    pub fn message(&self) -> String {
        let mut path = self.path();
        match &self.kind {
            Kind::UnknownKey { key, .. } => {
                path.pop();
                if path.is_empty() {
                    format!("unknown key `{key}`")
                } else {
                    format!("unknown key `{key}` in `{}`", show(&path))
                }
            }
            Kind::UnknownValue { value, .. } => format!("unknown value `{value}` for `{}`", show(&path)),
            Kind::Missing(key) if path.is_empty() => format!("the key `{key}` is missing"),
            Kind::Missing(key) => format!("the key `{key}` is missing in `{}`", show(&path)),
            Kind::Other { message, .. } if path.is_empty() => message.clone(),
            Kind::Other { message, .. } => format!("`{}`: {message}", show(&path)),
        }
    }

    /// The hint. `elsewhere` returns the full name of a key that belongs in another mapping.
    pub fn help(&self, elsewhere: impl Fn(&str) -> Option<String>) -> Option<String> {
        match &self.kind {
            Kind::UnknownKey { key, known } => {
                Some(match (suggest::nearest(key, known.iter().copied()), elsewhere(key)) {
                    (None, Some(full)) => {
                        format!("did you mean `{full}`? known keys here: {}", suggest::list(known.iter().copied()))
                    }
                    _ => suggest::cure(key, "known keys here", known),
                })
            }
            Kind::UnknownValue { value, known } => Some(suggest::cure(value, "known values", known)),
            Kind::Missing(key) => Some(format!("add `{key}: ...`")),
            Kind::Other { help, .. } => help.clone(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Mistake {}

fn raise(kind: Kind) -> Mistake {
    Mistake { reversed: Vec::new(), part: Part::Value, kind }
}

fn mismatch(found: &Unexpected<'_>, expected: &dyn Expected) -> Mistake {
    let expected = plain(&expected.to_string());
    let quotes = expected == "text" && matches!(found, Unexpected::Unsigned(_) | Unexpected::Float(_));
    let found = match found {
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Str(text) => format!("the text `{text}`"),
        Unexpected::Map => "a mapping".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        other => other.to_string(),
    };
    let help = if quotes { "put it in quotes".to_owned() } else { format!("write {expected}") };
    raise(Kind::Other { message: format!("expected {expected}, found {found}"), help: Some(help) })
}

/// Names of Rust types in plain words.
fn plain(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" => "text".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        other if other.starts_with("struct ") || other == "a map" => "a mapping of keys to values".to_owned(),
        other if other.starts_with("enum ") => "one of the known values, as text".to_owned(),
        other => other.to_owned(),
    }
}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        raise(Kind::Other { message: message.to_string(), help: None })
    }
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch(&found, expected)
    }
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch(&found, expected)
    }
    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        raise(Kind::UnknownKey { key: key.to_owned(), known })
    }
    fn unknown_variant(value: &str, known: &'static [&'static str]) -> Self {
        raise(Kind::UnknownValue { value: value.to_owned(), known })
    }
    fn missing_field(key: &'static str) -> Self {
        raise(Kind::Missing(key))
    }
}
