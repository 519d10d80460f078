//! Runs that this build cannot train on this machine. A sweep over backends is meant to be trained by several builds or
//! on several machines, so a missing backend only leaves out its own runs.

use std::collections::{BTreeMap, BTreeSet};

use super::Sweep;
use sparsegate_nn::engine::{self, OpenError};
use sparsegate_spec::types::{Backend, RunSpec};

/// The backends of a sweep that cannot be opened on this machine, with the errors.
#[derive(Debug, Clone)]
pub(super) struct UnavailableBackends(BTreeMap<Backend, OpenError>);

impl UnavailableBackends {
    /// Tries to open each backend of the runs once; `elsewhere`, only looks whether it is in the build.
    ///
    /// # Errors
    /// The backend `chosen` for all runs cannot be opened, or none of the backends can.
    pub(super) fn look(sweep: &Sweep, chosen: Option<Backend>, elsewhere: bool) -> Result<Self, OpenError> {
        let wanted: BTreeSet<Backend> = sweep.runs().map(|run| run.entry.spec.backend).chain(chosen).collect();
        let problem = |backend| if elsewhere { missing(backend) } else { engine::open(backend).err() };
        let failed: BTreeMap<Backend, OpenError> =
            wanted.iter().filter_map(|backend| Some((*backend, problem(*backend)?))).collect();
        let refused = match chosen {
            Some(backend) => failed.get(&backend),
            None if failed.len() == wanted.len() => failed.values().next(),
            None => None,
        };
        refused.map_or_else(|| Ok(Self(failed.clone())), |error| Err(error.clone()))
    }

    /// The reason why a run is left out; `None` if it is not.
    pub(super) fn why(&self, spec: &RunSpec) -> Option<&OpenError> {
        self.0.get(&spec.backend)
    }
}

/// The message that this build lacks the run's backend; `None` if it has it. Opens no device, so a plan can use it.
pub fn not_compiled(spec: &RunSpec) -> Option<String> {
    missing(spec.backend).map(|error| error.to_string())
}

/// The error that this build lacks a backend; `None` if it has it.
fn missing(backend: Backend) -> Option<OpenError> {
    let compiled = engine::compiled_backends();
    let lacks = backend.feature().is_some_and(|feature| !compiled.contains(&feature));
    lacks.then_some(OpenError::NotCompiled { backend, compiled })
}
