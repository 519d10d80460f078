//! Which runs of a sweep this build can train. A sweep over backends is meant to be trained by several builds, or on several
//! machines, so what one lacks does not keep it from the rest.

use std::collections::BTreeMap;

use super::Sweep;
use crate::cli::CliError;
use crate::cli::args::Global;
use crate::engine;
use crate::spec::Experiment;
use crate::spec::types::{Backend, RunSpec};

/// Refuses a backend asked for on the command line that this build lacks, and experiments of which it can train no run.
///
/// # Errors
/// Which backend is missing (exit code 2).
pub(super) fn check(experiments: &[Experiment], chosen: Option<Backend>) -> Result<(), CliError> {
    let missing = |error: engine::NotCompiled| CliError::usage(error.to_string()).help("use --backend flex".to_owned());
    if let Some(backend) = chosen {
        return engine::check(backend).map_err(missing);
    }
    let mut first = None;
    for run in experiments.iter().flat_map(|experiment| &experiment.runs) {
        match engine::check(run.backend) {
            Ok(()) => return Ok(()),
            Err(error) => first = first.or(Some(error)),
        }
    }
    first.map_or(Ok(()), |error| Err(missing(error)))
}

/// Why a run is left out, if it is.
pub(crate) fn missing(spec: &RunSpec) -> Option<String> {
    engine::check(spec.backend).err().map(|error| error.to_string())
}

/// Says on stderr how many runs are left out of the sweeps, and why.
pub(super) fn note(global: &Global, sweeps: &[Sweep<'_>], force: bool) {
    if global.verbosity() < 0 {
        return;
    }
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for why in sweeps.iter().flat_map(|sweep| sweep.left_out(force)) {
        *reasons.entry(why).or_default() += 1;
    }
    for (why, count) in reasons {
        let runs = if count == 1 { "1 run is" } else { &format!("{count} runs are") };
        eprintln!("note: {runs} left out: {why}");
    }
}
