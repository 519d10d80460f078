//! `status`: prints one line per run.

use std::process::ExitCode;

use clap::Args;

use super::args::{Global, SpecArgs};
use super::output;
use super::table::TextTable;
use super::varying_columns::VaryingColumns;
use super::{CliError, run};
use crate::progress;
use sparsegate_data::Sources;
use sparsegate_spec::{Experiment, VaryingKeys};
use sparsegate_store::format::{EpochMetrics, RunState};
use sparsegate_store::plan::{self, PlanEntry, Status};
use sparsegate_store::{RunDir, StoreError};

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
    let mut planned = Vec::new();
    for experiment in args.specs.load(global)? {
        let sources = Sources::load(&global.root, &experiment.dataset, &experiment.runs)?;
        let plan = plan::plan(&global.root, &experiment, &sources.hashes()).map_err(CliError::failed)?;
        let varying = VaryingKeys::of(plan.entries.iter().map(|entry| &entry.spec));
        planned.push((experiment, plan, varying));
    }
    let columns = VaryingColumns::of(planned.iter().map(|(.., varying)| varying));
    let mut table = columns.heads().fold(TextTable::new().words("experiment"), TextTable::words);
    table = table.words("run").words("state");
    for head in ["epoch", "metric", "compression", "time left"] {
        table = table.numbers(head);
    }
    for (experiment, plan, varying) in &planned {
        for entry in &plan.entries {
            let mut cells = vec![experiment.name.clone()];
            cells.extend(columns.cells(varying, &entry.spec));
            cells.extend(row(global, experiment, entry).map_err(CliError::failed)?);
            table.row(cells);
        }
    }
    output::print(&table.render(global.color_stdout()))?;
    Ok(ExitCode::SUCCESS)
}

/// The cells after those of the varying keys.
fn row(global: &Global, experiment: &Experiment, entry: &PlanEntry) -> Result<[String; 6], StoreError> {
    let dir = RunDir::new(&global.root, &experiment.name, &entry.key);
    let last = dir.metrics()?.pop();
    let state = match dir.holder()? {
        Some(holder) => format!("running ({holder})"),
        None if entry.status != Status::Done && run::not_compiled(&entry.spec).is_some() => {
            format!("{} (backend not in this build)", entry.status.word())
        }
        None => entry.status.word().to_owned(),
    };
    let epochs = entry.spec.train.epochs;
    let epoch = last.as_ref().map_or(0, |line| line.epoch);
    let left = match last.as_ref().filter(|last| epoch < epochs && last.step > 0) {
        Some(last) => seconds_left(&dir, last, epochs)?.map(progress::seconds).unwrap_or_default(),
        None => String::new(),
    };
    Ok([
        entry.key.clone(),
        state,
        format!("{epoch}/{epochs}"),
        last.as_ref().map(|line| format!("{:.3}", line.valid)).unwrap_or_default(),
        last.as_ref().map(|line| format!("{:.1}x", line.counts.compression)).unwrap_or_default(),
        left,
    ])
}

/// Estimated seconds left: the mean time per step up to the last checkpoint, times the remaining steps.
///
/// `None` without a checkpoint, and for a finished run, which `train.max_steps` may have ended early.
fn seconds_left(dir: &RunDir, last: &EpochMetrics, epochs: u32) -> Result<Option<f64>, StoreError> {
    if dir.summary()?.is_some_and(|summary| summary.state == RunState::Done) {
        return Ok(None);
    }
    let Some(position) = dir.position()?.filter(|position| position.step > 0) else { return Ok(None) };
    let steps = last.step as f64 / f64::from(last.epoch) * f64::from(epochs);
    Ok(Some(position.train_seconds / position.step as f64 * (steps - position.step as f64).max(0.0)))
}
