//! Guesses the separator of a table and whether its values are in quotes.

use std::collections::BTreeMap;
use std::io::Cursor;

use camino::Utf8Path;

use super::{Hints, Look};
use crate::input::TextFormat;
use crate::manifest::{Separator, TableFormat};
use crate::readers::table::{Dialect, SeparatedRows};

/// Maximum number of rows looked at.
const ROWS: usize = 200;

/// Fills in the separator and the quotes of a table that begins with `text`. `cut`: the table goes on after it.
pub(super) fn guess(text: &str, cut: bool, format: TableFormat, hints: &Hints, look: &mut Look) {
    let whole = text;
    // The last line may be cut.
    let text = text.rfind('\n').map_or(text, |end| &text[..=end]);
    let mut dialect = Dialect {
        separator: if format == TableFormat::Tsv { b'\t' } else { b',' },
        quotes: format == TableFormat::Csv,
        escape: hints.escape,
        text: TextFormat::default(),
    };
    if format == TableFormat::Tsv {
        // The last line of a whole text may end a value in quotes.
        if in_quotes(if cut { text } else { whole }, cut, &dialect) {
            look.quotes = Some(true);
        }
        return;
    }
    if let Some(separator) = hints.separator.or_else(|| named(text)) {
        look.separator = Some(separator).filter(|separator| separator.byte() != b',');
        return;
    }
    let mut best = (fit(text, &dialect), None);
    for candidate in [';', '\t', '|'].into_iter().filter_map(Separator::new) {
        dialect.separator = candidate.byte();
        let found = fit(text, &dialect);
        // A table of semicolons has commas in numbers and texts, so semicolons win where both fit alike.
        if found > best.0 || (found == best.0 && found.rows > 0 && candidate.byte() == b';') {
            best = (found, Some(candidate));
        }
    }
    look.separator = best.1;
}

/// The separator that a first line `sep=;` names.
fn named(text: &str) -> Option<Separator> {
    let line = text.lines().next()?;
    let mut rest = line.get(..4).filter(|sep| sep.eq_ignore_ascii_case("sep=")).map(|_| line[4..].chars())?;
    rest.next().filter(|_| rest.next().is_none()).and_then(Separator::new)
}

/// How well a separator fits: the percentage of rows that have the most frequent number of columns from two on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Fit {
    rows: usize,
}

fn fit(text: &str, dialect: &Dialect) -> Fit {
    let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
    let mut count = 0;
    let Ok(mut rows) = SeparatedRows::of(Utf8Path::new(""), Box::new(Cursor::new(text.to_owned())), dialect) else {
        return Fit::default();
    };
    while count < ROWS {
        match rows.next_row() {
            Ok(Some((_, row))) => *widths.entry(row.len()).or_default() += 1,
            // At bad quotes, the rows before them tell, unless there are none.
            Ok(None) | Err(_) => break,
        }
        count += 1;
    }
    let most = widths.iter().filter(|(width, _)| **width >= 2).map(|(_, rows)| *rows).max().unwrap_or(0);
    Fit { rows: 100 * most / count.max(1) }
}

/// Whether the values of a table with tabs are in quotes: all quotes are proper, and they hold tabs, line ends or
/// quotes, or stand around a value in half of the rows.
fn in_quotes(text: &str, cut: bool, dialect: &Dialect) -> bool {
    if !text.contains('"') {
        return false;
    }
    let quoted = Dialect { quotes: true, ..dialect.clone() };
    let Some(with) = quoted_rows(text, cut, &quoted) else { return false };
    let values = || with.iter().flatten();
    if values().any(|value| value.iter().any(|byte| matches!(byte, b'\t' | b'\n'))) || text.contains("\"\"") {
        return true;
    }
    let lines = text.lines().take(ROWS);
    let around =
        |line: &&str| line.split('\t').any(|value| value.len() > 1 && value.starts_with('"') && value.ends_with('"'));
    2 * lines.filter(around).count() >= with.len().max(1)
}

/// The first rows of a text; `None` if their quotes are not proper, or if there is no row.
fn quoted_rows(text: &str, cut: bool, dialect: &Dialect) -> Option<Vec<Vec<Vec<u8>>>> {
    let mut read: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut rows = SeparatedRows::of(Utf8Path::new(""), Box::new(Cursor::new(text.to_owned())), dialect).ok()?;
    while read.len() < ROWS {
        let next = rows.next_row().map(|row| row.map(|(_, row)| row.iter().map(<[u8]>::to_vec).collect()));
        match next {
            Ok(Some(row)) => read.push(row),
            Ok(None) => break,
            // A value with line ends is mostly what the text was cut in; its last quote comes later.
            Err(_) if cut && rows.ends_in_quotes() => break,
            Err(_) => return None,
        }
    }
    Some(read).filter(|read| !read.is_empty())
}
