//! The progress of a run according to its stored files.

use super::SweepRun;
use sparsegate_spec::Experiment;
use sparsegate_store::format::{EpochMetrics, RunState};
use sparsegate_store::plan::{PlanEntry, Status};
use sparsegate_store::{Holder, RunDir, StoreError};

/// How far a run is.
#[derive(Debug, Clone)]
pub struct RunStatus<'a> {
    /// The experiment that the run belongs to.
    pub experiment: &'a Experiment,
    /// Its spec, key, folder and status.
    pub entry: &'a PlanEntry,
    /// The process that works on it, if any.
    pub holder: Option<Holder>,
    /// The metrics of its last finished epoch, if there is one; `None` if a file is damaged.
    pub last: Option<EpochMetrics>,
    /// The metrics of the epoch whose model is stored, if the run is finished; otherwise those of `last`.
    pub shown: Option<EpochMetrics>,
    /// Estimated seconds until its end; `None` if it is finished or nothing is known yet.
    pub seconds_left: Option<f64>,
}

impl<'a> RunStatus<'a> {
    pub(super) fn read(run: SweepRun<'a>) -> Result<Self, StoreError> {
        let SweepRun { experiment, entry } = run;
        let dir = &entry.dir;
        if matches!(entry.status, Status::Damaged { .. }) {
            let holder = dir.holder()?;
            return Ok(Self { experiment, entry, holder, last: None, shown: None, seconds_left: None });
        }
        let last = dir.metrics()?.pop();
        let holder = dir.holder()?;
        let epochs = entry.spec.train.epochs;
        let seconds_left = match last.as_ref().filter(|last| last.epoch < epochs && last.step > 0) {
            Some(last) => seconds_left(dir, last, epochs)?,
            None => None,
        };
        let finished = dir.summary()?.filter(|summary| summary.state == RunState::Done);
        let shown = finished.and_then(|summary| summary.last).or_else(|| last.clone());
        Ok(Self { experiment, entry, holder, last, shown, seconds_left })
    }

    /// Finished epochs.
    pub fn epoch(&self) -> u32 {
        self.last.as_ref().map_or(0, |line| line.epoch)
    }
}

/// Estimated seconds left: the mean time per step up to the last checkpoint, times the remaining steps.
///
/// `None` without a checkpoint, and for a finished run, which `train.max_steps` may have ended early.
fn seconds_left(dir: &RunDir, last: &EpochMetrics, epochs: u32) -> Result<Option<f64>, StoreError> {
    if dir.summary()?.is_some_and(|summary| summary.state == RunState::Done) {
        return Ok(None);
    }
    let Some(position) = dir.position()?.filter(|position| position.step > 0) else { return Ok(None) };
    let steps = last.step as f64 / f64::from(last.epoch) * f64::from(epochs);
    Ok(Some(position.train_seconds / position.step as f64 * (steps - position.step as f64).max(0.0)))
}
