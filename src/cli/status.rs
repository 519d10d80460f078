//! `status`: one line a run.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;

use super::CliError;
use super::args::{Global, SpecArgs};
use super::table::TextTable;
use crate::data::Manifest;
use crate::plan::{self, PlanEntry};
use crate::progress;
use crate::spec::Experiment;
use crate::store::RunDir;

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    specs: SpecArgs,
}

/// Prints state, epoch, metric and time left of each run, from what is stored; starts and stops nothing.
///
/// # Errors
/// A mistake in a spec, an unknown data set, an unreadable run folder.
pub fn execute(global: &Global, args: &StatusArgs) -> Result<ExitCode, CliError> {
    let mut table = TextTable::new().words("experiment").words("sparsity").numbers("seed").words("run").words("state");
    for head in ["epoch", "metric", "compression", "time left"] {
        table = table.numbers(head);
    }
    for experiment in args.specs.load(global)? {
        let manifest = Manifest::load(&global.root, &experiment.dataset)?;
        let plan = plan::plan(&global.root, &experiment, &manifest.content_hash()).map_err(CliError::failed)?;
        for entry in &plan.entries {
            table.row(row(global, &experiment, entry).map_err(CliError::failed)?);
        }
    }
    // A reader that has seen enough, such as `head`, is no error.
    let _ = std::io::stdout().write_all(table.render(global.color_stdout()).as_bytes());
    Ok(ExitCode::SUCCESS)
}

fn row(global: &Global, experiment: &Experiment, entry: &PlanEntry) -> Result<[String; 9], crate::store::StoreError> {
    let dir = RunDir::new(&global.root, &experiment.name, &entry.key);
    let last = dir.metrics()?.pop();
    let state = match dir.holder()? {
        Some(holder) => format!("running ({holder})"),
        None => entry.status.word().to_owned(),
    };
    let epochs = entry.spec.train.epochs;
    let epoch = last.as_ref().map_or(0, |line| line.epoch);
    let mut left = String::new();
    if let (Some(seconds), true) = (spent(&dir)?, epoch > 0 && epoch < epochs) {
        left = progress::seconds(seconds / f64::from(epoch) * f64::from(epochs - epoch));
    }
    Ok([
        experiment.name.clone(),
        entry.spec.sparsity.name.clone(),
        entry.spec.seed.to_string(),
        entry.key.clone(),
        state,
        format!("{epoch}/{epochs}"),
        last.as_ref().map(|line| format!("{:.3}", line.valid)).unwrap_or_default(),
        last.as_ref().map(|line| format!("{:.1}x", line.counts.compression)).unwrap_or_default(),
        left,
    ])
}

/// Seconds of work that the last checkpoint knows of; none for a run that is over.
fn spent(dir: &RunDir) -> Result<Option<f64>, crate::store::StoreError> {
    let over = dir.summary()?.is_some_and(|summary| summary.state == crate::store::format::RunState::Done);
    Ok(dir.position()?.filter(|_| !over).map(|position| position.train_seconds))
}
