//! Tables for the terminal: columns padded with spaces, numbers right-aligned, no ruled lines.

use std::fmt::Write as _;

use super::streamed_table::printable;

/// A table of text cells.
#[derive(Debug, Clone, Default)]
pub struct TextTable {
    heads: Vec<(String, bool)>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table without rows and columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a left-aligned column of words.
    #[must_use]
    pub fn words(mut self, head: impl Into<String>) -> Self {
        self.heads.push((plain(&head.into()), false));
        self
    }

    /// Adds a right-aligned column of numbers.
    #[must_use]
    pub fn numbers(mut self, head: impl Into<String>) -> Self {
        self.heads.push((plain(&head.into()), true));
        self
    }

    /// Adds a row. Surplus cells are dropped, missing ones are empty.
    pub fn row<I, T>(&mut self, cells: I)
    where
        I: IntoIterator<Item = T>,
        T: Into<String>,
    {
        let mut cells: Vec<String> = cells.into_iter().map(|cell| plain(&cell.into())).collect();
        cells.resize(self.heads.len(), String::new());
        self.rows.push(cells);
    }

    /// The table as text, one line per row, each ending with a newline. With `bold`, the header is bold (ANSI).
    pub fn render(&self, bold: bool) -> String {
        let width = |text: &str| text.chars().count();
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|i| self.rows.iter().map(|row| width(&row[i])).chain([width(&self.heads[i].0)]).max().unwrap_or(0))
            .collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut text = String::new();
            for ((cell, (_, numeric)), wide) in cells.zip(&self.heads).zip(&widths) {
                let pad = " ".repeat(wide - width(cell));
                let _ = if *numeric { write!(text, "{pad}{cell}  ") } else { write!(text, "{cell}{pad}  ") };
            }
            text.trim_end().to_owned()
        };
        let head = line(&mut self.heads.iter().map(|(head, _)| head.as_str()));
        let mut text = if bold { format!("\x1b[1m{head}\x1b[0m\n") } else { format!("{head}\n") };
        for row in &self.rows {
            let _ = writeln!(text, "{}", line(&mut row.iter().map(String::as_str)));
        }
        text
    }
}

impl From<&sparsegate_report::TableData> for TextTable {
    fn from(grid: &sparsegate_report::TableData) -> Self {
        let heads = grid.columns.iter().map(|head| (plain(&head.text), head.numeric)).collect();
        Self { heads, rows: grid.rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect() }
    }
}

/// Text of a cell: on one line, with control characters escaped, so that a word or a name cannot steer the terminal.
fn plain(cell: &str) -> String {
    printable(&cell.replace(['\n', '\t'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_short_rows_are_filled() {
        let mut table = TextTable::new().words("run").numbers("gates");
        table.row(["W+G+N", "201"]);
        table.row(["dense"]);
        assert_eq!(table.render(false), "run    gates\nW+G+N    201\ndense\n");
        assert!(table.render(true).starts_with("\x1b[1mrun    gates\x1b[0m\n"));
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let mut table = TextTable::new().words("a\u{1b}[2J").numbers("b");
        table.row(["x\u{1b}]0;title\u{7}\ty", "1"]);
        assert_eq!(table.render(false), "a\\u{1b}[2J              b\nx\\u{1b}]0;title\\u{7} y  1\n");
        let column = |text: &str| sparsegate_report::ColumnHeader { text: text.to_owned(), numeric: false };
        let grid = sparsegate_report::TableData { columns: vec![column("\r")], rows: vec![vec!["\u{9b}".to_owned()]] };
        assert_eq!(TextTable::from(&grid).render(false), "\\r\n\\u{9b}\n");
    }
}
