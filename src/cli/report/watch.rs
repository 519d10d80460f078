//! `report --watch`: the report, written again while runs go on.

use std::process::ExitCode;

use super::{Target, reports, write_all};
use crate::cli::args::Global;
use crate::cli::interval::{Interval, time_of_day};
use crate::cli::output;
use crate::cli::{CliError, Exit};
use sparsegate_pipeline::exec::Interrupt;
use sparsegate_pipeline::sweep::{Sweep, WatchedSweep};
use sparsegate_store::StoreError;
use sparsegate_store::plan::{Progress, Status};

/// Writes the report, and again whenever a run has gone on, with one line each time. The last time it is written as
/// without `--watch`, and its table printed.
///
/// # Errors
/// As `report`; but that no run is stored yet is none.
pub(super) fn execute(
    global: &Global,
    sweep: Sweep,
    target: Target<'_>,
    every: Interval,
) -> Result<ExitCode, CliError> {
    let interrupt = Interrupt::install().map_err(CliError::failed)?;
    let mut watched = WatchedSweep::new(sweep)?;
    let reload_every = Some(every.0.as_secs().max(1));
    let mut shown: Option<Stored> = None;
    let mut waits = false;
    while !has_ended(watched.sweep())? {
        let stored = stored(watched.sweep());
        let is_empty = stored.iter().all(|(_, progress)| progress.last.is_none());
        if is_empty && !waits {
            say(global, "no epoch is stored yet; waiting for one");
            waits = true;
        } else if !is_empty && shown.as_ref() != Some(&stored) {
            for report in reports(global, watched.sweep(), Target { reload_every, ..target }) {
                say(global, &format!("{}  {}", written(watched.sweep()), report?.written.index));
            }
            shown = Some(stored);
        }
        if !every.wait(&interrupt, || false) {
            break;
        }
        watched.look()?;
    }
    let interrupted = interrupt.is_raised();
    // The page that stays does not reload itself.
    if !interrupted || shown.is_some() {
        write_all(global, watched.sweep(), target.out, target.figure_width)?;
    }
    if interrupted {
        output::message!("interrupted; the runs go on");
        return Ok(Exit::Interrupted.into());
    }
    Ok(Exit::Done.into())
}

/// What a report shows of each run, as far as it changes while runs go on.
type Stored = Vec<(Status, Progress)>;

fn stored(sweep: &Sweep) -> Stored {
    let of_experiment = |planned: &sparsegate_pipeline::sweep::ExperimentPlan| -> Stored {
        let statuses = planned.plan.entries.iter().map(|entry| entry.status.clone());
        statuses.zip(planned.progress.iter().cloned()).collect()
    };
    sweep.experiments().iter().flat_map(of_experiment).collect()
}

/// Whether each run is done, or has failed and nobody tries it again.
fn has_ended(sweep: &Sweep) -> Result<bool, StoreError> {
    for run in sweep.runs() {
        let ended = match run.entry.status {
            Status::Done => true,
            Status::Failed { .. } => run.entry.dir.holder()?.is_none(),
            _ => false,
        };
        if !ended {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `14:03:22 UTC  3 of 8 runs done`.
fn written(sweep: &Sweep) -> String {
    let done = sweep.runs().filter(|run| run.entry.status == Status::Done).count();
    format!("{}  {done} of {} runs done", time_of_day(), sweep.runs().count())
}

fn say(global: &Global, text: &str) {
    if global.verbosity() >= 0 {
        output::message!("{text}");
    }
}
