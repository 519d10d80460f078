//! The stored status of each run of an experiment.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use serde::Serialize;

use super::key::key;
use super::parent::ParentRun;
use super::{continuation, differences};
use crate::format::{RunRecord, RunState};
use crate::{RunDir, Store, StoreError, Verified};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// Compares the runs of `experiment` with those stored under `root`. `hashes` are the hashes of the data of a run.
///
/// # Errors
/// The folder of runs cannot be listed. An unreadable folder of a single run is [`Status::Damaged`], not an error.
pub fn plan(root: &Utf8Path, experiment: &Experiment, hashes: impl Fn(&RunSpec) -> Hashes) -> Result<Plan, PlanError> {
    let error = |source| PlanError { experiment: experiment.name.clone(), source };
    let store = Store::open(root).map_err(error)?;
    let keyed: Vec<_> = experiment.runs.iter().map(|spec| (spec, key(spec, &hashes(spec)))).collect();
    let wanted: BTreeSet<String> = keyed.iter().map(|(_, (key, _))| key.clone()).collect();
    let mut all = Vec::new();
    for dir in store.of_experiment(&experiment.name).map_err(error)? {
        // An unreadable record is skipped here. If the run belongs to the experiment, the loop below reports it as
        // damaged.
        if let Ok(Some(record)) = dir.record() {
            all.push((dir, record));
        }
    }
    let others: Vec<&RunRecord> =
        all.iter().map(|(_, record)| record).filter(|record| !wanted.contains(&record.key)).collect();
    let several_parts = experiment.parts().len() > 1;
    let mut entries = Vec::new();
    for (spec, (key, key_parts)) in keyed {
        let dir = store.dir(&experiment.name, &key);
        let status = match stored(&dir) {
            Ok(Some(status)) => status,
            Ok(None) => match continuation::beginning(spec, &key_parts, &all) {
                Some((dir, epoch)) => Status::Continues { run: dir.key().to_owned(), epoch },
                None => unknown(spec, &key_parts, &others, several_parts),
            },
            Err(error) => Status::Damaged { error: error.to_string() },
        };
        let starts_from = spec.parent().map(|parent| ParentRun::find(&store, parent, &hashes(spec), &wanted));
        entries.push(PlanEntry { spec: spec.clone(), key, key_parts, dir, status, starts_from });
    }
    Ok(Plan { entries })
}

/// The status according to the run's own folder; `None` if the run was never started.
pub(super) fn stored(dir: &RunDir) -> Result<Option<Status>, StoreError> {
    // A run whose files are not what was written must not count as done, and not be resumed.
    if dir.verify()? == Verified::NotStarted {
        return Ok(None);
    }
    if let Some(summary) = dir.summary()? {
        return Ok(Some(match summary.state {
            RunState::Done => Status::Done,
            RunState::Interrupted => Status::Interrupted { epoch: summary.epochs },
            RunState::Failed => Status::Failed { error: summary.error.unwrap_or_else(|| "no reason is stored".into()) },
        }));
    }
    // A process that was killed leaves no summary.
    let epoch = dir.position()?.map_or(0, |position| position.epoch);
    Ok(Some(Status::Interrupted { epoch }))
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
        None => Status::New { why: "never run".to_owned() },
        Some(differences) if differences.is_empty() => Status::Stale { why: "the key's definition changed".to_owned() },
        Some(differences) => Status::Stale { why: differences.join(", ") },
    }
}
