//! How long the unfinished runs of a sweep will take on this machine, and how much space they need.
//!
//! Times come from stored runs of the same shape that this machine trained, or from a few [measured](Measured) steps;
//! sizes from the files of such runs, or from the numbers of parameters.

mod history;
mod measured;
mod size;

use std::collections::{BTreeMap, BTreeSet};

use super::{Sweep, SweepRun};
use history::{History, Sample};
pub use measured::{Measured, Measurement};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::plan::{Progress, Status};
use sparsegate_store::provenance;

/// What determines the time of an epoch, but for the sparsity level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape(String);

impl Shape {
    /// The shape of a run: data, sizes of network and batches, backend.
    pub(super) fn of(spec: &RunSpec) -> Self {
        let embedding = spec.model.embedding.as_ref().map(|embedding| embedding.size);
        let network =
            (spec.model.kind, spec.model.cell.name(), spec.model.hidden, embedding, spec.model.gate_activation);
        let batches = (spec.train.batch, spec.train.sequence, spec.train.carry_state);
        Self(format!("{:?}", (&spec.dataset, spec.reading, network, batches, spec.backend)))
    }
}

/// What else determines it: which parameters are variational or pruned, and whether dead ones leave the tensors.
pub(super) fn level(spec: &RunSpec) -> String {
    format!("{:?}", (&spec.sparsity, &spec.train.drop_dead))
}

/// Where an estimated time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSource {
    /// So many stored runs of the same shape and level.
    SameLevel(usize),
    /// So many stored runs of the same shape and another level.
    OtherLevel(usize),
    /// A few steps that were measured now.
    Measured,
}

/// The estimate of an unfinished run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunEstimate {
    /// Seconds until its last epoch, if it trains beside as many others as `run` starts; `None` if nothing is known.
    pub seconds: Option<f64>,
    /// Where they come from.
    pub source: Option<TimeSource>,
    /// Bytes that its folder will grow by; `None` if nothing is known.
    pub bytes: Option<u64>,
}

/// The estimates of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepEstimate {
    /// One for each run of the sweep, in order; `None` for a run that is done, or the same as an earlier one.
    pub runs: Vec<Option<RunEstimate>>,
    /// Runs at once.
    pub at_once: usize,
    /// Stored runs of this machine that times come from.
    pub stored: usize,
}

impl SweepEstimate {
    /// Runs without a time.
    pub fn without_time(&self) -> usize {
        self.runs.iter().flatten().filter(|run| run.seconds.is_none()).count()
    }

    /// Seconds until the last run ends: no less than the longest run takes, nor than all share the processors. `None` if
    /// no run has a time.
    pub fn seconds(&self) -> Option<f64> {
        let known: Vec<f64> = self.runs.iter().flatten().filter_map(|run| run.seconds).collect();
        let longest = known.iter().copied().reduce(f64::max)?;
        Some(longest.max(known.iter().sum::<f64>() / self.at_once.max(1) as f64))
    }

    /// Bytes that the runs add in all; `None` if no run's are known.
    pub fn bytes(&self) -> Option<u64> {
        self.runs.iter().flatten().filter_map(|run| run.bytes).reduce(u64::saturating_add)
    }
}

impl Sweep {
    /// Estimates time and space of the runs that are not done. Reads stored files; uses no clock, and what was measured
    /// before only if `measured` has it. Files that cannot be read count as not stored.
    pub fn estimate(&self, measured: &Measured) -> SweepEstimate {
        let open: Vec<Option<(SweepRun<'_>, &Progress)>> = self.open_runs();
        let count = open.iter().flatten().count();
        let parallelism = at_once(count);
        let shapes: BTreeSet<Shape> = open.iter().flatten().map(|(run, _)| Shape::of(&run.entry.spec)).collect();
        let history = History::read(self, &shapes);
        let mut sizes = size::Sizes::new(self);
        let mut used: BTreeSet<String> = BTreeSet::new();
        let mut estimate = |run: SweepRun<'_>, progress: &Progress| {
            let spec = &run.entry.spec;
            let (samples, same) = history.of(spec);
            let finished = finished_epochs(&run, progress);
            let left = |steps_per_epoch: f64| epochs_left(spec, finished, steps_per_epoch);
            let (seconds, source) = if let Some(epoch) = measured.of(spec) {
                (Some(epoch.seconds * left(epoch.steps)), Some(TimeSource::Measured))
            } else if let Some(epoch) =
                median(samples.iter().map(|sample| sample.seconds_with(parallelism.1)).collect())
            {
                used.extend(samples.iter().map(|sample| sample.key.clone()));
                let source = if same { TimeSource::SameLevel } else { TimeSource::OtherLevel };
                (Some(epoch * left(samples[0].steps_per_epoch)), Some(source(samples.len())))
            } else {
                (None, None)
            };
            let whole = samples.iter().filter(|sample| sample.is_done && same).map(|sample| sample.bytes).max();
            let whole = whole.or_else(|| sizes.of(spec));
            let stored = if finished > 0 { history::folder_bytes(&run.entry.dir) } else { 0 };
            RunEstimate { seconds, source, bytes: whole.map(|bytes| bytes.saturating_sub(stored)) }
        };
        let runs = open.into_iter().map(|one| one.map(|(run, progress)| estimate(run, progress))).collect();
        SweepEstimate { runs, at_once: parallelism.0, stored: used.len() }
    }

    /// The runs that are not done, each key once, at their places in the sweep.
    fn open_runs(&self) -> Vec<Option<(SweepRun<'_>, &Progress)>> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let progress = self.experiments().iter().flat_map(|planned| &planned.progress);
        let mut open = Vec::new();
        for (run, progress) in self.runs().zip(progress) {
            let is_open = run.entry.status != Status::Done && seen.insert(&run.entry.key);
            open.push(is_open.then_some((run, progress)));
        }
        open
    }
}

/// Runs at once and threads of each, as `run` chooses them.
fn at_once(runs: usize) -> (usize, usize) {
    let cores = provenance::cores();
    let at_once = cores.min(runs).max(1);
    (at_once, (cores / at_once).max(1))
}

/// Epochs that are stored, whichever run they belong to.
fn finished_epochs(run: &SweepRun<'_>, progress: &Progress) -> u32 {
    match &run.entry.status {
        Status::Continues { epoch, .. } => *epoch,
        Status::Interrupted { .. } | Status::Failed { .. } => progress.last.as_ref().map_or(0, |last| last.epoch),
        Status::New { .. } | Status::Stale { .. } | Status::Damaged { .. } | Status::Done => 0,
    }
}

/// Epochs that remain; a limit of steps may end the run within an epoch. Early stopping is not foreseen.
fn epochs_left(spec: &RunSpec, finished: u32, steps_per_epoch: f64) -> f64 {
    let limit = spec.train.max_steps.filter(|_| steps_per_epoch > 0.0).map(|most| most as f64 / steps_per_epoch);
    let all = f64::from(spec.train.epochs);
    (limit.map_or(all, |limit| limit.min(all)) - f64::from(finished)).max(0.0)
}

/// The median; `None` without values.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) { (values[middle - 1] + upper) / 2.0 } else { upper })
}

/// Samples by shape.
type ByShape = BTreeMap<Shape, Vec<Sample>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "an element of a list of estimates that may be missing")]
    fn run(seconds: Option<f64>, bytes: Option<u64>) -> Option<RunEstimate> {
        Some(RunEstimate { seconds, source: None, bytes })
    }

    #[test]
    fn runs_share_the_processors_and_the_longest_one_counts() {
        let of = |runs, at_once| SweepEstimate { runs, at_once, stored: 0 };
        let three = vec![run(Some(10.0), Some(5)), None, run(Some(30.0), None), run(None, Some(7))];
        let together = of(three.clone(), 2);
        assert_eq!((together.seconds(), together.bytes(), together.without_time()), (Some(30.0), Some(12), 1));
        assert_eq!(of(three, 1).seconds(), Some(40.0));
        assert_eq!((of(vec![None], 2).seconds(), of(vec![run(None, None)], 2).bytes()), (None, None));
    }

    #[test]
    fn medians() {
        assert_eq!(
            [vec![], vec![3.0], vec![5.0, 1.0], vec![9.0, 1.0, 2.0]].map(median),
            [None, Some(3.0), Some(3.0), Some(2.0)]
        );
    }
}
