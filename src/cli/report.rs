//! `report`: writes tables and figures from stored runs.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::args::{Global, SpecArgs};
use super::output;
use super::table::TextTable;
use super::{CliError, Exit};
use sparsegate_data::Sources;
use sparsegate_report::PlannedExperiment;
use sparsegate_spec::Experiment;
use sparsegate_store::plan::{self, Plan};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Folder to write to [default: reports/NAME under the root; with several specs, DIR/NAME each and
    /// DIR/across-tasks]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A spec or the command line is wrong (2); a data set has no manifest (4); no run is stored, or the folder cannot be
/// written (1).
pub fn execute(global: &Global, args: &ReportArgs) -> Result<ExitCode, CliError> {
    let experiments = args.specs.load(global)?;
    write_all(global, &experiments, args.out.as_deref())?;
    Ok(Exit::Done.into())
}

/// Writes each experiment's report and, for several experiments, the report across them. `out` is the folder of the
/// single report, or the parent folder of several. `run --report` calls this at its end.
///
/// # Errors
/// As [`execute`].
pub fn write_all(global: &Global, experiments: &[Experiment], out: Option<&Utf8Path>) -> Result<(), CliError> {
    let reports = global.root.join("reports");
    if let ([experiment], Some(out)) = (experiments, out) {
        return write(global, experiment, out);
    }
    let folder = out.unwrap_or(&reports);
    for experiment in experiments {
        write(global, experiment, &folder.join(&experiment.name))?;
    }
    if experiments.len() > 1 {
        across(global, experiments, &folder.join("across-tasks"))?;
    }
    Ok(())
}

/// Writes the report across experiments; prints its table and the page's path as [`write`](fn@write) does.
fn across(global: &Global, experiments: &[Experiment], out: &Utf8Path) -> Result<(), CliError> {
    let plans = experiments.iter().map(|experiment| plan_of(global, experiment)).collect::<Result<Vec<_>, _>>()?;
    let tasks: Vec<PlannedExperiment<'_>> =
        experiments.iter().zip(&plans).map(|(experiment, plan)| PlannedExperiment { experiment, plan }).collect();
    let paths = sparsegate_report::across(&global.root, &tasks, out).map_err(CliError::failed)?;
    // The notes on runs are already printed with each experiment's report.
    output::print(&format!("\n{}\n{}\n", TextTable::from(&paths.table).render(global.color_stdout()), paths.index))
}

/// The plan of an experiment, with the hashes of its data sources.
pub(super) fn plan_of(global: &Global, experiment: &Experiment) -> Result<Plan, CliError> {
    let sources = Sources::load(&global.root, &experiment.dataset, &experiment.runs).map_err(CliError::data)?;
    plan::plan(&global.root, experiment, &sources.hashes()).map_err(CliError::failed)
}

/// Writes one experiment's report; the table and the page's path go to stdout, notes to stderr.
fn write(global: &Global, experiment: &Experiment, out: &Utf8Path) -> Result<(), CliError> {
    let plan = plan_of(global, experiment)?;
    let paths = sparsegate_report::write(&global.root, experiment, &plan, out).map_err(CliError::failed)?;
    let notes = if global.verbosity() < 0 { &paths.warnings } else { &paths.notes };
    for note in notes {
        output::message!("note: {note}");
    }
    output::print(&format!("{}\n{}\n", TextTable::from(&paths.table).render(global.color_stdout()), paths.index))
}
