//! A mistake in a spec: which file, which line and column, what is wrong and how to mend it.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

/// A place in a text, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// A mistake in an experiment or dataset file, or in an override or filter of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    file: Utf8PathBuf,
    place: Option<Place>,
    message: String,
    help: Option<String>,
    text: Option<String>,
}

impl SpecError {
    /// A mistake somewhere in `file`.
    pub fn new(file: &Utf8Path, message: impl Into<String>) -> Self {
        Self(Box::new(Parts { file: file.to_owned(), place: None, message: message.into(), help: None, text: None }))
    }

    /// Adds where it is, with the file's text so that the line can be shown.
    #[must_use]
    pub fn at(mut self, place: Option<Place>, text: &str) -> Self {
        self.0.place = place;
        self.0.text = Some(text.to_owned());
        self
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The file with the mistake.
    pub fn file(&self) -> &Utf8Path {
        &self.0.file
    }

    /// Where in the file, if it is in one place.
    pub fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// What is wrong, without file and place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How to mend it.
    pub fn cure(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The file's text, if a place in it is known.
    pub fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.file)?;
        if let Some(Place { line, column }) = self.0.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl std::error::Error for SpecError {}
