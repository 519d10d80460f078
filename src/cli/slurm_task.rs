//! `slurm-task` (hidden): what the job of one run does, which `run --executor slurm` submits.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::Args;

use super::args::Global;
use super::{CliError, Exit, output};
use sparsegate_pipeline::exec::Interrupt;
use sparsegate_pipeline::exec::slurm::{TaskEnd, run_task};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct SlurmTaskArgs {
    /// Folder of the submission
    folder: Utf8PathBuf,
    /// Index of the run in the job array
    index: usize,
}

/// Trains the run and says on standard error, which Slurm keeps, how the job ends.
///
/// # Errors
/// The submission cannot be used (1).
pub fn execute(global: &Global, args: &SlurmTaskArgs) -> Result<ExitCode, CliError> {
    let interrupt = Interrupt::install().map_err(CliError::failed)?;
    interrupt.stop_on_request();
    let program = super::run::this_program()?;
    let mut say = |text: &str| output::message!("{text}");
    let (exit, said) = match run_task(&global.root, &args.folder, args.index, &program, &interrupt, &mut say)? {
        TaskEnd::Done => (Exit::Done, "done".to_owned()),
        TaskEnd::Continued => (Exit::Done, "the time limit is near: saved and requeued".to_owned()),
        TaskEnd::Preempted => (Exit::Done, "asked to make room: saved and requeued".to_owned()),
        TaskEnd::Retried { why } => (Exit::Done, format!("requeued: {why}")),
        TaskEnd::Stopped { signal } => (Exit::Interrupted, format!("interrupted by {signal}, state saved")),
        TaskEnd::Cancelled => (Exit::Interrupted, "cancelled".to_owned()),
        TaskEnd::Failed { why } => (Exit::Failed, format!("failed: {why}")),
    };
    output::message!("{said}");
    Ok(exit.into())
}
