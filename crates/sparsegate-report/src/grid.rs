//! A table as cells of text; Markdown, HTML and the terminal render the same one.

use super::number::count;

/// A table of texts. Every row has as many cells as there are columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Heads of the columns.
    pub columns: Vec<Head>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

/// Head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its text.
    pub text: String,
    /// Whether its cells are numbers, which are set flush right.
    pub numeric: bool,
}

impl Grid {
    /// A table without rows: columns of words, then columns of numbers.
    pub(super) fn new(words: &[&str], numbers: &[&str]) -> Self {
        let head = |numeric| move |text: &&str| Head { text: (*text).to_owned(), numeric };
        Self {
            columns: words.iter().map(head(false)).chain(numbers.iter().map(head(true))).collect(),
            rows: Vec::new(),
        }
    }

    /// The table, unless it has no row.
    pub(super) fn filled(self) -> Option<Self> {
        (!self.rows.is_empty()).then_some(self)
    }
}

/// `201 of 1,024`.
pub(super) fn of(kept: u64, total: u64) -> String {
    format!("{} of {}", count(kept), count(total))
}
