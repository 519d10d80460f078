//! `status`: prints one line per run, or the end of a run's log.

use std::process::ExitCode;

use camino::Utf8Path;
use clap::Args;

use super::args::{Global, SpecArgs};
use super::following::follow;
use super::output;
use super::streamed_table::printable;
use super::table::TextTable;
use super::varying_columns::VaryingColumns;
use super::{CliError, Exit};
use crate::progress;
use sparsegate_pipeline::exec::slurm::{Jobs, RunJob};
use sparsegate_pipeline::exec::{Interrupt, Outcome};
use sparsegate_pipeline::sweep::{ExperimentPlan, RunStatus, Sweep, not_compiled};
use sparsegate_spec::VaryingKeys;
use sparsegate_store::find_run;
use sparsegate_store::format::EpochMetrics;
use sparsegate_store::plan::Status;

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
    let exit = if args.wait { wait(global, args, &sweep)? } else { Exit::Done };
    if args.wait {
        sweep = sweep.plan_again()?;
    }
    let jobs = jobs(global);
    let submitted = sweep.runs().any(|run| jobs.of(&run.entry.key).is_some());
    let of = |planned: &ExperimentPlan| VaryingKeys::of(planned.plan.entries.iter().map(|entry| &entry.spec));
    let varying: Vec<VaryingKeys> = sweep.experiments().iter().map(of).collect();
    let columns = VaryingColumns::of(&varying);
    let mut table = columns.heads().fold(TextTable::new().words("experiment").spare(), TextTable::words);
    table = table.words("run").spare().words("state");
    for head in ["epoch", "metric", "compression", "time left"] {
        table = table.numbers(head);
    }
    if submitted {
        table = table.words("job").words("output of the job");
    }
    let of_runs = sweep.experiments().iter().zip(&varying);
    let of_runs = of_runs.flat_map(|(planned, varying)| planned.plan.entries.iter().map(move |_| varying));
    for (status, varying) in sweep.status().map_err(CliError::failed)?.iter().zip(of_runs) {
        let mut cells = vec![status.experiment.name.clone()];
        cells.extend(columns.cells(varying, &status.entry.spec));
        let job = jobs.of(&status.entry.key);
        cells.extend(row(status, job));
        cells.extend(job.into_iter().flat_map(|job| [job.id(), output_path(global, job)]));
        table.row(cells);
    }
    output::print(&table.render(global.color_stdout(), Global::width_stdout()))?;
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

/// The cells after those of the varying keys.
fn row(status: &RunStatus<'_>, job: Option<&RunJob>) -> [String; 6] {
    // A folder that was prepared for a job is no run that was interrupted.
    let waited_only = |job: &RunJob| !job.began && matches!(status.entry.dir.position(), Ok(None));
    let word = match status.entry.status {
        Status::New { .. } if job.is_some() => "not-started",
        Status::Interrupted { epoch: 0 } if job.is_some_and(waited_only) => "not-started",
        ref other => other.word(),
    };
    let RunStatus { experiment: _, entry, holder, last: _, shown, seconds_left } = status;
    // A lock may not be seen from another node, so an active job counts first.
    let active = job.filter(|job| job.is_active()).and_then(RunJob::describe);
    let ended = job.filter(|_| entry.status != Status::Done).and_then(RunJob::describe);
    let state = match holder {
        _ if active.is_some() => active.unwrap_or_default(),
        Some(holder) => format!("running ({holder})"),
        None if entry.status != Status::Done && not_compiled(&entry.spec).is_some() => {
            format!("{} (backend not in this build)", entry.status.word())
        }
        None => ended.map_or_else(|| word.to_owned(), |how| format!("{word}, {how}")),
    };
    let collapsed = if shown.as_ref().and_then(EpochMetrics::collapsed).is_some() { ", collapsed" } else { "" };
    [
        entry.key.clone(),
        format!("{state}{collapsed}"),
        format!("{}/{}", status.epoch(), entry.spec.train.epochs),
        shown.as_ref().map(|line| format!("{:.3}", line.valid)).unwrap_or_default(),
        shown.as_ref().map(|line| progress::compression(line.counts.compression_ratio())).unwrap_or_default(),
        seconds_left.map(progress::seconds).unwrap_or_default(),
    ]
}

/// Path of what the job printed, relative to the project folder where that is shorter.
fn output_path(global: &Global, job: &RunJob) -> String {
    let path = job.output.strip_prefix(&global.root).unwrap_or(&job.output);
    path.to_string()
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
