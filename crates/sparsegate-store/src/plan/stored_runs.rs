//! The stored runs of an experiment, by the point of a sweep that they belong to.

use std::collections::BTreeMap;

use crate::format::RunRecord;
use crate::index::Index;
use crate::{RunDir, Store, StoreError};
use sparsegate_spec::types::RunSpec;

/// The stored runs of an experiment with their records, grouped by what the runs of one point share at least.
#[derive(Debug, Default)]
pub(super) struct StoredRuns(BTreeMap<Point, Vec<(RunDir, RunRecord)>>);

/// Task, cell, level, seed and backend.
type Point = (Option<String>, &'static str, String, u64, String);

fn point(spec: &RunSpec) -> Point {
    let backend = spec.backend.any_device().to_string();
    (spec.task.clone(), spec.model.cell.name(), spec.sparsity.name.clone(), spec.seed, backend)
}

impl StoredRuns {
    /// Reads the records of the runs of `experiment`. An unreadable one is skipped: if its run belongs to the plan, it
    /// is reported as damaged.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the runs cannot be listed.
    pub(super) fn read(store: &Store, experiment: &str) -> Result<Self, StoreError> {
        let index = Index::read(store.root());
        let mut groups: BTreeMap<Point, Vec<(RunDir, RunRecord)>> = BTreeMap::new();
        for dir in store.of_experiment(experiment)? {
            let record = index.record(&dir).or_else(|| dir.record().ok().flatten());
            if let Some(record) = record {
                groups.entry(point(&record.spec)).or_default().push((dir, record));
            }
        }
        Ok(Self(groups))
    }

    /// The runs that may be of the same point as `spec`.
    pub(super) fn of_point(&self, spec: &RunSpec) -> Vec<&(RunDir, RunRecord)> {
        self.0.get(&point(spec)).into_iter().flatten().collect()
    }
}
