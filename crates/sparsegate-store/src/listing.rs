//! All stored runs.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::examine::examine;
use super::format::RunRecord;
use super::index::{Examined, Index, stamp};
use super::plan::{Progress, Status};
use super::{RunDir, Store, StoreError, experiments};
use sparsegate_core::EvaluationMetric;

/// A stored run.
#[derive(Debug, Clone)]
pub struct StoredRun {
    /// Its folder.
    pub dir: RunDir,
    /// The experiments that use it, sorted.
    pub experiments: Vec<String>,
    /// Its `run.json`; `None` if it cannot be read, or if the folder has none.
    pub record: Option<RunRecord>,
    /// What is stored; `None` if the run was never started.
    pub status: Option<Status>,
    /// How far it is.
    pub progress: Progress,
    /// The metric; `None` if the run has not ended.
    pub metric: Option<EvaluationMetric>,
}

/// All runs stored under `root`, in order of key; each folder is verified, or known to the index as it is now.
///
/// # Errors
/// [`StoreError::Io`] if the runs cannot be listed. A damaged run is [`Status::Damaged`].
pub fn list(root: &Utf8Path) -> Result<Vec<StoredRun>, StoreError> {
    let dirs = Store::open(root)?.with_prefix("");
    let mut users: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let known = experiments::read(root)?;
    for (experiment, keys) in &known {
        for key in keys {
            users.entry(key).or_default().push(experiment.clone());
        }
    }
    Ok(read_all(root, dirs, &users))
}

impl StoredRun {
    /// The run in the folder `dir` of the project folder `root`.
    ///
    /// # Errors
    /// As [`list`].
    pub fn read(root: &Utf8Path, dir: RunDir) -> Result<Self, StoreError> {
        let known = experiments::read(root)?;
        let users = known.iter().filter(|(_, keys)| keys.contains(dir.key())).map(|(name, _)| name.clone()).collect();
        let key = dir.key().to_owned();
        let mut found = read_all(root, vec![dir], &BTreeMap::from([(key.as_str(), users)]));
        Ok(found.swap_remove(0))
    }
}

fn read_all(root: &Utf8Path, dirs: Vec<RunDir>, users: &BTreeMap<&str, Vec<String>>) -> Vec<StoredRun> {
    let examined = examine(root, &dirs.iter().collect::<Vec<_>>());
    let index = Index::read(root);
    let mut runs = Vec::new();
    for (dir, examined) in dirs.into_iter().zip(examined) {
        // The index speaks of this training of the run only if no file has changed since.
        let is_known = index.examined(&dir, &stamp(&dir)).is_some();
        let record = index.record(&dir).filter(|_| is_known).or_else(|| dir.record().ok().flatten());
        let mut experiments = users.get(dir.key()).cloned().unwrap_or_default();
        if experiments.is_empty() {
            experiments.extend(record.iter().map(|record| record.spec.experiment.clone()));
        }
        let (status, progress, metric) = match examined {
            Ok(Some(Examined { status, last, shown, metric })) => (Some(status), Progress { last, shown }, metric),
            Ok(None) => (None, Progress::default(), None),
            Err(error) => (Some(Status::Damaged { error: error.to_string() }), Progress::default(), None),
        };
        runs.push(StoredRun { dir, experiments, record, status, progress, metric });
    }
    runs
}
