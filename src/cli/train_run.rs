//! `train-run` (hidden): trains one run in this process, which `run` starts.
//!
//! Events go to stdout, one JSON line each; log lines and errors go to stderr, which `run` stores as the run's
//! `log.txt`.

use std::io::{stderr, stdout};
use std::process::ExitCode;

use clap::Args;

use super::args::Global;
use super::{CliError, Exit};
use sparsegate_pipeline::exec::{EventReporter, Interrupt, obey_parent};
use sparsegate_pipeline::train_run::{RunObserver, train_run};
use sparsegate_store::Store;
use sparsegate_store::format::RunState;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct TrainRunArgs {
    /// The experiment's name, which tells apart folders of earlier versions
    #[arg(long)]
    experiment: String,
    /// The run's key
    #[arg(long)]
    key: String,
    /// Save at an `s` on standard input, and save and stop when it ends
    #[arg(long)]
    watch_stdin: bool,
}

/// Runs the command.
///
/// # Errors
/// Any error that stops the run; it is also written to stdout as an event.
pub fn execute(global: &Global, args: &TrainRunArgs) -> Result<ExitCode, CliError> {
    let mut reporter = EventReporter::new(stdout(), stderr());
    work(global, args, &mut reporter).inspect_err(|error| reporter.report_failure(error)).map(ExitCode::from)
}

fn work(global: &Global, args: &TrainRunArgs, observer: &mut dyn RunObserver) -> Result<Exit, CliError> {
    let interrupt = Interrupt::install().map_err(CliError::failed)?;
    if args.watch_stdin {
        obey_parent(interrupt.flag());
    }
    let dir = Store::open(&global.root).map_err(CliError::failed)?.dir(&args.experiment, &args.key);
    let summary = train_run(&global.root, &dir, observer, interrupt.flag())?;
    Ok(match summary.state {
        RunState::Done => Exit::Done,
        RunState::Interrupted => Exit::Interrupted,
        RunState::Failed => Exit::Failed,
    })
}
