//! The strongest kept words, one column per run.

use crate::grid::{ColumnHeader, TableData};
use crate::number::{count, value};
use crate::rows::RunRow;
use sparsegate_store::format::Structure;

/// Number of words shown per run.
const SHOWN: usize = 30;

/// Kept words with their strengths, in descending order of strength; ties in vocabulary order.
fn ranked(structure: &Structure) -> Vec<(&str, f64)> {
    let mut words: Vec<(&str, f64)> =
        structure.words.iter().map(String::as_str).zip(structure.strengths.iter().copied()).collect();
    words.sort_by(|a, b| b.1.total_cmp(&a.1));
    words
}

/// The strongest words of the sparsified runs that kept some but not all words; the last row counts the words not
/// shown.
pub fn words(rows: &[RunRow]) -> Option<TableData> {
    let runs: Vec<(&RunRow, Vec<(&str, f64)>)> = rows
        .iter()
        .filter(|row| row.is_sparse())
        .filter_map(|row| row.structure.as_ref().map(|structure| (row, structure)))
        .filter(|(_, structure)| structure.counts.vocabulary.kept < structure.counts.vocabulary.total)
        .map(|(row, structure)| (row, ranked(structure)))
        .filter(|(_, words)| !words.is_empty())
        .collect();
    let mut grid = TableData::new(&[], &["rank"]);
    grid.columns.extend(runs.iter().map(|(row, _)| ColumnHeader { text: row.title(), numeric: false }));
    let longest = runs.iter().map(|(_, words)| words.len()).max().unwrap_or(0);
    for rank in 0..longest.min(SHOWN) {
        let cell = |words: &[(&str, f64)]| {
            words.get(rank).map_or_else(String::new, |(word, strength)| format!("{word} {}", value(*strength)))
        };
        let cells = runs.iter().map(|(_, words)| cell(words));
        grid.rows.push(std::iter::once((rank + 1).to_string()).chain(cells).collect());
    }
    if longest > SHOWN {
        let more = |words: &[(&str, f64)]| match words.len().saturating_sub(SHOWN) {
            0 => String::new(),
            n => format!("and {} more", count(n as u64)),
        };
        let cells = runs.iter().map(|(_, words)| more(words));
        grid.rows.push(std::iter::once(String::new()).chain(cells).collect());
    }
    grid.filled()
}
