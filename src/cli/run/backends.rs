//! Runs that this build cannot train on this machine. A sweep over backends is meant to be trained by several builds or
//! on several machines, so a missing backend only leaves out its own runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::CliError;
use crate::cli::args::Global;
use crate::cli::output;
use sparsegate_nn::engine::{self, OpenError};
use sparsegate_spec::Experiment;
use sparsegate_spec::types::{Backend, RunSpec};

/// The backends of the experiments that cannot be opened on this machine, with the errors.
pub(crate) struct UnavailableBackends(BTreeMap<Backend, OpenError>);

impl UnavailableBackends {
    /// Tries to open each backend of the runs once.
    ///
    /// # Errors
    /// The backend `chosen` on the command line cannot be opened, or none of the backends can (exit code 2).
    pub(super) fn look(experiments: &[Experiment], chosen: Option<Backend>) -> Result<Self, CliError> {
        let runs = experiments.iter().flat_map(|experiment| &experiment.runs);
        let wanted: BTreeSet<Backend> = runs.map(|run| run.backend).chain(chosen).collect();
        let failed: BTreeMap<Backend, OpenError> =
            wanted.iter().filter_map(|backend| Some((*backend, engine::open(*backend).err()?))).collect();
        let refused = match chosen {
            Some(backend) => failed.get(&backend),
            None if failed.len() == wanted.len() => failed.values().next(),
            None => None,
        };
        refused.map_or_else(|| Ok(Self(failed.clone())), |error| Err(error.clone().into()))
    }

    /// The reason why a run is left out; `None` if it is not.
    pub(super) fn why(&self, spec: &RunSpec) -> Option<&OpenError> {
        self.0.get(&spec.backend)
    }

    /// Reports on stderr how many runs are left out, why, and what to do about it.
    pub(super) fn note<'a>(&self, global: &Global, left_out: impl Iterator<Item = &'a RunSpec>) {
        if global.verbosity() < 0 {
            return;
        }
        let mut counts: BTreeMap<Backend, usize> = BTreeMap::new();
        for spec in left_out {
            *counts.entry(spec.backend).or_default() += 1;
        }
        for (backend, count) in counts {
            let Some(error) = self.0.get(&backend) else { continue };
            let runs = if count == 1 { "1 run is" } else { &format!("{count} runs are") };
            output::message!("note: {runs} left out: {error}\n  help: {}", error.hint());
        }
    }
}

/// The message that this build lacks the run's backend; `None` if it has it. Opens no device, for `plan` and `status`.
pub(crate) fn not_compiled(spec: &RunSpec) -> Option<String> {
    let compiled = engine::compiled_backends();
    let lacks = spec.backend.feature().is_some_and(|feature| !compiled.contains(&feature));
    lacks.then(|| OpenError::NotCompiled { backend: spec.backend, compiled }.to_string())
}
