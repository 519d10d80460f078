//! The run that another run starts from.

use std::fmt;

use serde::Serialize;

use super::key::key;
use super::status::Status;
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

/// A run that another one starts from, before its folder is looked at.
#[derive(Debug)]
pub(super) struct Parent {
    level: String,
    pub(super) dir: RunDir,
}

impl Parent {
    /// The run that `spec` starts from, if it starts from one.
    pub(super) fn of(store: &Store, spec: &RunSpec, hashes: &Hashes) -> Option<Self> {
        let parent = spec.parent()?;
        let dir = store.dir(&parent.experiment, &key(&parent, hashes).0);
        Some(Self { level: parent.sparsity.name, dir })
    }

    /// The same with its status, and whether the plan contains it.
    pub(super) fn into_run(self, planned: bool, status: Status) -> ParentRun {
        ParentRun { run: self.dir.key().to_owned(), level: self.level, planned, status, dir: self.dir }
    }
}

impl ParentRun {
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
