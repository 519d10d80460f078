//! `table.md`: the report's tables in Markdown.

use std::fmt::Write as _;

use super::grid::TableData;
use super::html::{Page, Section};

/// The tables and notes of a report as one Markdown document.
pub fn report(page: &Page<'_>) -> String {
    let experiment = page.experiment;
    let shares = page.shares.iter().map(|shares| shares.section.clone()).collect();
    let sections = [page.sections(), shares, page.details()].concat();
    document(&experiment.name, experiment.about.as_deref(), &sections, &page.notes())
}

/// A document of tables with a title, an optional description and notes at the end.
pub fn document(title: &str, about: Option<&str>, sections: &[Section], notes: &[String]) -> String {
    let mut text = format!("# {}\n\n", escape(title));
    if let Some(about) = about {
        let _ = write!(text, "{}\n\n", escape(about));
    }
    for section in sections {
        let _ = write!(text, "## {}\n\n", escape(&section.title));
        for note in &section.notes {
            let _ = write!(text, "{}\n\n", escape(note));
        }
        for grid in &section.grids {
            text.push_str(&table(grid));
            text.push('\n');
        }
    }
    if !notes.is_empty() {
        text.push_str("## Notes\n\n");
        for note in notes {
            let _ = writeln!(text, "- {}", escape(note));
        }
    }
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}

/// Text of a cell that neither ends the cell nor the row, and contains no HTML.
fn escape_cell(cell: &str) -> String {
    // After a backslash, another one would be its escape.
    escape(cell).replace("\\|", "\\&#124;").replace('|', "\\|")
}

/// Text from a spec, a data set or a run: on one line, without control characters and HTML. A `<` begins HTML only
/// before a letter, `/`, `!` or `?`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '<' if rest.peek().is_some_and(|next| next.is_ascii_alphabetic() || "/!?".contains(*next)) => {
                escaped.push_str("&lt;");
            }
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// One table; columns are padded so that the source is readable too.
pub fn table(grid: &TableData) -> String {
    let rows: Vec<Vec<String>> =
        grid.rows.iter().map(|row| row.iter().map(|cell| escape_cell(cell)).collect()).collect();
    let heads: Vec<String> = grid.columns.iter().map(|head| escape_cell(&head.text)).collect();
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(i, head)| {
            rows.iter().map(|row| row[i].chars().count()).chain([head.chars().count(), 3]).max().unwrap_or(3)
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
    let mut text = line(heads.iter().map(String::as_str).collect());
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

    #[test]
    fn names_from_specs_and_data_stay_text() {
        let head = |text: &str| ColumnHeader { text: text.into(), numeric: false };
        let cells = ["a|b", "<b>x</b>", "1 < 2", "\u{1b}[1m", "two\nlines", "back\\|slash", "<unk>"];
        let grid = TableData {
            columns: cells.iter().map(|cell| head(cell)).collect(),
            rows: vec![cells.iter().map(|cell| (*cell).to_owned()).collect()],
        };
        let text = table(&grid);
        let lines: Vec<&str> = text.lines().collect();
        let wanted = ["a\\|b", "&lt;b>x&lt;/b>", "1 < 2", "[1m", "two lines", "back\\&#124;slash", "&lt;unk>"];
        for line in [lines[0], lines[2]] {
            let found: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(found, wanted);
        }
        assert_eq!(lines.len(), 3);
        let page = document("t", Some("<script>alert(1)</script>"), &[], &["a <img src=x>\u{7}".to_owned()]);
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains('\u{7}'), "{page}");
    }
}
