//! A table for streamed output: column widths are fixed in advance, so each row can be printed at once.

use super::terminal_text::printable;

/// Columns of given widths; numbers are right-aligned.
#[derive(Default)]
pub struct StreamedTable(Vec<StreamedColumn>);

struct StreamedColumn {
    head: String,
    width: usize,
    numeric: bool,
}

impl StreamedTable {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of words, at least `width` characters wide.
    #[must_use]
    pub fn words(self, head: &str, width: usize) -> Self {
        self.with(head, width, false)
    }

    /// Adds a column of numbers, at least `width` characters wide.
    #[must_use]
    pub fn numbers(self, head: &str, width: usize) -> Self {
        self.with(head, width, true)
    }

    fn with(mut self, head: &str, width: usize, numeric: bool) -> Self {
        let head = printable(head);
        self.0.push(StreamedColumn { width: width.max(head.chars().count()), head, numeric });
        self
    }

    /// The header line, in bold (ANSI) if `bold`.
    pub fn head(&self, bold: bool) -> String {
        let line = self.line(self.0.iter().map(|column| column.head.as_str()));
        if bold { format!("\x1b[1m{line}\x1b[0m") } else { line }
    }

    /// A row; a cell wider than its column shifts the following ones.
    pub fn row<'a>(&self, cells: impl IntoIterator<Item = &'a str>) -> String {
        self.line(cells)
    }

    fn line<'a>(&self, cells: impl IntoIterator<Item = &'a str>) -> String {
        let pad = |(cell, column): (&str, &StreamedColumn)| {
            let blanks = " ".repeat(column.width.saturating_sub(cell.chars().count()));
            if column.numeric { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") }
        };
        let padded: Vec<String> = cells.into_iter().zip(&self.0).map(pad).collect();
        padded.join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_their_widths() {
        let columns = StreamedTable::new().numbers("text", 6).words("class", 3);
        assert_eq!(columns.head(false), "  text  class");
        assert_eq!(columns.row(["1", "no"]), "     1  no");
        assert!(columns.head(true).starts_with("\x1b[1m"));
    }
}
