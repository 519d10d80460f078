//! Fractions of the kept units' gates that are live, by task, cell, level and kind.

use polars::prelude::*;

use super::gate_kinds::{self, GateKind};
use super::grid::TableData;
use super::number::{count, percent};
use super::rows::{RowState, RunRow};

/// Counts of live gates of one kind in the kept units, summed over the runs of one task, cell and level.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveGates {
    /// Name of the experiment.
    pub task: String,
    /// Its data set.
    pub dataset: String,
    /// Name of the cell.
    pub cell: &'static str,
    /// The sparsity level.
    pub level: String,
    /// The kind of gate.
    pub kind: GateKind,
    /// Number of runs summed.
    pub runs: u64,
    /// Kept units, summed over the runs.
    pub units: u64,
    /// Kept units whose gate of this kind depends on the input or the state.
    pub live: u64,
}

impl LiveGates {
    /// The fraction of live gates; `None` if no unit is kept.
    pub fn fraction(&self) -> Option<f64> {
        (self.units > 0).then(|| self.live as f64 / self.units as f64)
    }

    /// Whether both belong to the same task, cell and level.
    pub fn same_group(&self, other: &Self) -> bool {
        (&self.task, self.cell, &self.level) == (&other.task, other.cell, &other.level)
    }
}

/// The fractions for the sparsified runs of one task, in order of appearance: the finished ones of a cell and level, or,
/// if none is finished, those with a finished epoch.
pub fn of_task(task: &str, rows: &[RunRow]) -> Vec<LiveGates> {
    let mut shares: Vec<LiveGates> = Vec::new();
    let is_done = |row: &RunRow| row.state == RowState::Done;
    for row in rows.iter().filter(|row| row.is_sparse()) {
        let same = |other: &&RunRow| (other.cell(), other.level()) == (row.cell(), row.level());
        if !is_done(row) && rows.iter().filter(same).any(is_done) {
            continue;
        }
        let Some(line) = row.last() else { continue };
        for (kind, gate) in gate_kinds::of(row).into_iter().zip(&line.counts.gates) {
            let found = shares
                .iter_mut()
                .find(|share| (share.cell, share.level.as_str(), &share.kind) == (row.cell(), row.level(), &kind));
            if let Some(share) = found {
                share.runs += 1;
                share.units += line.counts.neurons.kept;
                share.live += gate.kept;
            } else {
                shares.push(LiveGates {
                    task: task.to_owned(),
                    dataset: row.spec.dataset.clone(),
                    cell: row.cell(),
                    level: row.level().to_owned(),
                    kind,
                    runs: 1,
                    units: line.counts.neurons.kept,
                    live: gate.kept,
                });
            }
        }
    }
    shares
}

/// One row per [`LiveGates`].
///
/// # Errors
/// polars cannot build the frame, because columns differ in length (a bug in this function).
pub fn frame(shares: &[LiveGates]) -> PolarsResult<DataFrame> {
    let text =
        |name: &str, of: fn(&LiveGates) -> &str| Column::new(name.into(), shares.iter().map(of).collect::<Vec<&str>>());
    let count =
        |name: &str, of: fn(&LiveGates) -> u64| Column::new(name.into(), shares.iter().map(of).collect::<Vec<u64>>());
    DataFrame::new_infer_height(vec![
        text("task", |share| &share.task),
        text("dataset", |share| &share.dataset),
        text("cell", |share| share.cell),
        text("sparsity", |share| &share.level),
        text("kind", |share| &share.kind.name),
        text("role", |share| share.kind.role()),
        count("runs", |share| share.runs),
        count("units", |share| share.units),
        count("live", |share| share.live),
        Column::new("share".into(), shares.iter().map(LiveGates::fraction).collect::<Vec<Option<f64>>>()),
    ])
}

/// One row per task, cell and level, with live gates such as `i 3 (19 %), f 12 (75 %)`; `None` without shares.
pub fn grid(shares: &[LiveGates]) -> Option<TableData> {
    let mut grid = TableData::new(&["task", "cell", "level", "live gates"], &["units kept", "runs"]);
    for (index, first) in shares.iter().enumerate() {
        if shares[..index].iter().any(|other| other.same_group(first)) {
            continue;
        }
        let text = |share: &LiveGates| {
            let part = share.fraction().map_or_else(String::new, |part| format!(" ({})", percent(part)));
            format!("{} {}{part}", share.kind.name, count(share.live))
        };
        let live: Vec<String> = shares.iter().filter(|share| share.same_group(first)).map(text).collect();
        let words = [first.task.clone(), first.cell.to_owned(), first.level.clone(), live.join(", ")];
        grid.rows.push(words.into_iter().chain([count(first.units), first.runs.to_string()]).collect());
    }
    grid.filled()
}
