//! The stored status of each run of an experiment.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::key::key;
use super::parent::{Parent, ParentRun};
use super::stored_runs::StoredRuns;
use super::{continuation, differences};
use crate::examine::{Examination, examine};
use crate::format::{EpochMetrics, RunRecord};
use crate::index::Examined;
use crate::{RunDir, Store, StoreError};
use sparsegate_spec::Experiment;
use sparsegate_spec::Hashes;
use sparsegate_spec::types::RunSpec;

/// The runs of an experiment with their status, in sweep order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// One entry per run.
    pub entries: Vec<PlanEntry>,
}

/// One run with its status.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanEntry {
    /// The resolved spec.
    pub spec: RunSpec,
    /// The run's key, which is the name of its folder.
    pub key: String,
    /// The parts that the key is computed from.
    pub key_parts: BTreeMap<String, String>,
    /// The run's folder, which need not exist.
    #[serde(skip)]
    pub dir: RunDir,
    /// The stored status.
    pub status: Status,
    /// The run that this one starts from, by `train.start_from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_from: Option<ParentRun>,
}

impl PlanEntry {
    /// The reason for the status, and the run that this one starts from or still needs.
    pub fn why(&self) -> String {
        let why = self.status.why();
        match &self.starts_from {
            Some(parent) if self.status != Status::Done => format!("{why}; {parent}"),
            _ => why,
        }
    }
}

/// Stored status of a run, which determines what `run` does with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Status {
    /// Finished, or stopped early as the spec says; nothing to do.
    Done,
    /// No run of this point of the sweep is stored.
    New {
        /// `never run`.
        why: String,
    },
    /// A run of the same point of the sweep is stored, with another spec, data set, vectors or numerics version.
    Stale {
        /// The differences, stored value first.
        why: String,
    },
    /// Not stored, but a finished run of the same spec with fewer epochs is its beginning, and it goes on from there.
    Continues {
        /// Key of that run.
        run: String,
        /// Its epochs.
        epoch: u32,
    },
    /// Started but not finished; it resumes from its last checkpoint.
    Interrupted {
        /// Finished epochs.
        epoch: u32,
    },
    /// Ended with an error; it is tried again.
    Failed {
        /// The error message.
        error: String,
    },
    /// Its folder holds an unreadable file, so that it cannot run unless the file is deleted or `--force` is given.
    Damaged {
        /// Which file, and what to do.
        error: String,
    },
}

impl Status {
    /// The status as one word.
    pub fn word(&self) -> &'static str {
        match self {
            Status::Done => "done",
            Status::New { .. } => "new",
            Status::Stale { .. } => "stale",
            Status::Continues { .. } => "continues",
            Status::Interrupted { .. } => "interrupted",
            Status::Failed { .. } => "failed",
            Status::Damaged { .. } => "damaged",
        }
    }

    /// The reason for the status.
    pub fn why(&self) -> String {
        match self {
            Status::Done => "finished".to_owned(),
            Status::New { why } | Status::Stale { why } => why.clone(),
            Status::Continues { run, epoch } => format!("goes on from epoch {epoch} of run {run}"),
            Status::Interrupted { epoch } => format!("stopped after epoch {epoch}; resumes from there"),
            Status::Failed { error } | Status::Damaged { error } => error.clone(),
        }
    }
}

/// A plan that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot plan {experiment}: {source}")]
pub struct PlanError {
    experiment: String,
    source: StoreError,
}

/// How far a run is, according to its stored files; empty if nothing is stored or a file is damaged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The metrics of its last finished epoch.
    pub last: Option<EpochMetrics>,
    /// The metrics of the epoch whose model is stored, if the run is finished; otherwise those of `last`.
    pub shown: Option<EpochMetrics>,
}

/// Compares the runs of `experiment` with those stored under `root`. `hashes` are the hashes of the data of a run.
///
/// # Errors
/// The folder of runs cannot be listed. A damaged run is [`Status::Damaged`], not an error.
pub fn plan(root: &Utf8Path, experiment: &Experiment, hashes: impl Fn(&RunSpec) -> Hashes) -> Result<Plan, PlanError> {
    Ok(plan_and_progress(root, experiment, hashes)?.0)
}

/// Like [`plan()`], also with the progress of each run, in order.
///
/// # Errors
/// As [`plan()`].
pub fn plan_and_progress(
    root: &Utf8Path,
    experiment: &Experiment,
    hashes: impl Fn(&RunSpec) -> Hashes,
) -> Result<(Plan, Vec<Progress>), PlanError> {
    let error = |source| PlanError { experiment: experiment.name.clone(), source };
    let store = Store::open(root).map_err(error)?;
    let mut found = Vec::new();
    for spec in &experiment.runs {
        let hashes = hashes(spec);
        let (key, key_parts) = key(spec, &hashes);
        let dir = store.dir(&experiment.name, &key);
        found.push((spec, key, key_parts, dir, Parent::of(&store, spec, &hashes)));
    }
    let wanted: BTreeSet<&str> = found.iter().map(|(_, key, ..)| key.as_str()).collect();
    let parents: BTreeMap<&str, &RunDir> =
        found.iter().filter_map(|(.., parent)| parent.as_ref()).map(|parent| (parent.dir.key(), &parent.dir)).collect();
    let dirs: Vec<&RunDir> = found.iter().map(|(_, _, _, dir, _)| dir).chain(parents.values().copied()).collect();
    let mut examined = examine(root, &dirs);
    let of_parents: BTreeMap<&str, Status> =
        parents.keys().copied().zip(examined.split_off(found.len()).into_iter().map(status_of_parent)).collect();
    // Other stored runs matter only to runs that are not stored.
    let others = if examined.iter().all(|one| !matches!(one, Ok(None))) {
        StoredRuns::default()
    } else {
        StoredRuns::read(&store, &experiment.name).map_err(error)?
    };
    // All at once, by the index: a plan of longer runs must not read each shorter run's files again.
    let new = found.iter().zip(&examined).filter(|(_, examined)| matches!(examined, Ok(None))).map(|(one, _)| one);
    let shorter: BTreeMap<&Utf8Path, &RunDir> = new
        .flat_map(|(spec, _, parts, ..)| continuation::candidates(spec, parts, others.of_point(spec).into_iter()))
        .map(|(dir, _)| (dir.path(), dir))
        .collect();
    let states = examine(root, &shorter.values().copied().collect::<Vec<_>>());
    let is_done = |state: &Examination| matches!(state, Ok(Some(Examined { status: Status::Done, .. })));
    let whole: BTreeSet<&Utf8Path> =
        shorter.keys().zip(&states).filter(|(_, state)| is_done(state)).map(|(path, _)| *path).collect();
    let several_parts = experiment.parts().len() > 1;
    let (mut statuses, mut progress) = (Vec::new(), Vec::new());
    for ((spec, _, key_parts, ..), examined) in found.iter().zip(examined) {
        let (status, last, shown) = match examined {
            Ok(Some(Examined { status, last, shown, .. })) => (status, last, shown),
            Ok(None) => {
                let same_point = others.of_point(spec);
                let candidates = continuation::candidates(spec, key_parts, same_point.iter().copied());
                let status = if let Some((dir, epoch)) = continuation::beginning(candidates, &whole) {
                    Status::Continues { run: dir.key().to_owned(), epoch }
                } else {
                    let others = same_point.iter().map(|(_, record)| record);
                    let others: Vec<&RunRecord> =
                        others.filter(|record| !wanted.contains(record.key.as_str())).collect();
                    unknown(spec, key_parts, &others, several_parts)
                };
                (status, None, None)
            }
            Err(error) => (Status::Damaged { error: error.to_string() }, None, None),
        };
        statuses.push(status);
        progress.push(Progress { last, shown });
    }
    let planned: Vec<bool> =
        found.iter().map(|(.., parent)| parent.as_ref().is_some_and(|one| wanted.contains(one.dir.key()))).collect();
    let status_of = |parent: &Parent| of_parents.get(parent.dir.key()).cloned().unwrap_or_else(never_run);
    let of_parents: Vec<Option<Status>> = found.iter().map(|(.., parent)| parent.as_ref().map(status_of)).collect();
    let mut entries = Vec::new();
    for (((spec, key, key_parts, dir, parent), status), (planned, of_parent)) in
        found.into_iter().zip(statuses).zip(planned.into_iter().zip(of_parents))
    {
        let starts_from = parent.zip(of_parent).map(|(parent, status)| parent.into_run(planned, status));
        entries.push(PlanEntry { spec: spec.clone(), key, key_parts, dir, status, starts_from });
    }
    Ok((Plan { entries }, progress))
}

/// The status of a run that others start from.
fn status_of_parent(examined: Examination) -> Status {
    match examined {
        Ok(Some(Examined { status, .. })) => status,
        Ok(None) => never_run(),
        Err(error) => Status::Damaged { error: error.to_string() },
    }
}

fn never_run() -> Status {
    Status::New { why: "never run".to_owned() }
}

/// Stale if a run of the same point of the sweep is stored under another key, otherwise new. With several tasks or data
/// sets, a run of another one is of another point.
fn unknown(spec: &RunSpec, parts: &BTreeMap<String, String>, others: &[&RunRecord], several_parts: bool) -> Status {
    let point = |spec: &RunSpec| (spec.model.cell, spec.sparsity.name.clone(), spec.seed, spec.backend);
    let same_part = |other: &RunSpec| other.task == spec.task && (!several_parts || other.part() == spec.part());
    let nearest = others
        .iter()
        .filter(|record| point(&record.spec) == point(spec) && same_part(&record.spec))
        .map(|record| differences::between(record, spec, parts))
        .min_by_key(Vec::len);
    match nearest {
        None => never_run(),
        Some(differences) if differences.is_empty() => Status::Stale { why: "the key's definition changed".to_owned() },
        Some(differences) => Status::Stale { why: differences.join(", ") },
    }
}
