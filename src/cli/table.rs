//! Tables for the terminal: columns padded with spaces, numbers right-aligned, no ruled lines.

use std::fmt::Write as _;

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
        self.heads.push((head.into(), false));
        self
    }

    /// Adds a right-aligned column of numbers.
    #[must_use]
    pub fn numbers(mut self, head: impl Into<String>) -> Self {
        self.heads.push((head.into(), true));
        self
    }

    /// Adds a row. Surplus cells are dropped, missing ones are empty.
    pub fn row<I, T>(&mut self, cells: I)
    where
        I: IntoIterator<Item = T>,
        T: Into<String>,
    {
        let mut cells: Vec<String> = cells.into_iter().map(|cell| cell.into().replace(['\n', '\t'], " ")).collect();
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
        let heads = grid.columns.iter().map(|head| (head.text.clone(), head.numeric)).collect();
        Self { heads, rows: grid.rows.clone() }
    }
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
}
