//! The input texts: command line arguments, a file or standard input.

use std::io::{self, IsTerminal as _};
use std::slice::Iter;

use camino::Utf8Path;

use crate::cli::CliError;
use crate::cli::output;
use sparsegate_data::Lines;

/// A stream of texts.
pub(super) enum InputTexts<'a> {
    Arguments(Iter<'a, String>),
    Lines(Lines),
}

impl<'a> InputTexts<'a> {
    /// The arguments or, without any, the lines of a file or of standard input.
    ///
    /// # Errors
    /// A file that cannot be opened (exit code 4).
    pub(super) fn open(arguments: &'a [String], file: Option<&Utf8Path>) -> Result<Self, CliError> {
        match file {
            None if !arguments.is_empty() => Ok(Self::Arguments(arguments.iter())),
            Some(file) if file != "-" => {
                let opened = fs_err::File::open(file).map_err(|error| {
                    CliError::data(error).help("--file takes a file of texts, one per line, or `-` for standard input")
                })?;
                Ok(Self::Lines(Lines::of(file, Box::new(opened))))
            }
            _ => {
                if io::stdin().is_terminal() {
                    output::message!("reading texts from standard input, one per line; end with Ctrl-D");
                }
                Ok(Self::Lines(Lines::of(Utf8Path::new("standard input"), Box::new(io::stdin()))))
            }
        }
    }

    /// The next text.
    ///
    /// # Errors
    /// A line that cannot be read, is not UTF-8, or is longer than 64 MiB.
    pub(super) fn next_text(&mut self) -> Result<Option<&str>, CliError> {
        match self {
            Self::Arguments(texts) => Ok(texts.next().map(String::as_str)),
            Self::Lines(lines) => Ok(lines.next_line()?.map(|(_, line)| line)),
        }
    }
}
