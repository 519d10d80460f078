//! `table.md`: the report's tables in Markdown.

use std::fmt::Write as _;

use super::grid::TableData;
use super::html::{Page, Section};

/// The tables and notes of a report as one Markdown document.
pub fn report(page: &Page<'_>) -> String {
    let experiment = page.experiment;
    let sections = [page.sections(), page.details()].concat();
    document(&experiment.name, experiment.about.as_deref(), &sections, &page.notes())
}

/// A document of tables with a title, an optional description and notes at the end.
pub fn document(title: &str, about: Option<&str>, sections: &[Section], notes: &[String]) -> String {
    let mut text = format!("# {title}\n\n");
    if let Some(about) = about {
        let _ = write!(text, "{about}\n\n");
    }
    for section in sections {
        let _ = write!(text, "## {}\n\n", section.title);
        for note in &section.notes {
            let _ = write!(text, "{note}\n\n");
        }
        for grid in &section.grids {
            text.push_str(&table(grid));
            text.push('\n');
        }
    }
    if !notes.is_empty() {
        text.push_str("## Notes\n\n");
        for note in notes {
            let _ = writeln!(text, "- {note}");
        }
    }
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}

/// One table; columns are padded so that the source is readable too.
pub fn table(grid: &TableData) -> String {
    let escape = |cell: &str| cell.replace('|', "\\|").replace('\n', " ");
    let rows: Vec<Vec<String>> = grid.rows.iter().map(|row| row.iter().map(|cell| escape(cell)).collect()).collect();
    let widths: Vec<usize> = grid
        .columns
        .iter()
        .enumerate()
        .map(|(i, head)| {
            rows.iter().map(|row| row[i].chars().count()).chain([head.text.chars().count(), 3]).max().unwrap_or(3)
        })
        .collect();
    let line = |cells: Vec<&str>| {
        let mut text = String::from("|");
        for ((cell, width), head) in cells.iter().zip(&widths).zip(&grid.columns) {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let _ = if head.numeric { write!(text, " {pad}{cell} |") } else { write!(text, " {cell}{pad} |") };
        }
        text.push('\n');
        text
    };
    let mut text = line(grid.columns.iter().map(|head| head.text.as_str()).collect());
    text.push('|');
    for (head, width) in grid.columns.iter().zip(&widths) {
        let dashes = "-".repeat(width + 1);
        text.push_str(&if head.numeric { format!("{dashes}:|") } else { format!("{dashes}-|") });
    }
    text.push('\n');
    for row in &rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::ColumnHeader;

    #[test]
    fn cells_are_padded_escaped_and_aligned() {
        let head = |text: &str, numeric| ColumnHeader { text: text.into(), numeric };
        let grid = TableData {
            columns: vec![head("run", false), head("gates", true)],
            rows: vec![vec!["W|N".into(), "7".into()], vec!["dense".into(), "1,024".into()]],
        };
        assert_eq!(table(&grid), "| run   | gates |\n|-------|------:|\n| W\\|N  |     7 |\n| dense | 1,024 |\n");
    }
}
