//! Times of the forward pass.

use crate::grid::Grid;
use crate::number::{self, count, ratio};
use crate::speedups::{Speedup, name};
use sparsegate_store::speed::Who;

/// Columns, which are present if any run has such timings.
const COLUMNS: [(Who, &str); 6] = [
    (Who::Compact, "compact, us"),
    (Who::Dense, "dense, us"),
    (Who::Masked, "masked, us"),
    (Who::PytorchEager, "PyTorch, us"),
    (Who::OnnxruntimeDense, "ONNX Runtime, us"),
    (Who::OnnxruntimeReduced, "our export in ONNX Runtime, us"),
];

/// One row per run, reading mode and batch size, at the largest number of threads measured; `None` without timings.
pub fn speed(found: &[Speedup<'_>]) -> Option<Grid> {
    let timed = |who| found.iter().any(|run| run.speed.timings.iter().any(|timing| timing.who == who));
    let columns: Vec<&(Who, &str)> = COLUMNS.iter().filter(|(who, _)| timed(*who)).collect();
    let mut numbers = vec!["file, kB", "dense, kB", "multiply-adds", "fewer", "threads"];
    numbers.extend(columns.iter().map(|(_, head)| *head));
    let mut grid = Grid::new(&["run", "symbols come"], &numbers);
    for run in found {
        for way in run.ways() {
            let mut cells = vec![
                run.row.title(),
                name(way),
                count(run.speed.file_bytes.div_ceil(1000)),
                count(run.speed.dense_bytes.div_ceil(1000)),
                count(run.speed.compact.macs.round() as u64),
                ratio(run.fewer()),
                run.threads.to_string(),
            ];
            cells.extend(columns.iter().map(|(who, _)| {
                let time = run.speed.time(*who, way.0, way.1, run.threads);
                time.map(|time| number::time(time.median)).unwrap_or_default()
            }));
            grid.rows.push(cells);
        }
    }
    grid.filled()
}
