//! Which runs of a sweep this build can train. A sweep over backends is meant to be trained by several builds, or on several
//! machines, so what one lacks does not keep it from the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::Sweep;
use crate::cli::CliError;
use crate::cli::args::Global;
use crate::engine;
use crate::spec::Experiment;
use crate::spec::types::{Backend, RunSpec};

/// Opens what is wanted: the backend asked for on the command line, or those of the experiments that this build has.
///
/// # Errors
/// A backend asked for that this build or machine lacks, experiments of which this build can train no run, or a backend of
/// theirs that is in this build and finds no device (exit code 2).
pub(super) fn check(experiments: &[Experiment], chosen: Option<Backend>) -> Result<(), CliError> {
    let of_runs = experiments.iter().flat_map(|experiment| &experiment.runs).map(|run| run.backend);
    let wanted: BTreeSet<Backend> = chosen.map_or_else(|| of_runs.collect(), |backend| [backend].into());
    let (here, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|backend| engine::check(*backend).is_ok());
    if here.is_empty()
        && let Some(backend) = missing.first()
    {
        engine::check(*backend)?;
    }
    for backend in here {
        engine::open(backend)?;
    }
    Ok(())
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
