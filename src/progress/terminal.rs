//! The terminal that bars are drawn on.
//!
//! indicatif fills each line with blanks up to the last column, so that the next one begins a new row. But where the
//! cursor stands, a terminal shows `^C`: behind the last column this begins a new row, too, and the bars are then erased
//! one row too low, which leaves the upper one. Therefore lines end where their text ends.

use std::io;
use std::sync::{Mutex, PoisonError};

use console::{Term, measure_text_width};
use indicatif::{ProgressDrawTarget, TermLike};

/// Redraws a second.
const RATE: u8 = 8;
/// Columns that stay free at the right, for `^C`.
pub(super) const MARGIN: u16 = 3;

/// Standard error as the target of bars, which are drawn only if it is a terminal.
pub(super) fn target() -> ProgressDrawTarget {
    let terminal = Term::stderr();
    if terminal.is_term() {
        let terminal = Margin { terminal, drawn: Mutex::default() };
        ProgressDrawTarget::term_like_with_hz(Box::new(terminal), RATE)
    } else {
        ProgressDrawTarget::stderr_with_hz(RATE)
    }
}

/// A terminal with a margin.
#[derive(Debug)]
struct Margin {
    terminal: Term,
    /// What was written since the last flush: rows that are filled up to the margin.
    drawn: Mutex<String>,
}

impl Margin {
    /// Writes what was drawn, and returns the terminal.
    fn up_to_date(&self) -> io::Result<&Term> {
        let drawn = std::mem::take(&mut *self.drawn.lock().unwrap_or_else(PoisonError::into_inner));
        if !drawn.is_empty() {
            self.terminal.write_str(&rows(&drawn, self.width().into()).join("\r\n"))?;
        }
        Ok(&self.terminal)
    }
}

/// Filled rows without the blanks at their ends; what an earlier row had there is erased.
fn rows(drawn: &str, width: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let (mut row, mut columns) = (String::new(), 0);
    for c in drawn.chars() {
        let more = measure_text_width(c.encode_utf8(&mut [0; 4]));
        if columns + more > width {
            rows.push(std::mem::take(&mut row));
            columns = 0;
        }
        row.push(c);
        columns += more;
    }
    rows.push(row);
    rows.into_iter().map(|row| format!("{}\x1b[K", row.trim_end())).collect()
}

impl TermLike for Margin {
    fn width(&self) -> u16 {
        self.terminal.size().1.saturating_sub(MARGIN).max(1)
    }

    fn height(&self) -> u16 {
        self.terminal.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.up_to_date()?.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.up_to_date()?.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.up_to_date()?.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.up_to_date()?.move_cursor_left(n)
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.up_to_date()?.write_line(s)
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        if s == "\r" {
            return self.up_to_date()?.write_str(s);
        }
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).push_str(s);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.up_to_date()?.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.up_to_date()?.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_where_their_text_ends() {
        assert_eq!(rows("ab   cdefgh   ", 5), ["ab\x1b[K", "cdefg\x1b[K", "h\x1b[K"]);
        assert_eq!(rows("漢字 ab   ", 5), ["漢字\x1b[K", "ab\x1b[K"]);
    }
}
