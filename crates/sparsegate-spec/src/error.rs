//! An error in a spec: file, line, column, message and hint.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

/// A position in a text; line and column count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourcePosition {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// An error in an experiment or dataset file, or in an override or a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError(Box<ErrorDetails>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct ErrorDetails {
    file: Utf8PathBuf,
    place: Option<SourcePosition>,
    message: String,
    help: Option<String>,
    text: Option<String>,
}

impl SpecError {
    /// An error in `file`, at an unknown position.
    pub fn new(file: &Utf8Path, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorDetails {
            file: file.to_owned(),
            place: None,
            message: message.into(),
            help: None,
            text: None,
        }))
    }

    /// Adds the position, and the file's text so that the line can be shown.
    #[must_use]
    pub fn at(mut self, place: Option<SourcePosition>, text: &str) -> Self {
        self.0.place = place;
        self.0.text = Some(text.to_owned());
        self
    }

    /// Adds a hint how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The file with the error.
    pub fn file(&self) -> &Utf8Path {
        &self.0.file
    }

    /// Position in the file, if known.
    pub fn position(&self) -> Option<SourcePosition> {
        self.0.place
    }

    /// The message, without file and position.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The hint how to fix it.
    pub fn hint(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The file's text, if it was attached with [`SpecError::at`].
    pub fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.file)?;
        if let Some(SourcePosition { line, column }) = self.0.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl std::error::Error for SpecError {}
