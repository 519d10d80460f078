//! Speed-up of compact models over the dense network, and the reduction in multiply-adds.

use super::rows::RunRow;
use sparsegate_store::speed::{Implementation, InputMode, Speed};

/// A run whose compact model was timed.
#[derive(Debug, Clone)]
pub struct RunSpeed<'a> {
    /// The run.
    pub row: &'a RunRow,
    /// Its stored timings.
    pub speed: &'a Speed,
    /// The largest number of threads that was measured, which the figures use.
    pub threads: usize,
}

/// A reading mode and its batch size in sequences.
pub type ReadMode = (InputMode, usize);

/// The runs whose compact models were timed.
pub fn speedups(rows: &[RunRow]) -> Vec<RunSpeed<'_>> {
    let timed = rows.iter().filter_map(|row| Some((row, row.speed.as_deref()?)));
    timed
        .filter_map(|(row, speed)| {
            Some(RunSpeed { row, speed, threads: speed.timings.iter().map(|timing| timing.threads).max()? })
        })
        .collect()
}

impl RunSpeed<'_> {
    /// Ratio of multiply-adds: dense network over compact model; `None` if the compact model needs none.
    pub fn mac_ratio(&self) -> Option<f64> {
        let macs = self.speed.compact.macs;
        (macs > 0.0).then(|| self.speed.dense.macs / macs)
    }

    /// Ratio of the time of `implementation` to that of the compact model, which has 8-bit weights if `implementation`
    /// has: `[median, low, high]`, where low and high
    /// are the extreme ratios within both confidence intervals. `None` if one of them was not timed.
    pub fn ratio_to(&self, implementation: Implementation, (mode, batch): ReadMode) -> Option<[f64; 3]> {
        let time = |implementation| self.speed.time(implementation, mode, batch, self.threads);
        let ours = match implementation {
            Implementation::OnnxruntimeInt8 | Implementation::OnnxruntimeReducedInt8 => Implementation::CompactInt8,
            _ => Implementation::Compact,
        };
        let (theirs, ours) = (time(implementation)?, time(ours)?);
        Some([theirs.median / ours.median, theirs.low / ours.high, theirs.high / ours.low])
    }

    /// The timed modes and batch sizes, streaming first.
    pub fn read_modes(&self) -> Vec<ReadMode> {
        let mut read_modes: Vec<ReadMode> =
            self.speed.timings.iter().map(|timing| (timing.mode, timing.batch)).collect();
        read_modes.sort_by_key(|(mode, batch)| (*mode == InputMode::Whole, *batch));
        read_modes.dedup();
        read_modes
    }
}

/// Label of a mode and batch size.
pub fn name((mode, batch): ReadMode) -> String {
    match mode {
        InputMode::Streaming => "symbol by symbol".to_owned(),
        InputMode::Whole => format!("batch {batch}"),
    }
}
