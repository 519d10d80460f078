//! `status`: prints one line per run, once or while runs go on, or the end of a run's log.

mod screen;
mod sparkline;
mod table;
mod watch;

use std::process::ExitCode;

use camino::Utf8Path;
use clap::Args;

use super::args::{Global, SpecArgs};
use super::following::follow;
use super::interval::Interval;
use super::output;
use super::terminal_text::printable;
use super::{CliError, Exit};
use sparsegate_pipeline::exec::slurm::Jobs;
use sparsegate_pipeline::exec::{Interrupt, Outcome};
use sparsegate_pipeline::sweep::Sweep;
use sparsegate_store::find_run;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Print the end of the logs of runs instead; SPEC is then a RUN, as `predict` takes it
    #[arg(long, conflicts_with_all = ["set", "only"])]
    log: bool,
    /// Wait until no run is queued or running in Slurm any more, and print what changes; submits nothing
    #[arg(long, conflicts_with = "log")]
    wait: bool,
    /// Redraw the table every 2 seconds, or SECONDS, with the curve of the validation metric, until no run trains or is
    /// queued any more. Ctrl-C ends the view with exit code 130 and leaves the runs alone. Where stdout is no terminal,
    /// the table is printed again when it changes
    #[arg(
        long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "2",
        conflicts_with_all = ["log", "wait"]
    )]
    watch: Option<Interval>,
}

/// Lines of a log to print.
const LOG_LINES: usize = 40;

/// Prints state, epoch, metric and time left of each run from its stored files, and what Slurm says about the runs that
/// it was given; starts and stops nothing. With `--wait` the exit code is 1 if a run that it waited for is not done, and
/// 130 if the waiting was interrupted.
///
/// # Errors
/// An error in a spec, an unknown data set or run, an unreadable run folder, or, with `--wait`, a Slurm that does not
/// answer.
pub fn execute(global: &Global, args: &StatusArgs) -> Result<ExitCode, CliError> {
    if args.log {
        args.specs.specs.iter().try_for_each(|run| log(global, run.as_str()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    if let Some(every) = args.watch {
        return watch::execute(global, sweep, every);
    }
    let exit = if args.wait { wait(global, args, &sweep)? } else { Exit::Done };
    if args.wait {
        sweep = sweep.plan_again()?;
    }
    let statuses = sweep.status().map_err(CliError::failed)?;
    output::print(&table::tables(global, &sweep, &statuses, &jobs(global)))?;
    Ok(exit.into())
}

/// The jobs, or none with a note if Slurm does not answer.
fn jobs(global: &Global) -> Jobs {
    let jobs = Jobs::read(&global.root).unwrap_or_else(|error| {
        output::message!("note: what Slurm does is not known: {error}");
        Jobs::default()
    });
    jobs.problems().for_each(|problem| output::message!("note: {problem}"));
    jobs
}

/// Waits until no job of the runs is queued or running, and says how that ended.
fn wait(global: &Global, args: &StatusArgs, sweep: &Sweep) -> Result<Exit, CliError> {
    let interrupt = Interrupt::install().map_err(CliError::failed)?;
    let jobs = Jobs::read(&global.root)?;
    let outcome = |key: &str| match jobs.of(key).filter(|job| job.is_active()) {
        Some(job) => Outcome::Queued { job: job.id() },
        None => Outcome::NotStarted,
    };
    let mut outcomes: Vec<Outcome> = sweep.runs().map(|run| outcome(&run.entry.key)).collect();
    if !follow(global, sweep, &mut outcomes, &interrupt) {
        let specs = args.specs.repeated(global, None);
        output::message!("interrupted; the jobs go on: `sparsegate cancel {specs}` cancels them");
        return Ok(Exit::Interrupted);
    }
    let failed = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed { .. }));
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

/// Prints the end of the log of `run`, and of what its job printed.
fn log(global: &Global, run: &str) -> Result<(), CliError> {
    let dir = find_run(&global.root, run)?;
    let jobs = jobs(global);
    let mut text = String::new();
    let mut add = |path: &Utf8Path, tail: &str| {
        let lines: Vec<String> = tail.lines().map(printable).collect();
        let lines = if lines.is_empty() { "(nothing)".to_owned() } else { lines.join("\n") };
        text.push_str(&format!("==> {path}\n{lines}\n"));
    };
    add(&dir.log_path(), &dir.log_tail(LOG_LINES));
    if let Some(job) = jobs.of(dir.key()) {
        let printed = fs_err::read(&job.output).unwrap_or_default();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        let lines: Vec<&str> = printed.lines().collect();
        add(&job.output, &lines[lines.len().saturating_sub(LOG_LINES)..].join("\n"));
    }
    output::print(&text)
}
