//! Times and sizes of stored runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{ByShape, Shape, level};
use crate::sweep::Sweep;
use sparsegate_spec::types::RunSpec;
use sparsegate_store::format::RunRecord;
use sparsegate_store::plan::Status;
use sparsegate_store::{RunDir, Store, provenance};

/// Samples of a shape and level that are enough.
const ENOUGH: usize = 5;
/// Stored runs outside the sweep that are looked at: a project may have ten thousand, and the answer is wanted at once.
const LOOKED_AT: usize = 1_000;

/// A stored run of this machine.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) key: String,
    level: String,
    /// Seconds an epoch, with its evaluation.
    seconds: f64,
    threads: usize,
    pub(super) steps_per_epoch: f64,
    pub(super) is_done: bool,
    /// Bytes of its folder.
    pub(super) bytes: u64,
}

impl Sample {
    /// Reads a run; `None` if another machine trained it, or too little of it is stored.
    fn read(dir: &RunDir, record: &RunRecord, machine: &BTreeMap<String, String>) -> Option<Self> {
        let is_here = |fact: &str| record.provenance.get(fact) == machine.get(fact);
        if !(is_here("host") && is_here("cpu")) {
            return None;
        }
        let last = dir.metrics().ok()?.pop().filter(|last| last.epoch > 0 && last.step > 0)?;
        let steps_per_epoch = last.step as f64 / f64::from(last.epoch);
        let summary = dir.finished().ok()?;
        let is_done = summary.is_some();
        let seconds = if let Some(summary) = summary {
            summary.train_seconds / f64::from(last.epoch)
        } else {
            let position = dir.position().ok()?.filter(|position| position.step > 0)?;
            position.train_seconds / position.step as f64 * steps_per_epoch
        };
        let threads = record.provenance.get("threads").and_then(|threads| threads.parse().ok());
        let sample = Self {
            key: dir.key().to_owned(),
            level: level(&record.spec),
            seconds,
            threads: threads.unwrap_or(1).max(1),
            steps_per_epoch,
            is_done,
            bytes: folder_bytes(dir),
        };
        (seconds.is_finite() && seconds > 0.0).then_some(sample)
    }

    /// Seconds an epoch with another number of threads: as if all threads were always busy where there are fewer, and no
    /// faster where there are more, so that an estimate is rather too long.
    pub(super) fn seconds_with(&self, threads: usize) -> f64 {
        self.seconds * (self.threads as f64 / threads as f64).max(1.0)
    }
}

/// The samples of the wanted shapes.
#[derive(Debug, Default)]
pub(super) struct History(ByShape);

impl History {
    /// Reads runs of the sweep, then other stored runs if a wanted shape has none.
    pub(super) fn read(sweep: &Sweep, shapes: &BTreeSet<Shape>) -> Self {
        let mut history = Self::default();
        if shapes.is_empty() {
            return history;
        }
        let machine = provenance::machine();
        let add = |history: &mut Self, dir: &RunDir, spec: &RunSpec, record: Option<RunRecord>| {
            let shape = Shape::of(spec);
            let enough =
                |samples: &Vec<Sample>| samples.iter().filter(|one| one.level == level(spec)).count() >= ENOUGH;
            if !shapes.contains(&shape) || history.0.get(&shape).is_some_and(enough) {
                return;
            }
            let record = record.or_else(|| dir.record().ok().flatten());
            if let Some(sample) = record.and_then(|record| Sample::read(dir, &record, &machine)) {
                history.0.entry(shape).or_default().push(sample);
            }
        };
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for run in sweep.runs().filter(|run| seen.insert(&run.entry.key)) {
            if matches!(run.entry.status, Status::Done | Status::Interrupted { .. }) {
                add(&mut history, &run.entry.dir, &run.entry.spec, None);
            }
        }
        if shapes.iter().any(|shape| !history.0.contains_key(shape)) {
            let others = Store::open(sweep.root()).map(|store| store.with_prefix("")).unwrap_or_default();
            let others = others.into_iter().filter(|dir| !seen.contains(dir.key())).take(LOOKED_AT);
            for (dir, record) in others.filter_map(|dir| dir.record().ok().flatten().map(|record| (dir, record))) {
                let spec = record.spec.clone();
                add(&mut history, &dir, &spec, Some(record));
            }
        }
        history
    }

    /// The samples for a run: those of its level, or of other levels if there is none; and whether they are of its level.
    pub(super) fn of(&self, spec: &RunSpec) -> (Vec<&Sample>, bool) {
        let all: Vec<&Sample> = self.0.get(&Shape::of(spec)).into_iter().flatten().collect();
        let level = level(spec);
        let same: Vec<&Sample> = all.iter().copied().filter(|sample| sample.level == level).collect();
        if same.is_empty() { (all, false) } else { (same, true) }
    }
}

/// Bytes of the files in a run's folder and in its `checkpoint`.
pub(super) fn folder_bytes(dir: &RunDir) -> u64 {
    let of = |folder: &camino::Utf8Path| -> u64 {
        let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.metadata().ok().filter(std::fs::Metadata::is_file))
            .map(|file| file.len())
            .sum()
    };
    of(dir.path()) + of(&dir.path().join("checkpoint"))
}
