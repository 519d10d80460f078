//! Output of the commands: results to standard output, messages to standard error.
//!
//! `println!` and `eprintln!` panic if the pipe is closed or the disk is full, so no command uses them.

use std::io::{self, StdoutLock, Write};

use camino::Utf8Path;
use serde::Serialize;

use super::CliError;
use super::terminal_text::{escaped, is_harmful};

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
    Ok(tame(serde_json::to_string_pretty(value).map_err(CliError::failed)?) + "\n")
}

/// A value as a line of JSON.
///
/// # Errors
/// As [`json`].
pub fn json_line(value: &impl Serialize) -> Result<String, CliError> {
    Ok(tame(serde_json::to_string(value).map_err(CliError::failed)?) + "\n")
}

/// JSON text in which the characters above U+007E that a terminal may obey are escaped, too: the serialiser leaves them
/// as they are. They occur in strings only.
fn tame(json: String) -> String {
    let is_left = |c: char| is_harmful(c) && c >= '\u{7f}';
    if !json.contains(is_left) {
        return json;
    }
    json.chars().map(|c| if is_left(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

/// Longest word of a message that is shown in full, characters.
const LONGEST_WORD: usize = 400;

/// A message for a terminal: [`escaped`], with the middle of very long words left out, such as that of a name of a
/// million characters.
pub fn readable(text: &str) -> String {
    let word = |text: &str| {
        let word = text.trim_end_matches([' ', '\n']);
        let blank = &text[word.len()..];
        let length = if word.len() > LONGEST_WORD { word.chars().count() } else { 0 };
        if length <= LONGEST_WORD {
            return text.to_owned();
        }
        let start: String = word.chars().take(60).collect();
        let end: String = word.chars().skip(length - 20).collect();
        format!("{start}...{end} ({length} characters){blank}")
    };
    escaped(text).split_inclusive([' ', '\n']).map(word).collect()
}

/// Prints a line to standard error, with the arguments of `println!`, as [`readable`] text. Write errors are ignored.
macro_rules! message {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "{}", $crate::cli::output::readable(&format_args!($($text)*).to_string()));
    }};
}
pub(crate) use message;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_no_control_characters_and_the_same_value() {
        let text = "a\u{1b}[2J\u{7f}\u{9b}1m \u{a0}\u{e9}";
        let line = json_line(&[text]).unwrap();
        assert_eq!(line, "[\"a\\u001b[2J\\u007f\\u009b1m \u{a0}\u{e9}\"]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&line).unwrap(), [text]);
    }

    #[test]
    fn messages_neither_steer_the_terminal_nor_fill_it() {
        assert_eq!(readable("two\n\tlines, 1 < 2"), "two\n\tlines, 1 < 2");
        assert_eq!(readable("a\u{1b}[2Jb\u{9b}1m\r"), "a\\u{1b}[2Jb\\u{9b}1m\\r");
        let long = readable(&format!("unknown key `{}` here", "k".repeat(100_000)));
        assert!(long.len() < 200 && long.ends_with("kkk` (100002 characters) here"), "{long}");
        assert_eq!(readable(&"word ".repeat(1000)), "word ".repeat(1000));
    }
}
