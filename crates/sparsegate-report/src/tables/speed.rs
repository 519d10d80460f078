//! Times of the forward pass.

use crate::grid::TableData;
use crate::number::{self, count, ratio_or_dash};
use crate::speedup::{RunSpeed, name};
use sparsegate_store::speed::Implementation;

/// Columns, which are present if any run has such timings.
const COLUMNS: [(Implementation, &str); 6] = [
    (Implementation::Compact, "compact, us"),
    (Implementation::Dense, "dense, us"),
    (Implementation::Masked, "masked, us"),
    (Implementation::PytorchEager, "PyTorch, us"),
    (Implementation::OnnxruntimeDense, "ONNX Runtime, us"),
    (Implementation::OnnxruntimeReduced, "our export in ONNX Runtime, us"),
];

/// One row per run, reading mode and batch size, at the largest number of threads measured; `None` without timings.
pub fn speed(found: &[RunSpeed<'_>]) -> Option<TableData> {
    let timed = |implementation| {
        found.iter().any(|run| run.speed.timings.iter().any(|timing| timing.implementation == implementation))
    };
    let columns: Vec<&(Implementation, &str)> =
        COLUMNS.iter().filter(|(implementation, _)| timed(*implementation)).collect();
    let mut numbers = vec!["file, kB", "dense, kB", "multiply-adds", "fewer", "threads"];
    numbers.extend(columns.iter().map(|(_, head)| *head));
    let mut grid = TableData::new(&["run", "symbols come"], &numbers);
    for run in found {
        for read_mode in run.read_modes() {
            let mut cells = vec![
                run.row.title(),
                name(read_mode),
                count(run.speed.file_bytes.div_ceil(1000)),
                count(run.speed.dense_bytes.div_ceil(1000)),
                count(run.speed.compact.macs.round() as u64),
                ratio_or_dash(run.mac_ratio()),
                run.threads.to_string(),
            ];
            cells.extend(columns.iter().map(|(implementation, _)| {
                let time = run.speed.time(*implementation, read_mode.0, read_mode.1, run.threads);
                time.map(|time| number::time(time.median)).unwrap_or_default()
            }));
            grid.rows.push(cells);
        }
    }
    grid.filled()
}
