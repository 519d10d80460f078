//! The strongest kept words, one column per run.

use crate::grid::{ColumnHeader, TableData};
use crate::number::{count, value};
use crate::rows::RunRow;
use sparsegate_store::format::Structure;

/// Number of words shown per run.
pub const SHOWN: usize = 30;

/// Most runs with a column.
const MOST: usize = 12;

/// The strongest kept words with their strengths, in descending order of strength; ties in vocabulary order.
fn ranked(structure: &Structure) -> Vec<(&str, f64)> {
    structure.words.iter().map(String::as_str).zip(structure.strengths.iter().copied()).collect()
}

/// The strongest words of the sparsified runs that kept some but not all words, of many runs a sample, evenly spaced in
/// the plan; the last row counts the words not shown.
pub fn words(rows: &[RunRow]) -> Option<TableData> {
    let all: Vec<(&RunRow, &Structure)> = rows
        .iter()
        .filter(|row| row.is_sparse())
        .filter_map(|row| row.structure.as_deref().map(|structure| (row, structure)))
        .filter(|(_, structure)| structure.counts.vocabulary.kept < structure.counts.vocabulary.total)
        .filter(|(_, structure)| !structure.words.is_empty())
        .collect();
    let most = if all.len() > MOST { all.len().div_ceil(MOST) } else { 1 };
    let shown = all.into_iter().step_by(most);
    let runs: Vec<_> =
        shown.map(|(row, structure)| (row, ranked(structure), structure.counts.vocabulary.kept)).collect();
    let mut grid = TableData::new(&[], &["rank"]);
    grid.columns.extend(runs.iter().map(|(row, ..)| ColumnHeader { text: row.title(), numeric: false }));
    let longest = runs.iter().map(|(_, words, _)| words.len()).max().unwrap_or(0);
    for rank in 0..longest {
        let cell = |words: &[(&str, f64)]| {
            words.get(rank).map_or_else(String::new, |(word, strength)| format!("{word} {}", value(*strength)))
        };
        let cells = runs.iter().map(|(_, words, _)| cell(words));
        grid.rows.push(std::iter::once((rank + 1).to_string()).chain(cells).collect());
    }
    let more = |words: &[(&str, f64)], kept: u64| match kept.saturating_sub(words.len() as u64) {
        0 => String::new(),
        n => format!("and {} more", count(n)),
    };
    if runs.iter().any(|(_, words, kept)| !more(words, *kept).is_empty()) {
        let cells = runs.iter().map(|(_, words, kept)| more(words, *kept));
        grid.rows.push(std::iter::once(String::new()).chain(cells).collect());
    }
    grid.filled()
}
