//! Numbers of kept units by which of their gates are live, with the values of the constant gates.

use crate::gate_kinds;
use crate::grid::TableData;
use crate::number::count;
use crate::patterns;
use crate::rows::RunRow;
use sparsegate_store::format::Structure;

/// Most runs with rows.
const MOST: usize = 60;

/// One row per pattern of each sparsified run; of many runs a sample, evenly spaced in the plan.
pub fn patterns(rows: &[RunRow]) -> Option<TableData> {
    let mut grid = TableData::new(&["run", "live", "constant"], &["units"]);
    let stored = rows.iter().filter(|row| row.is_sparse());
    let stored: Vec<(&RunRow, &Structure)> = stored.filter_map(|row| Some((row, row.structure.as_deref()?))).collect();
    for (row, structure) in stored.iter().step_by(stored.len().div_ceil(MOST).max(1)) {
        let names: Vec<String> = gate_kinds::of(row).into_iter().map(|kind| kind.name).collect();
        for pattern in patterns::of(structure) {
            let named = |wanted: bool| {
                names.iter().zip(&pattern.live).enumerate().filter(move |(_, (_, live))| **live == wanted)
            };
            let live: Vec<&str> = named(true).map(|(_, (name, _))| name.as_str()).collect();
            let constant: Vec<String> =
                named(false).map(|(kind, (name, _))| format!("{name} {}", range(pattern.range(kind)))).collect();
            let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
            grid.rows.push(vec![
                row.title(),
                or_none(live.join(", ")),
                or_none(constant.join(", ")),
                count(pattern.units.len() as u64),
            ]);
        }
    }
    grid.filled()
}

/// A range of values, such as `0.98` or `0.12 to 0.98`.
fn range(values: Option<(f64, f64)>) -> String {
    let Some((low, high)) = values else { return String::new() };
    let (low, high) = (format!("{low:.2}"), format!("{high:.2}"));
    if low == high { low } else { format!("{low} to {high}") }
}
