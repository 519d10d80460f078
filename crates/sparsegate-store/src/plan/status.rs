//! What is stored of each run, and what is to be done.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use serde::Serialize;

use super::differences;
use super::key::key;
use crate::format::{RunRecord, RunState};
use crate::{RunDir, StoreError};
use sparsegate_spec::Experiment;
use sparsegate_spec::Hashes;
use sparsegate_spec::types::RunSpec;

/// The runs of an experiment, each with what is known of it, in sweep order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// One entry a run.
    pub entries: Vec<PlanEntry>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanEntry {
    /// The resolved spec.
    pub spec: RunSpec,
    /// Its key, the name of its folder.
    pub key: String,
    /// What went into the key.
    pub key_parts: BTreeMap<String, String>,
    /// What is stored, and what follows from it.
    pub status: Status,
}

/// What is stored of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Status {
    /// Finished; nothing to do.
    Done,
    /// Nothing like it is stored.
    New {
        /// `never run`.
        why: String,
    },
    /// The same point of the sweep is stored, with another spec, data set, vectors or numerics.
    Stale {
        /// The differences, stored value first.
        why: String,
    },
    /// Begun and not finished; it goes on from its last checkpoint.
    Interrupted {
        /// Epochs finished.
        epoch: u32,
    },
    /// Ended with an error; it is tried again.
    Failed {
        /// The error.
        error: String,
    },
    /// Its folder holds a file that cannot be read; only `--force`, or deleting it, helps.
    Damaged {
        /// Which file, and how to mend it.
        error: String,
    },
}

impl Status {
    /// One word.
    pub fn word(&self) -> &'static str {
        match self {
            Status::Done => "done",
            Status::New { .. } => "new",
            Status::Stale { .. } => "stale",
            Status::Interrupted { .. } => "interrupted",
            Status::Failed { .. } => "failed",
            Status::Damaged { .. } => "damaged",
        }
    }

    /// The reason in words.
    pub fn why(&self) -> String {
        match self {
            Status::Done => "all epochs finished".to_owned(),
            Status::New { why } | Status::Stale { why } => why.clone(),
            Status::Interrupted { epoch } => format!("stopped after epoch {epoch}; goes on from there"),
            Status::Failed { error } | Status::Damaged { error } => error.clone(),
        }
    }
}

/// What keeps a plan from being made.
#[derive(Debug, thiserror::Error)]
#[error("cannot plan {experiment}: {source}")]
pub struct PlanError {
    experiment: String,
    source: StoreError,
}

/// Compares the runs of `experiment`, whose data have the hashes given, with what is stored under `root`.
///
/// # Errors
/// The folder of runs cannot be listed. A single run's folder that cannot be read is [`Status::Damaged`].
pub fn plan(root: &Utf8Path, experiment: &Experiment, hashes: &Hashes) -> Result<Plan, PlanError> {
    let error = |source| PlanError { experiment: experiment.name.clone(), source };
    let keyed: Vec<_> = experiment.runs.iter().map(|spec| (spec, key(spec, hashes))).collect();
    let wanted: BTreeSet<&str> = keyed.iter().map(|(_, (key, _))| key.as_str()).collect();
    let mut others = Vec::new();
    for dir in crate::runs(root, &experiment.name).map_err(error)? {
        // One that cannot be read says nothing about the others; if it is wanted, it is seen below.
        if let Ok(Some(record)) = dir.record()
            && !wanted.contains(record.key.as_str())
        {
            others.push(record);
        }
    }
    let mut entries = Vec::new();
    for (spec, (key, key_parts)) in keyed {
        let dir = RunDir::new(root, &experiment.name, &key);
        let status = match stored(&dir) {
            Ok(Some(status)) => status,
            Ok(None) => unknown(spec, &key_parts, &others),
            Err(error) => Status::Damaged { error: error.to_string() },
        };
        entries.push(PlanEntry { spec: spec.clone(), key, key_parts, status });
    }
    Ok(Plan { entries })
}

/// What the run's own folder says, if the run was ever begun.
fn stored(dir: &RunDir) -> Result<Option<Status>, StoreError> {
    let record = dir.record()?;
    if let Some(summary) = dir.summary()? {
        // What a report reads must be readable, or the run is not done.
        dir.metrics()?;
        dir.structure()?;
        return Ok(Some(match summary.state {
            RunState::Done => Status::Done,
            RunState::Interrupted => Status::Interrupted { epoch: summary.epochs },
            RunState::Failed => Status::Failed { error: summary.error.unwrap_or_else(|| "no reason is stored".into()) },
        }));
    }
    // A process that was killed leaves no summary.
    if record.is_none() {
        return Ok(None);
    }
    let epoch = dir.position()?.map_or(0, |position| position.epoch);
    Ok(Some(Status::Interrupted { epoch }))
}

/// Stale if the same point of the sweep is stored otherwise, new if not.
fn unknown(spec: &RunSpec, parts: &BTreeMap<String, String>, others: &[RunRecord]) -> Status {
    let point = |spec: &RunSpec| (spec.model.cell, spec.sparsity.name.clone(), spec.seed, spec.backend);
    let nearest = others
        .iter()
        .filter(|record| point(&record.spec) == point(spec))
        .map(|record| differences::between(record, spec, parts))
        .min_by_key(Vec::len);
    match nearest {
        None => Status::New { why: "never run".to_owned() },
        Some(differences) if differences.is_empty() => Status::Stale { why: "the key's rule changed".to_owned() },
        Some(differences) => Status::Stale { why: differences.join(", ") },
    }
}
