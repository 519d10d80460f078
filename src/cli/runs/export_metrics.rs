//! `runs export-metrics`: stored metrics as event files for TensorBoard.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::args::{self, Global};
use crate::cli::event_files::{NamedRun, of_sweep};
use crate::cli::output;
use crate::cli::terminal_text::printable;
use crate::cli::{CliError, Exit};
use sparsegate_data::{Manifest, Unit};
use sparsegate_pipeline::sweep::Sweep;
use sparsegate_spec::VaryingKeys;
use sparsegate_store::format::RunRecord;
use sparsegate_store::{RunDir, find_runs};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ExportMetricsArgs {
    /// Experiment files, for all their runs, and runs, each by its key or a prefix of it, its folder, or
    /// EXPERIMENT:KEY=VALUE,... for those that match. Runs may be unfinished
    #[arg(value_name = "SPEC|RUN", required = true)]
    subjects: Vec<String>,
    /// The folder for `tensorboard --logdir`; each run gets EXPERIMENT/RUN in it. Files that are there are brought up to
    /// date
    #[arg(long, value_name = "DIR")]
    to: Utf8PathBuf,
}

/// Writes an event file for each run with a finished epoch.
///
/// # Errors
/// No such run, or none with a finished epoch (2); damaged metrics (4); a file that cannot be written (1).
pub fn execute(global: &Global, args: &ExportMetricsArgs) -> Result<ExitCode, CliError> {
    let mut seen = BTreeSet::new();
    let mut runs = subjects(global, &args.subjects)?;
    runs.retain(|run| seen.insert(run.dir.path().to_owned()));
    let (mut with_epochs, mut written) = (0, 0);
    for run in &runs {
        written += usize::from(run.write(&args.to)?);
        with_epochs += usize::from(!run.dir.metrics()?.is_empty());
    }
    if with_epochs == 0 {
        return Err(CliError::usage("no run has a finished epoch yet").help("train the experiment first: `run`"));
    }
    if global.verbosity() >= 0 {
        let runs = if with_epochs == 1 { "run" } else { "runs" };
        output::message!(
            "{}: event files of {with_epochs} {runs}, {written} of them new or longer than before",
            args.to
        );
    }
    Ok(Exit::Done.into())
}

/// The runs that the arguments name.
fn subjects(global: &Global, subjects: &[String]) -> Result<Vec<NamedRun>, CliError> {
    let (mut named, mut found) = (Vec::new(), Vec::new());
    for subject in subjects {
        if let Some(file) = args::experiment_file(&global.root, subject) {
            let experiments = sparsegate_spec::load_all_in(&global.root, std::slice::from_ref(&file), &[], &[])?;
            named.extend(of_sweep(&Sweep::plan(&global.root, experiments)?));
        } else {
            found.extend(find_runs(&global.root, subject).map_err(sparsegate_compact::FindModelError::from)?);
        }
    }
    named.extend(stored(global, found)?);
    Ok(named)
}

/// Stored runs with their names, which tell those of an experiment apart.
fn stored(global: &Global, dirs: Vec<RunDir>) -> Result<Vec<NamedRun>, CliError> {
    let mut groups: BTreeMap<String, Vec<(RunDir, RunRecord)>> = BTreeMap::new();
    for dir in dirs {
        if let Some(record) = dir.record()? {
            groups.entry(record.spec.experiment.clone()).or_default().push((dir, record));
        }
    }
    let mut named = Vec::new();
    for (experiment, runs) in groups {
        let varying = VaryingKeys::of(runs.iter().map(|(_, record)| &record.spec));
        for (dir, record) in runs {
            let label = printable(&varying.label(&record.spec));
            // A run that has not ended does not say which metric it has.
            let unit = || Manifest::load(&global.root, &record.spec.dataset).ok()?.reader.unit();
            let ended = dir.summary()?.and_then(|summary| summary.metric);
            let metric = ended.or_else(|| unit().map(Unit::evaluation_metric));
            named.push(NamedRun { dir, experiment: experiment.clone(), label, metric });
        }
    }
    Ok(named)
}
