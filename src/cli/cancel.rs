//! `cancel`: takes the jobs of an experiment's runs out of the queue.

use std::process::ExitCode;

use clap::Args;

use super::args::{Global, SpecArgs};
use super::run::run_labels;
use super::table::TextTable;
use super::{CliError, Exit, output};
use sparsegate_pipeline::exec::slurm::Jobs;
use sparsegate_pipeline::sweep::Sweep;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    specs: SpecArgs,
}

/// Cancels the queued and running jobs of the runs and prints which there were. A running one saves its state first.
///
/// # Errors
/// An error in a spec (2); Slurm does not answer or refuses (1).
pub fn execute(global: &Global, args: &CancelArgs) -> Result<ExitCode, CliError> {
    let sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    let keys: Vec<&str> = sweep.runs().map(|run| run.entry.key.as_str()).collect();
    let cancelled = Jobs::read(&global.root)?.cancel(&keys)?;
    if cancelled.is_empty() {
        output::message!("none of its runs is queued or running in Slurm");
        return Ok(Exit::Done.into());
    }
    let mut table = TextTable::new().words("run").words("key").words("cancelled job");
    for (label, key) in run_labels::labels(&sweep).into_iter().zip(keys) {
        if let Some((_, job)) = cancelled.iter().find(|(cancelled, _)| cancelled == key) {
            table.row([label, key.to_owned(), job.clone()]);
        }
    }
    output::print(&table.render(global.color_stdout(), Global::width_stdout()))?;
    Ok(Exit::Done.into())
}
