//! The progress of a run according to its stored files.

use super::SweepRun;
use sparsegate_spec::Experiment;
use sparsegate_spec::types::TrainSpec;
use sparsegate_store::format::EpochMetrics;
use sparsegate_store::plan::{PlanEntry, Progress, Status};
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
    pub(super) fn new(run: SweepRun<'a>, progress: &Progress) -> Result<Self, StoreError> {
        let SweepRun { experiment, entry } = run;
        let Progress { last, shown } = progress.clone();
        // Nobody trains a finished run, so its lock need not be looked at.
        let holder = if entry.status == Status::Done { None } else { entry.dir.holder()? };
        let unfinished = last.as_ref().filter(|last| last.epoch < entry.spec.train.epochs && last.step > 0);
        let seconds_left = match unfinished.filter(|_| entry.status != Status::Done) {
            Some(last) => seconds_left(&entry.dir, last, &entry.spec.train)?,
            None => None,
        };
        Ok(Self { experiment, entry, holder, last, shown, seconds_left })
    }

    /// Finished epochs.
    pub fn epoch(&self) -> u32 {
        self.last.as_ref().map_or(0, |line| line.epoch)
    }
}

/// Estimated seconds left: the mean time per step up to the last checkpoint, times the remaining steps.
///
/// `None` without a checkpoint.
fn seconds_left(dir: &RunDir, last: &EpochMetrics, train: &TrainSpec) -> Result<Option<f64>, StoreError> {
    let Some(position) = dir.position()?.filter(|position| position.step > 0) else { return Ok(None) };
    let steps = last.step as f64 / f64::from(last.epoch) * f64::from(train.epochs);
    let steps = train.max_steps.map_or(steps, |most| steps.min(most as f64));
    Ok(Some(position.train_seconds / position.step as f64 * (steps - position.step as f64).max(0.0)))
}
