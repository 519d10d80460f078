//! How much of their Slurm jobs the runs used.

use crate::grid::TableData;
use crate::number::{percent, seconds};
use crate::rows::RunRow;

/// Bytes of a mebibyte, the unit in which Slurm gives memory.
const MEBIBYTE: u64 = 1 << 20;

/// One row for each run whose last process was a Slurm job: what it used and was given, so that the next jobs can be
/// asked for with less; `None` without one.
pub fn efficiency(rows: &[RunRow]) -> Option<TableData> {
    let numbers =
        ["memory, MiB", "given, MiB", "memory used", "CPUs given", "CPU time used", "time", "limit", "limit used"];
    let mut grid = TableData::new(&["run"], &numbers);
    for row in rows {
        let Some(usage) = row.summary.as_deref().and_then(|summary| summary.usage) else { continue };
        let Some(given) = usage.allocation else { continue };
        let share = |share: Option<f64>| share.map(percent).unwrap_or_default();
        let mebibytes = |bytes: Option<u64>| bytes.map(|bytes| (bytes / MEBIBYTE).to_string()).unwrap_or_default();
        let time = |time: Option<f64>| time.map(seconds).unwrap_or_default();
        grid.rows.push(vec![
            row.title(),
            mebibytes(usage.peak_memory),
            mebibytes(given.memory),
            share(usage.memory_efficiency()),
            given.cpus.map(|cpus| cpus.to_string()).unwrap_or_default(),
            share(usage.cpu_efficiency()),
            time(usage.seconds),
            time(given.seconds),
            share(usage.time_efficiency()),
        ]);
    }
    grid.filled()
}
