//! `status`: prints one line per run.

use std::process::ExitCode;

use clap::Args;

use super::CliError;
use super::args::{Global, SpecArgs};
use super::output;
use super::table::TextTable;
use super::varying_columns::VaryingColumns;
use crate::progress;
use sparsegate_pipeline::sweep::{ExperimentPlan, RunStatus, Sweep, not_compiled};
use sparsegate_spec::VaryingKeys;
use sparsegate_store::format::EpochMetrics;
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
    let sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    let of = |planned: &ExperimentPlan| VaryingKeys::of(planned.plan.entries.iter().map(|entry| &entry.spec));
    let varying: Vec<VaryingKeys> = sweep.experiments().iter().map(of).collect();
    let columns = VaryingColumns::of(&varying);
    let mut table = columns.heads().fold(TextTable::new().words("experiment"), TextTable::words);
    table = table.words("run").words("state");
    for head in ["epoch", "metric", "compression", "time left"] {
        table = table.numbers(head);
    }
    let of_runs = sweep.experiments().iter().zip(&varying);
    let of_runs = of_runs.flat_map(|(planned, varying)| planned.plan.entries.iter().map(move |_| varying));
    for (status, varying) in sweep.status().map_err(CliError::failed)?.iter().zip(of_runs) {
        let mut cells = vec![status.experiment.name.clone()];
        cells.extend(columns.cells(varying, &status.entry.spec));
        cells.extend(row(status));
        table.row(cells);
    }
    output::print(&table.render(global.color_stdout()))?;
    Ok(ExitCode::SUCCESS)
}

/// The cells after those of the varying keys.
fn row(status: &RunStatus<'_>) -> [String; 6] {
    let RunStatus { experiment: _, entry, holder, last: _, shown, seconds_left } = status;
    let state = match holder {
        Some(holder) => format!("running ({holder})"),
        None if entry.status != Status::Done && not_compiled(&entry.spec).is_some() => {
            format!("{} (backend not in this build)", entry.status.word())
        }
        None => entry.status.word().to_owned(),
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
