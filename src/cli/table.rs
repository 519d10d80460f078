//! Tables for the terminal: columns padded with spaces, numbers right-aligned, no ruled lines. A terminal that is too
//! narrow gets fewer columns, and a line that names the others.

use std::fmt::Write as _;

use super::terminal_text::printable;

/// The head of a column.
#[derive(Debug, Clone)]
struct Head {
    text: String,
    is_numeric: bool,
    /// Left out where the terminal is too narrow.
    is_spare: bool,
}

impl Head {
    fn new(text: &str, is_numeric: bool) -> Self {
        Self { text: plain(text), is_numeric, is_spare: false }
    }
}

/// A table of text cells.
#[derive(Debug, Clone, Default)]
pub struct TextTable {
    heads: Vec<Head>,
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
        self.heads.push(Head::new(&head.into(), false));
        self
    }

    /// Adds a right-aligned column of numbers.
    #[must_use]
    pub fn numbers(mut self, head: impl Into<String>) -> Self {
        self.heads.push(Head::new(&head.into(), true));
        self
    }

    /// Lets the last column be left out where the terminal is too narrow. Of several such columns the last ones go
    /// first.
    #[must_use]
    pub fn spare(mut self) -> Self {
        if let Some(head) = self.heads.last_mut() {
            head.is_spare = true;
        }
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

    /// The table as text, one line per row, each ending with a newline. With `bold`, the header is bold (ANSI). If the
    /// lines are longer than `columns`, heads of several words get two lines; if they are still too long, spare columns
    /// are left out and named in a last line.
    pub fn render(&self, bold: bool, columns: Option<usize>) -> String {
        let whole: Vec<[&str; 2]> = self.heads.iter().map(|head| ["", head.text.as_str()]).collect();
        let broken: Vec<[&str; 2]> = self.heads.iter().map(|head| broken(&head.text)).collect();
        let all: Vec<usize> = (0..self.heads.len()).collect();
        let fits = |heads: &[[&str; 2]]| columns.is_none_or(|columns| needed(&self.widths(heads), &all) <= columns);
        let heads = if fits(&whole) { whole } else { broken };
        let widths = self.widths(&heads);
        let shown = self.shown(&widths, columns);
        let line = |cell: &dyn Fn(usize) -> String| {
            let mut text = String::new();
            for &at in &shown {
                let cell = cell(at);
                let pad = " ".repeat(widths[at] - width(&cell));
                let _ = if self.heads[at].is_numeric {
                    write!(text, "{pad}{cell}{GAP}")
                } else {
                    write!(text, "{cell}{pad}{GAP}")
                };
            }
            text.trim_end().to_owned()
        };
        let mut text = String::new();
        #[expect(clippy::needless_range_loop, reason = "the closure below indexes each head by it")]
        for row in 0..2 {
            let head = line(&|at| heads[at][row].to_owned());
            if row == 0 && head.is_empty() {
                continue;
            }
            let _ = if bold { writeln!(text, "\x1b[1m{head}\x1b[0m") } else { writeln!(text, "{head}") };
        }
        for row in &self.rows {
            let _ = writeln!(text, "{}", line(&|at| row[at].clone()));
        }
        let hidden: Vec<&str> =
            (0..self.heads.len()).filter(|at| !shown.contains(at)).map(|at| self.heads[at].text.as_str()).collect();
        if !hidden.is_empty() {
            let _ = writeln!(text, "(too narrow for: {})", hidden.join(", "));
        }
        text
    }

    /// Widths of the columns with heads of two lines.
    fn widths(&self, heads: &[[&str; 2]]) -> Vec<usize> {
        let cells = |at: usize| self.rows.iter().map(move |row| width(&row[at]));
        let of = |(at, head): (usize, &[&str; 2])| cells(at).chain(head.iter().map(|line| width(line))).max();
        heads.iter().enumerate().map(|one| of(one).unwrap_or(0)).collect()
    }

    /// The columns that fit: without the last spare ones, as few as suffice, or without all of them if none suffice.
    fn shown(&self, widths: &[usize], columns: Option<usize>) -> Vec<usize> {
        let mut shown: Vec<usize> = (0..self.heads.len()).collect();
        let Some(columns) = columns else { return shown };
        while needed(widths, &shown) > columns
            && let Some(spare) = shown.iter().rposition(|at| self.heads[*at].is_spare)
        {
            shown.remove(spare);
        }
        shown
    }
}

/// Between two columns.
const GAP: &str = "  ";

/// Characters of a line with these columns.
fn needed(widths: &[usize], shown: &[usize]) -> usize {
    shown.iter().map(|at| widths[*at]).sum::<usize>() + shown.len().saturating_sub(1) * GAP.len()
}

/// A head in two lines, broken at the blank nearest its middle; one word stays in the lower one.
fn broken(head: &str) -> [&str; 2] {
    let distance = |at: usize| at.abs_diff(head.len() / 2);
    let blank = head.match_indices(' ').map(|(at, _)| at).min_by_key(|at| distance(*at));
    blank.map_or(["", head], |at| [&head[..at], &head[at + 1..]])
}

fn width(text: &str) -> usize {
    text.chars().count()
}

impl From<&sparsegate_report::TableData> for TextTable {
    fn from(grid: &sparsegate_report::TableData) -> Self {
        // The first two columns say which run it is.
        let head = |(at, head): (usize, &sparsegate_report::ColumnHeader)| Head {
            is_spare: at > 1,
            ..Head::new(&head.text, head.numeric)
        };
        let heads = grid.columns.iter().enumerate().map(head).collect();
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
        assert_eq!(table.render(false, None), "run    gates\nW+G+N    201\ndense\n");
        assert!(table.render(true, None).starts_with("\x1b[1mrun    gates\x1b[0m\n"));
    }

    #[test]
    fn a_narrow_terminal_gets_fewer_columns_and_their_names() {
        let table = TextTable::new().words("run").words("cell").spare().words("seed").spare().numbers("test");
        let mut table = table.numbers("hours").spare();
        table.row(["W+G+N", "lstm", "0", "116.47", "2.5"]);
        let lines = |columns| table.render(false, columns).lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(None), lines(Some(32)));
        assert_eq!(lines(Some(31))[..2], ["run    cell  seed    test", "W+G+N  lstm  0     116.47"]);
        assert_eq!(lines(Some(31))[2], "(too narrow for: hours)");
        assert_eq!(lines(Some(24))[1..], ["W+G+N  lstm  116.47", "(too narrow for: seed, hours)"]);
        assert_eq!(lines(Some(3))[1..], ["W+G+N  116.47", "(too narrow for: cell, seed, hours)"]);
    }

    #[test]
    fn heads_get_two_lines_before_columns_are_left_out() {
        let mut table = TextTable::new().words("run").numbers("valid perplexity").numbers("live gates").spare();
        table.row(["W", "116.470", "2/9"]);
        let lines = |columns| table.render(false, Some(columns)).lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(33), ["run  valid perplexity  live gates", "W             116.470         2/9"]);
        assert_eq!(lines(32), ["          valid   live", "run  perplexity  gates", "W       116.470    2/9"]);
        assert_eq!(lines(21)[3], "(too narrow for: live gates)");
        assert!(table.render(true, Some(32)).starts_with("\x1b[1m          valid   live\x1b[0m\n\x1b[1mrun"));
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let mut table = TextTable::new().words("a\u{1b}[2J").numbers("b");
        table.row(["x\u{1b}]0;title\u{7}\ty", "1"]);
        assert_eq!(table.render(false, None), "a\\u{1b}[2J              b\nx\\u{1b}]0;title\\u{7} y  1\n");
        let column = |text: &str| sparsegate_report::ColumnHeader { text: text.to_owned(), numeric: false };
        let grid = sparsegate_report::TableData { columns: vec![column("\r")], rows: vec![vec!["\u{9b}".to_owned()]] };
        assert_eq!(TextTable::from(&grid).render(false, None), "\\r\n\\u{9b}\n");
    }
}
