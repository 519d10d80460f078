//! Output of the commands: results to standard output, messages to standard error.
//!
//! `println!` and `eprintln!` panic if the pipe is closed or the disk is full, so no command uses them.

use std::io::{self, StdoutLock, Write};

use camino::Utf8Path;
use serde::Serialize;

use super::CliError;

/// Locked standard output, for streamed results.
pub struct Output(StdoutLock<'static>);

impl Output {
    /// Locks standard output.
    pub fn lock() -> Self {
        Self(io::stdout().lock())
    }

    /// Prints and flushes. `false` if the reader closed the pipe, as `head` does, or the terminal is gone; neither is
    /// an error.
    ///
    /// # Errors
    /// Writing fails, such as on a full disk (1).
    pub fn print(&mut self, text: &str) -> Result<bool, CliError> {
        match self.0.write_all(text.as_bytes()).and_then(|()| self.0.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe || is_vanished_terminal(&error) => Ok(false),
            Err(error) => Err(CliError::failed(format!("cannot write to standard output: {error}"))),
        }
    }
}

/// Whether the error says that standard output was a terminal which is gone, because its window or connection was
/// closed. An input/output error of a file is another matter.
fn is_vanished_terminal(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;

        const EIO: i32 = 5;
        let is_device = || fs_err::metadata("/dev/stdout").is_ok_and(|output| output.file_type().is_char_device());
        error.raw_os_error() == Some(EIO) && is_device()
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// Prints a result. A closed pipe is not an error.
///
/// # Errors
/// Those of [`Output::print`].
pub fn print(text: &str) -> Result<(), CliError> {
    Output::lock().print(text).map(drop)
}

/// Checks that a result may be written to the file `out`, which is replaced only with `force`.
///
/// # Errors
/// A folder, a file that is not a regular one, or an existing file (2).
pub fn check_target(out: &Utf8Path, force: bool) -> Result<(), CliError> {
    if out.is_dir() {
        return Err(CliError::usage(format!("{out} is a folder")).help("name a file in it"));
    }
    // Writing replaces whatever is at the path, so a device or a symbolic link is rejected.
    if out.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        return Err(
            CliError::usage(format!("{out} exists and is not a regular file")).help("name another file with --out")
        );
    }
    if out.exists() && !force {
        return Err(CliError::usage(format!("{out} already exists"))
            .help("replace it with --force, or name another file with --out"));
    }
    Ok(())
}

/// A value as indented JSON with a trailing newline.
///
/// # Errors
/// The value cannot be serialised, such as a map whose keys are not strings (1); no command has one.
pub fn json(value: &impl Serialize) -> Result<String, CliError> {
    Ok(serde_json::to_string_pretty(value).map_err(CliError::failed)? + "\n")
}

/// Prints a line to standard error, with the arguments of `println!`. Write errors are ignored.
macro_rules! message {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}
pub(crate) use message;
