//! Times of the forward pass.

use crate::grid::TableData;
use crate::number::{self, count, ratio_or_dash};
use crate::speedup::{RunSpeed, name};
use sparsegate_store::speed::Implementation;

/// Columns, which are present if any run has such timings.
const COLUMNS: [(Implementation, &str); 9] = [
    (Implementation::Compact, "compact, us"),
    (Implementation::Dense, "dense, us"),
    (Implementation::Masked, "masked, us"),
    (Implementation::PytorchEager, "PyTorch, us"),
    (Implementation::OnnxruntimeDense, "ONNX Runtime, us"),
    (Implementation::OnnxruntimeReduced, "our export in ONNX Runtime, us"),
    (Implementation::CompactInt8, "compact 8 bits, us"),
    (Implementation::OnnxruntimeInt8, "8 bits in ONNX Runtime, us"),
    (Implementation::OnnxruntimeReducedInt8, "our 8-bit export in ONNX Runtime, us"),
];

/// One row per run, reading mode and batch size, at the largest number of threads measured; `None` without timings.
pub fn speed(found: &[RunSpeed<'_>]) -> Option<TableData> {
    let timed = |implementation| {
        found.iter().any(|run| run.speed.timings.iter().any(|timing| timing.implementation == implementation))
    };
    let columns: Vec<&(Implementation, &str)> =
        COLUMNS.iter().filter(|(implementation, _)| timed(*implementation)).collect();
    let mut numbers = vec!["file, kB", "dense, kB", "multiply-adds", "fewer", "threads"];
    let sized = found.iter().any(|run| run.speed.int8.is_some());
    if sized {
        numbers.splice(2..2, ["file 8 bits, kB", "dense 8 bits, kB"]);
    }
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
            if sized {
                let kilobytes = |bytes: Option<u64>| bytes.map(|bytes| count(bytes.div_ceil(1000))).unwrap_or_default();
                let [ours, theirs] = run.speed.int8.map_or([None; 2], |bytes| [Some(bytes.compact), bytes.onnxruntime]);
                cells.splice(4..4, [kilobytes(ours), kilobytes(theirs)]);
            }
            cells.extend(columns.iter().map(|(implementation, _)| {
                let time = run.speed.time(*implementation, read_mode.0, read_mode.1, run.threads);
                time.map(|time| number::time(time.median)).unwrap_or_default()
            }));
            grid.rows.push(cells);
        }
    }
    grid.filled()
}
