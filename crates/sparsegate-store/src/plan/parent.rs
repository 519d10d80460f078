//! The run that another run starts from.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::key::key;
use super::status::{Status, stored};
use crate::{RunDir, Store};
use sparsegate_spec::Hashes;
use sparsegate_spec::types::RunSpec;

/// The run that another one starts from, with its stored status.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParentRun {
    /// Its key.
    pub run: String,
    /// Name of its sparsity level.
    pub level: String,
    /// Whether the plan contains it, so that it is trained first if it is not done.
    pub planned: bool,
    /// Its stored status.
    pub status: Status,
    /// Its folder, which need not exist.
    #[serde(skip)]
    pub dir: RunDir,
}

impl ParentRun {
    /// Looks for the run with the spec `parent`; `planned` are the keys of the plan's runs.
    pub(super) fn find(store: &Store, parent: RunSpec, hashes: &Hashes, planned: &BTreeSet<String>) -> Self {
        let (run, _) = key(&parent, hashes);
        let dir = store.dir(&parent.experiment, &run);
        let status = match stored(&dir) {
            Ok(Some(status)) => status,
            Ok(None) => Status::New { why: "never run".to_owned() },
            Err(error) => Status::Damaged { error: error.to_string() },
        };
        Self { planned: planned.contains(&run), run, level: parent.sparsity.name, status, dir }
    }

    /// Whether it is finished, or will be trained together with the run that starts from it.
    pub fn is_available(&self) -> bool {
        self.planned || self.status == Status::Done
    }
}

/// `starts from RUN (dense)`, or `needs RUN (dense), which was never run`.
impl fmt::Display for ParentRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, level, .. } = self;
        match &self.status {
            _ if self.is_available() => write!(f, "starts from {run} ({level})"),
            Status::New { .. } => write!(f, "needs {run} ({level}), which was never run"),
            status => write!(f, "needs {run} ({level}), which is {}", status.word()),
        }
    }
}
