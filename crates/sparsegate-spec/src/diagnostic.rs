//! Errors of deserialising a YAML tree, with a path that is later turned into line and column.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::locate::EntryPart;
use super::node::{PathStep, show};
use super::suggest;

/// An error at a path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    reversed: Vec<PathStep>,
    /// Whether the key or the value is wrong.
    pub part: EntryPart,
    kind: DiagnosticKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DiagnosticKind {
    UnknownKey { key: String, known: &'static [&'static str] },
    UnknownValue { value: String, known: &'static [&'static str] },
    Missing(&'static str),
    Other { message: String, help: Option<String> },
}

impl Diagnostic {
    /// An error in the value at `path`.
    pub fn new(path: &[PathStep], message: impl Into<String>, help: impl Into<String>) -> Self {
        let kind = DiagnosticKind::Other { message: message.into(), help: Some(help.into()) };
        Self { reversed: path.iter().rev().cloned().collect(), part: EntryPart::Value, kind }
    }

    /// Marks the key instead of the value as wrong.
    #[must_use]
    pub fn on_key(mut self) -> Self {
        self.part = EntryPart::Key;
        self
    }

    /// Prepends `step` to the path.
    #[must_use]
    pub fn under(mut self, step: PathStep) -> Self {
        self.reversed.push(step);
        self
    }

    fn at_key(mut self, key: &str) -> Self {
        self.part = EntryPart::Key;
        self.reversed.push(PathStep::Key(key.to_owned()));
        self
    }

    /// Sets the path of an error raised while reading the key `key` of a mapping.
    #[must_use]
    pub fn in_key(self, key: &str) -> Self {
        if self.reversed.is_empty() { self.at_key(key) } else { self }
    }

    /// The path from the root.
    pub fn path(&self) -> Vec<PathStep> {
        self.reversed.iter().rev().cloned().collect()
    }

    /// The error message.
    pub fn message(&self) -> String {
        let mut path = self.path();
        match &self.kind {
            DiagnosticKind::UnknownKey { key, .. } => {
                path.pop();
                if path.is_empty() {
                    format!("unknown key `{key}`")
                } else {
                    format!("unknown key `{key}` in `{}`", show(&path))
                }
            }
            DiagnosticKind::UnknownValue { value, .. } => format!("unknown value `{value}` for `{}`", show(&path)),
            DiagnosticKind::Missing(key) if path.is_empty() => format!("the key `{key}` is missing"),
            DiagnosticKind::Missing(key) => format!("the key `{key}` is missing in `{}`", show(&path)),
            DiagnosticKind::Other { message, .. } if path.is_empty() => message.clone(),
            DiagnosticKind::Other { message, .. } => format!("`{}`: {message}", show(&path)),
        }
    }

    /// The hint. `full_name` returns the full name of a key that belongs in another mapping.
    pub fn help(&self, full_name: impl Fn(&str) -> Option<String>) -> Option<String> {
        match &self.kind {
            DiagnosticKind::UnknownKey { key, known } => {
                Some(match (suggest::nearest(key, known.iter().copied()), full_name(key)) {
                    (None, Some(full)) => {
                        format!("did you mean `{full}`? known keys here: {}", suggest::list(known.iter().copied()))
                    }
                    _ => suggest::hint(key, "known keys here", known),
                })
            }
            DiagnosticKind::UnknownValue { value, known } => Some(suggest::hint(value, "known values", known)),
            DiagnosticKind::Missing(key) => Some(format!("add `{key}: ...`")),
            DiagnosticKind::Other { help, .. } => help.clone(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Diagnostic {}

fn raise(kind: DiagnosticKind) -> Diagnostic {
    Diagnostic { reversed: Vec::new(), part: EntryPart::Value, kind }
}

fn mismatch(found: &Unexpected<'_>, expected: &dyn Expected) -> Diagnostic {
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
    raise(DiagnosticKind::Other { message: format!("expected {expected}, found {found}"), help: Some(help) })
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

impl de::Error for Diagnostic {
    fn custom<T: fmt::Display>(message: T) -> Self {
        raise(DiagnosticKind::Other { message: message.to_string(), help: None })
    }
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch(&found, expected)
    }
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        mismatch(&found, expected)
    }
    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        raise(DiagnosticKind::UnknownKey { key: key.to_owned(), known })
    }
    fn unknown_variant(value: &str, known: &'static [&'static str]) -> Self {
        raise(DiagnosticKind::UnknownValue { value: value.to_owned(), known })
    }
    fn missing_field(key: &'static str) -> Self {
        raise(DiagnosticKind::Missing(key))
    }
}
