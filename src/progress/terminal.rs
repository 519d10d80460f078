//! The terminal that bars are drawn on.

use std::io;

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// Redraws a second.
const RATE: u8 = 8;
/// Columns that stay free at the right: a terminal shows `^C` where the cursor stands, which is behind the last bar. In
/// the last column that would begin a new row, and the bars would be erased one row too low.
const MARGIN: u16 = 3;

/// Standard error as the target of bars, which are drawn only if it is a terminal.
pub(super) fn target() -> ProgressDrawTarget {
    let terminal = Term::stderr();
    if terminal.is_term() {
        ProgressDrawTarget::term_like_with_hz(Box::new(WithMargin(terminal)), RATE)
    } else {
        ProgressDrawTarget::stderr_with_hz(RATE)
    }
}

/// A terminal that says it has fewer columns.
#[derive(Debug)]
struct WithMargin(Term);

impl TermLike for WithMargin {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(MARGIN).max(1)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.0.write_line(s)
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.0.write_str(s)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
