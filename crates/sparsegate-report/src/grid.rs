//! A table of text cells, which is rendered as Markdown, as HTML and for the terminal.

use super::number::count;

/// A table of text cells. Every row has one cell per column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableData {
    /// Column headers.
    pub columns: Vec<ColumnHeader>,
    /// Rows of cells.
    pub rows: Vec<Vec<String>>,
}

/// Header of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnHeader {
    /// Its text.
    pub text: String,
    /// Whether the column has numbers, which are right-aligned.
    pub numeric: bool,
}

impl TableData {
    /// A table without rows: columns of words, then columns of numbers.
    pub(super) fn new(words: &[&str], numbers: &[&str]) -> Self {
        let head = |numeric| move |text: &&str| ColumnHeader { text: (*text).to_owned(), numeric };
        Self {
            columns: words.iter().map(head(false)).chain(numbers.iter().map(head(true))).collect(),
            rows: Vec::new(),
        }
    }

    /// Appends cells to the rows: columns of one cell for each row.
    pub(super) fn push_columns(&mut self, columns: Vec<Vec<String>>) {
        for column in columns {
            self.rows.iter_mut().zip(column).for_each(|(row, cell)| row.push(cell));
        }
    }

    /// The table; `None` if it has no rows.
    pub(super) fn filled(self) -> Option<Self> {
        (!self.rows.is_empty()).then_some(self)
    }
}

/// A count with its total, such as `201 of 1,024`.
pub(super) fn of(kept: u64, total: u64) -> String {
    format!("{} of {}", count(kept), count(total))
}
