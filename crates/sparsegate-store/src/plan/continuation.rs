//! Finds a stored run that is an exact beginning of a planned one with more epochs.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use crate::format::RunRecord;
use crate::{RunDir, StoreError};
use sparsegate_spec::types::{RateSchedule, RunSpec, TrainSpec};

/// Of the runs `stored`, with their records, those that compute the first epochs of `spec` if they are finished. `parts`
/// are the key parts of the planned run.
pub(super) fn candidates<'a>(
    spec: &RunSpec,
    parts: &BTreeMap<String, String>,
    stored: impl Iterator<Item = &'a (RunDir, RunRecord)>,
) -> impl Iterator<Item = &'a (RunDir, RunRecord)> {
    stored.filter(|(_, record)| is_prefix(&record.spec, spec) && same_data(&record.key_parts, parts))
}

/// The folder and the epochs of the longest of the `candidates` that is in `whole`, the folders whose runs are finished
/// and undamaged, and that has its final state; `None` if there is none.
pub(super) fn beginning<'a>(
    candidates: impl Iterator<Item = &'a (RunDir, RunRecord)>,
    whole: &BTreeSet<&Utf8Path>,
) -> Option<(&'a RunDir, u32)> {
    candidates
        .filter(|(dir, _)| whole.contains(dir.path()))
        // A folder that cannot be read is no reason to refuse the plan; the run then starts from the first epoch.
        .filter(|(dir, record)| matches!(has_final_state(dir, record), Ok(true)))
        .map(|(dir, record)| (dir, record.spec.train.epochs))
        .max_by_key(|(_, epochs)| *epochs)
}

/// Whether each epoch of `shorter` computes what the same epoch of `longer` does, so that its checkpoint is one of
/// `longer` too: they differ in the number of epochs alone, and nothing in them depends on it.
fn is_prefix(shorter: &RunSpec, longer: &RunSpec) -> bool {
    let train = TrainSpec { epochs: longer.train.epochs, ..shorter.train.clone() };
    let extended = RunSpec { train, backend: shorter.backend.any_device(), ..shorter.clone() };
    let longer = RunSpec { backend: longer.backend.any_device(), ..longer.clone() };
    let ends_with_the_run = matches!(longer.train.schedule, RateSchedule::Linear(_) | RateSchedule::Cosine(_))
        || longer.sparsity.magnitude.is_some();
    // With `select: best` the state of the best epoch is gone, and with `max_steps` the last epoch may be incomplete.
    let whole = longer.train.select.is_last() && longer.train.max_steps.is_none();
    shorter.train.epochs < longer.train.epochs && extended == longer && !ends_with_the_run && whole
}

/// Whether two runs read the same data with the same numerics.
fn same_data(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> bool {
    let data = |parts: &BTreeMap<String, String>| {
        let parts = parts.iter().filter(|(name, _)| *name != "spec");
        parts.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    data(a) == data(b)
}

/// Whether the run finished all its epochs and has the checkpoint of its end. A run that collapsed is not continued:
/// what counts as a collapse depends on the number of epochs.
fn has_final_state(dir: &RunDir, record: &RunRecord) -> Result<bool, StoreError> {
    let done = dir.finished()?.is_some_and(|summary| summary.stopped_early.is_none());
    let at_end = |epochs, batch| epochs == record.spec.train.epochs && batch == 0;
    let healthy = dir.metrics()?.iter().all(|line| line.collapse.is_none());
    Ok(done && healthy && dir.position()?.is_some_and(|position| at_end(position.epoch, position.batch)))
}
