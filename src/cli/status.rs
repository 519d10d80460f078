//! `status`: prints one line per run.

use std::process::ExitCode;

use clap::Args;

use super::CliError;
use super::args::{Global, SpecArgs};
use super::output;
use super::table::TextTable;
use crate::progress;
use sparsegate_pipeline::sweep::{RunStatus, Sweep, not_compiled};
use sparsegate_store::plan::Status;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    specs: SpecArgs,
}

/// Prints state, epoch, metric and time left of each run from its stored files; starts and stops nothing.
///
/// # Errors
/// An error in a spec, an unknown data set, or an unreadable run folder.
pub fn execute(global: &Global, args: &StatusArgs) -> Result<ExitCode, CliError> {
    let mut table = TextTable::new().words("experiment").words("cell").words("sparsity").numbers("seed");
    table = table.words("backend").words("run").words("state");
    for head in ["epoch", "metric", "compression", "time left"] {
        table = table.numbers(head);
    }
    let sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    for status in sweep.status().map_err(CliError::failed)? {
        table.row(row(&status));
    }
    output::print(&table.render(global.color_stdout()))?;
    Ok(ExitCode::SUCCESS)
}

fn row(status: &RunStatus<'_>) -> [String; 11] {
    let RunStatus { experiment, entry, holder, last: _, shown, seconds_left } = status;
    let state = match holder {
        Some(holder) => format!("running ({holder})"),
        None if entry.status != Status::Done && not_compiled(&entry.spec).is_some() => {
            format!("{} (backend not in this build)", entry.status.word())
        }
        None => entry.status.word().to_owned(),
    };
    let collapsed = if shown.as_ref().and_then(EpochMetrics::collapsed).is_some() { ", collapsed" } else { "" };
    [
        experiment.name.clone(),
        entry.spec.model.cell.name().to_owned(),
        entry.spec.sparsity.name.clone(),
        entry.spec.seed.to_string(),
        entry.spec.backend.to_string(),
        entry.key.clone(),
        format!("{state}{collapsed}"),
        format!("{}/{}", status.epoch(), entry.spec.train.epochs),
        shown.as_ref().map(|line| format!("{:.3}", line.valid)).unwrap_or_default(),
        shown.as_ref().map(|line| progress::compression(line.counts.compression_ratio())).unwrap_or_default(),
        seconds_left.map(progress::seconds).unwrap_or_default(),
    ]
}
