//! Where words go: results to standard output, talk to standard error.
//!
//! `println!` and `eprintln!` panic when nobody reads any more or the disk is full, so no command uses them.

use std::io::{self, StdoutLock, Write};

use serde::Serialize;

use super::CliError;

/// Standard output, for results that come bit by bit.
pub struct Output(StdoutLock<'static>);

impl Output {
    /// Locks it.
    pub fn lock() -> Self {
        Self(io::stdout().lock())
    }

    /// Prints at once. False: the reader has seen enough, such as `head`, which is no error.
    ///
    /// # Errors
    /// Nothing can be written, such as on a full disk (1).
    pub fn print(&mut self, text: &str) -> Result<bool, CliError> {
        match self.0.write_all(text.as_bytes()).and_then(|()| self.0.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(CliError::failed(format!("cannot write to standard output: {error}"))),
        }
    }
}

/// Prints a result. A reader that has seen enough is no error.
///
/// # Errors
/// Those of [`Output::print`].
pub fn print(text: &str) -> Result<(), CliError> {
    Output::lock().print(text).map(drop)
}

/// A value as indented JSON, with the end of the line.
///
/// # Errors
/// None in practice: a map with keys that are not text (1).
pub fn json(value: &impl Serialize) -> Result<String, CliError> {
    Ok(serde_json::to_string_pretty(value).map_err(CliError::failed)? + "\n")
}

/// Says a line on standard error, in the form of `println!`. Talk that nobody hears is no reason to stop.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}
pub(crate) use say;
