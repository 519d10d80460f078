//! The terminal's alternate screen, on which a text is redrawn in place.

use crate::cli::CliError;
use crate::cli::output::Output;

/// Switches to the alternate screen, hides the cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
/// Shows the cursor, switches back: what was on the terminal before is there again.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// The alternate screen; dropping it restores the terminal.
pub(super) struct Screen(());

impl Screen {
    /// Takes the terminal. `None` if it is gone.
    ///
    /// # Errors
    /// It cannot be written to (1).
    pub(super) fn enter() -> Result<Option<Self>, CliError> {
        Ok(Output::lock().print(ENTER)?.then_some(Self(())))
    }

    /// Replaces what is shown by the lines of `text`, cut where the terminal ends. Returns `false` if it is gone.
    ///
    /// # Errors
    /// It cannot be written to (1).
    #[expect(clippy::unused_self, reason = "only an open screen can be drawn on")]
    pub(super) fn show(&self, text: &str, (columns, rows): (usize, usize)) -> Result<bool, CliError> {
        Output::lock().print(&frame(text, columns, rows))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = Output::lock().print(LEAVE);
    }
}

/// The text from the upper left corner on. Each line erases the rest of its row, and the last one what is below; so
/// nothing flickers, and nothing of an earlier frame is left.
fn frame(text: &str, columns: usize, rows: usize) -> String {
    let lines: Vec<String> =
        text.lines().take(rows.max(1)).map(|line| format!("{}\x1b[K", cut(line, columns))).collect();
    format!("\x1b[H{}\x1b[J", lines.join("\r\n"))
}

/// The first `columns` characters of a line; escape sequences do not count and stay.
fn cut(line: &str, columns: usize) -> String {
    let (mut text, mut shown, mut is_escape) = (String::new(), 0, false);
    for c in line.chars() {
        let is_sequence = is_escape || c == '\x1b';
        is_escape = is_sequence && !(is_escape && c.is_ascii_alphabetic());
        if is_sequence {
            text.push(c);
        } else if shown < columns {
            shown += 1;
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_stays_within_the_terminal_and_leaves_nothing_behind() {
        assert_eq!(frame("abc\n\x1b[1mdefg\x1b[0m\nh\n", 3, 2), "\x1b[Habc\x1b[K\r\n\x1b[1mdef\x1b[0m\x1b[K\x1b[J");
        assert_eq!(frame("", 3, 2), "\x1b[H\x1b[J");
        assert_eq!(cut("▁▂▃", 2), "▁▂");
    }
}
