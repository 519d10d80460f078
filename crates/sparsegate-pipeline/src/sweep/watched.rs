//! A sweep that is looked at again and again while its runs go on.

use super::{Sweep, SweepError};
use sparsegate_store::format::EpochMetrics;
use sparsegate_store::plan::Status;

/// A sweep with the curve of each run. A look reads only the folders that have changed since the last one.
#[derive(Debug)]
pub struct WatchedSweep {
    sweep: Sweep,
    /// Of each run, as the folder was before it was read.
    stamps: Vec<Option<String>>,
    curves: Vec<Vec<f64>>,
}

impl WatchedSweep {
    /// Plans the sweep again, so that what it says is not older than the first look, and reads the curves.
    ///
    /// # Errors
    /// As [`Sweep::plan`].
    pub fn new(sweep: Sweep) -> Result<Self, SweepError> {
        let runs = sweep.runs().count();
        let mut watched = Self { sweep, stamps: vec![None; runs], curves: vec![Vec::new(); runs] };
        let stamps = watched.stamps();
        watched.read(stamps)?;
        Ok(watched)
    }

    /// Looks again. Returns whether a folder has changed.
    ///
    /// # Errors
    /// As [`Sweep::plan`].
    pub fn look(&mut self) -> Result<bool, SweepError> {
        let stamps = self.stamps();
        if stamps == self.stamps {
            return Ok(false);
        }
        self.read(stamps)?;
        Ok(true)
    }

    /// The sweep as of the last look.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The validation metric of each finished epoch of a run, which is named by its index in [`Sweep::runs`]; empty if
    /// its file is damaged.
    pub fn curve(&self, run: usize) -> &[f64] {
        self.curves.get(run).map_or(&[], Vec::as_slice)
    }

    fn stamps(&self) -> Vec<Option<String>> {
        self.sweep.runs().map(|run| run.entry.dir.stamp()).collect()
    }

    fn read(&mut self, stamps: Vec<Option<String>>) -> Result<(), SweepError> {
        self.sweep = self.sweep.clone().plan_again()?;
        for (place, run) in self.sweep.runs().enumerate() {
            if stamps[place] != self.stamps[place] {
                let is_damaged = matches!(run.entry.status, Status::Damaged { .. });
                let lines = if is_damaged { Vec::new() } else { run.entry.dir.metrics().unwrap_or_default() };
                self.curves[place] = lines.iter().map(|line: &EpochMetrics| line.valid).collect();
            }
        }
        self.stamps = stamps;
        Ok(())
    }
}
