//! `run`: trains the unfinished runs of experiments.

mod results;
pub(super) mod run_labels;
mod slurm;

use std::path::PathBuf;
use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::Args;

use super::args::{Global, OutputFormat, SpecArgs};
use super::config::{ExecutorName, UserConfig};
use super::event_files::WithEventFiles;
use super::output;
use super::{CliError, Exit, report};
use crate::progress::{Display, ProgressMode};
use sparsegate_pipeline::exec::{Interrupt, LocalProcesses, Outcome};
use sparsegate_pipeline::sweep::{PreparedSweep, Sweep, SweepOptions};
use sparsegate_spec::types::Backend;
use sparsegate_store::plan::Status;

/// Arguments of the command.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "the switches of a command line are independent of each other")]
pub struct RunArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Backend to train on; overrides the specs
    #[arg(long, value_name = "BACKEND")]
    backend: Option<Backend>,
    /// Number of runs at once [default: the number of processors, at most that of runs; with Slurm, as many as it
    /// starts]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Retrain finished runs from scratch; the results of all of them are removed before the first one starts
    #[arg(long)]
    force: bool,
    /// Use only cached data; download nothing
    #[arg(long)]
    offline: bool,
    /// A folder or URL that holds the data files under the manifests' paths
    #[arg(long, value_name = "DIR|URL", env = sparsegate_data::MIRROR_VARIABLE)]
    mirror: Option<String>,
    /// Write the report afterwards; print its table and the path of its page instead of the results
    #[arg(long)]
    report: bool,
    /// Keep event files for TensorBoard in this folder current while the runs train
    #[arg(long, value_name = "DIR")]
    tensorboard: Option<Utf8PathBuf>,
    /// Who trains the runs [default: `executor` of the configuration, or this machine]
    #[arg(long, value_name = "NAME", value_enum)]
    executor: Option<ExecutorName>,
    /// What to ask of Slurm, such as time=4:00:00; may be repeated, and overrides the configuration
    #[arg(long, value_name = "KEY=VALUE")]
    slurm: Vec<String>,
    /// With Slurm: wait until the runs have ended, and print what becomes of them
    #[arg(long)]
    wait: bool,
    /// How to show progress
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    progress: ProgressMode,
    /// Output format of the results
    #[arg(long, value_enum, default_value_t, conflicts_with = "report")]
    format: OutputFormat,
}

/// Runs the command.
///
/// # Errors
/// A spec or the command line is wrong (2); data are missing or corrupt (4); a run folder cannot be used (1). A failed
/// run is not such an error: the other runs continue, and the exit code is 1 at the end.
pub fn execute(global: &Global, args: &RunArgs) -> Result<ExitCode, CliError> {
    // Until the first run starts there is nothing to save.
    let interrupt = Interrupt::install().map_err(CliError::failed)?;
    interrupt.end_at_once(true);
    let config = UserConfig::load()?;
    match args.executor.or(config.executor).unwrap_or_default() {
        ExecutorName::Slurm => {
            let mut options = config.slurm;
            joined(&args.slurm).iter().try_for_each(|pair| options.set(pair))?;
            slurm::execute(global, args, options, &interrupt)
        }
        ExecutorName::Local if args.wait || !args.slurm.is_empty() => {
            let option = if args.wait { "--wait" } else { "--slurm" };
            Err(CliError::usage(format!("`{option}` is for runs that Slurm trains")).help("add --executor slurm"))
        }
        ExecutorName::Local => local(global, args, &interrupt),
    }
}

/// The options of `--slurm`, in which those of sbatch are together: repeated ones add to each other.
fn joined(pairs: &[String]) -> Vec<String> {
    let (sbatch, mut others): (Vec<&str>, Vec<String>) =
        pairs.iter().fold((Vec::new(), Vec::new()), |mut found, pair| {
            match pair.strip_prefix("sbatch=") {
                Some(words) => found.0.push(words),
                None => found.1.push(pair.clone()),
            }
            found
        });
    if !sbatch.is_empty() {
        others.push(format!("sbatch={}", sbatch.join(" ").trim()));
    }
    others
}

/// Trains the runs on this machine.
fn local(global: &Global, args: &RunArgs, interrupt: &Interrupt) -> Result<ExitCode, CliError> {
    let sweep = plan(global, args)?;
    let prepared = sweep.prepare(&options(args))?;
    note_left_out(global, &prepared);
    if args.force || sweep.runs().any(|run| run.entry.status != Status::Done) {
        note_local_locks(global);
    }
    let display = Display::new(args.progress, global.verbosity() < 0, run_labels::labels(&sweep));
    let mut display = WithEventFiles::new(display, args.tensorboard.as_deref(), &sweep);
    let processes = processes(args)?;
    interrupt.end_at_once(false);
    let outcomes = prepared.run(&processes, &mut display, interrupt)?;
    interrupt.end_at_once(true);
    display.report_failure();

    let unfinished = |outcome: &Outcome| matches!(outcome, Outcome::Interrupted | Outcome::NotStarted);
    // A signal counts even if it came when the last run had just ended: the user must not see a success.
    let interrupted = interrupt.is_raised() || outcomes.iter().any(unfinished);
    if interrupted || !args.report {
        results::print(global, &sweep, &outcomes, args.format)?;
    }
    if interrupted {
        results::print_failures(&sweep, &outcomes);
        let by = interrupt.signal().map(|signal| format!(" by {signal}")).unwrap_or_default();
        output::message!("interrupted{by}, state saved; run the same command again to resume");
        return Ok(Exit::Interrupted.into());
    }
    let failed = results::print_failures(&sweep, &outcomes);
    if args.report {
        report::write_all(global, &sweep.plan_again()?, None, None)?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Done }.into())
}

fn plan(global: &Global, args: &RunArgs) -> Result<Sweep, CliError> {
    let backend: Vec<String> = args.backend.iter().map(|backend| format!("backend={backend}")).collect();
    Ok(Sweep::plan(&global.root, args.specs.load_with(global, &backend)?)?)
}

fn options(args: &RunArgs) -> SweepOptions {
    SweepOptions {
        backend: args.backend,
        force: args.force,
        offline: args.offline,
        mirror: args.mirror.clone(),
        elsewhere: false,
    }
}

/// Starts this program again for each run.
fn processes(args: &RunArgs) -> Result<LocalProcesses, CliError> {
    Ok(LocalProcesses { at_once: args.jobs.map(usize::from), ..LocalProcesses::new(this_program()?) })
}

/// The path of this program, to start it again.
///
/// # Errors
/// The system does not tell (1).
pub(super) fn this_program() -> Result<PathBuf, CliError> {
    std::env::current_exe().map_err(|e| CliError::failed(format!("cannot find this program to start it again: {e}")))
}

/// Warns on stderr if the runs are on a file system whose locks other hosts do not see.
fn note_local_locks(global: &Global) {
    let local = sparsegate_store::local_locks([global.root.as_path(), &global.root.join("runs")]);
    if let Some(local) = local.filter(|_| global.verbosity() >= 0) {
        output::message!("note: {local}\n  help: {}", local.hint());
    }
}

/// Reports on stderr how many runs are left out, why, and what to do about it.
fn note_left_out(global: &Global, prepared: &PreparedSweep<'_>) {
    if global.verbosity() < 0 {
        return;
    }
    for left_out in prepared.left_out() {
        let runs = if left_out.runs == 1 { "1 run is" } else { &format!("{} runs are", left_out.runs) };
        output::message!("note: {runs} left out: {}\n  help: {}", left_out.error, left_out.error.hint());
    }
}
