//! The stored runs that a report reads, and which of them stands for a planned run that is not stored.

use std::collections::HashSet;
use std::sync::Arc;

use sparsegate_core::EvaluationMetric;
use sparsegate_spec::types::RunSpec;
use sparsegate_spec::{VaryingKeys, varying};
use sparsegate_store::classes::ClassResults;
use sparsegate_store::format::{EpochMetrics, RunRecord, Structure, Summary};
use sparsegate_store::speed::Speed;
use sparsegate_store::{EpochTime, RunDir, StoreError};

use super::tables;

/// Content of a readable run folder.
pub(super) struct StoredRun {
    pub(super) key: String,
    pub(super) record: Arc<RunRecord>,
    pub(super) summary: Option<Arc<Summary>>,
    pub(super) metrics: Arc<[EpochMetrics]>,
    pub(super) times: Arc<[EpochTime]>,
    pub(super) structure: Option<Arc<Structure>>,
    pub(super) speed: Option<Arc<Speed>>,
    pub(super) classes: Option<Arc<ClassResults>>,
}

/// The parts of a structure that a report shows. Lists of the whole vocabulary would need megabytes for each run.
fn shown(structure: Structure) -> Structure {
    let mut words: Vec<(f64, String)> = structure.strengths.iter().copied().zip(structure.words).collect();
    words.sort_by(|a, b| b.0.total_cmp(&a.0));
    words.truncate(tables::SHOWN_WORDS);
    let (strengths, words) = words.into_iter().unzip();
    Structure { words, strengths, vocabulary: Vec::new(), inputs: Vec::new(), neurons: Vec::new(), ..structure }
}

pub(super) fn read(dir: &RunDir) -> Result<Option<StoredRun>, StoreError> {
    let Some(record) = dir.record()? else { return Ok(None) };
    let (summary, metrics, structure) = (dir.summary()?, dir.metrics()?, dir.structure()?);
    let key = dir.path().file_name().unwrap_or(&record.key).to_owned();
    Ok(Some(StoredRun {
        key,
        record: Arc::new(record),
        summary: summary.map(Arc::new),
        metrics: metrics.into(),
        times: dir.times()?.into(),
        structure: structure.map(|structure| Arc::new(shown(structure))),
        speed: dir.speed()?.map(Arc::new),
        classes: dir.classes()?.map(Arc::new),
    }))
}

/// The metric in the run's summary; `None` for a run that has not ended, or failed before its data were read.
pub(super) fn named_metric(run: &StoredRun) -> Option<EvaluationMetric> {
    run.summary.as_ref().and_then(|summary| summary.metric)
}

/// The stored run of the same point with the most epochs (in a tie, the first by path), excluding runs that are in the
/// plan themselves.
pub(super) fn stale_run(
    stored: &[StoredRun],
    planned: &HashSet<&str>,
    spec: &RunSpec,
    keys: &VaryingKeys,
) -> Option<usize> {
    let wanted = varying::settings(spec);
    let same = |run: &StoredRun| {
        let other = varying::settings(&run.record.spec);
        let fixed = ["task", "dataset", "model.cell", "sparsity", "seed", "backend"];
        fixed.into_iter().chain(keys.keys().iter().map(String::as_str)).all(|path| wanted.get(path) == other.get(path))
    };
    let epochs = |run: &StoredRun| run.metrics.last().map_or(0, |line| line.epoch);
    let mut best: Option<usize> = None;
    for (index, run) in stored.iter().enumerate() {
        if planned.contains(run.key.as_str()) || !same(run) {
            continue;
        }
        if best.is_none_or(|best| epochs(run) > epochs(&stored[best])) {
            best = Some(index);
        }
    }
    best
}

/// An error with its causes on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
