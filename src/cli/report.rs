//! `report`: tables and figures from what is stored.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::args::{Global, SpecArgs};
use super::output;
use super::table::TextTable;
use super::{CliError, Exit};
use sparsegate_data::Sources;
use sparsegate_report::Task;
use sparsegate_spec::Experiment;
use sparsegate_store::plan::{self, Plan};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Folder to write to [default: reports/NAME under the root; with several specs, DIR/NAME each and DIR/across-tasks]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A spec or the command line is wrong (2), a dataset has no manifest (4), nothing is stored or the folder cannot be
/// written (1).
pub fn execute(global: &Global, args: &ReportArgs) -> Result<ExitCode, CliError> {
    let experiments = args.specs.load(global)?;
    write_all(global, &experiments, args.out.as_deref())?;
    Ok(Exit::Done.into())
}

/// Writes each experiment's report and, if there are several, the one on all of them; `out` is the folder of one
/// experiment or the one above several. `run --report` ends with it.
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

/// Writes the report on all the experiments together; prints it as [`write`] does.
fn across(global: &Global, experiments: &[Experiment], out: &Utf8Path) -> Result<(), CliError> {
    let plans = experiments.iter().map(|experiment| plan_of(global, experiment)).collect::<Result<Vec<_>, _>>()?;
    let tasks: Vec<Task<'_>> =
        experiments.iter().zip(&plans).map(|(experiment, plan)| Task { experiment, plan }).collect();
    let paths = sparsegate_report::across(&global.root, &tasks, out).map_err(CliError::failed)?;
    // The notes on runs were told with each experiment's report.
    output::print(&format!("\n{}\n{}\n", TextTable::from(&paths.table).render(global.color_stdout()), paths.index))
}

/// The plan of an experiment, with its data's hashes.
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
        output::say!("note: {note}");
    }
    output::print(&format!("{}\n{}\n", TextTable::from(&paths.table).render(global.color_stdout()), paths.index))
}
