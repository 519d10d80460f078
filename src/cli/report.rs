//! `report`: writes tables and figures from stored runs.

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::args::{Global, SpecArgs};
use super::explore;
use super::output;
use super::table::TextTable;
use super::{CliError, Exit};
use sparsegate_pipeline::sweep::{ExperimentPlan, Sweep};
use sparsegate_report::{FigureWidth, PlannedExperiment, ReportOptions};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Folder to write to [default: reports/NAME under the root; with several specs, DIR/NAME each and
    /// DIR/across-tasks]
    #[arg(long, value_name = "DIR")]
    out: Option<Utf8PathBuf>,
    /// Also lay out every figure for print at this width, such as 8.5cm, and write it as NAME-print.svg, .pdf and .png
    #[arg(long, value_name = "WIDTH")]
    figure_width: Option<FigureWidth>,
}

/// Runs the command.
///
/// # Errors
/// A spec, a manifest or the command line is wrong (2); no run is stored, or the folder cannot be written (1).
pub fn execute(global: &Global, args: &ReportArgs) -> Result<ExitCode, CliError> {
    let sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    write_all(global, &sweep, args.out.as_deref(), args.figure_width)?;
    Ok(Exit::Done.into())
}

/// Writes each experiment's report and, for several experiments, the report across them. `out` is the folder of the
/// single report, or the parent folder of several. `run --report` calls this at its end.
///
/// # Errors
/// As [`execute`].
pub fn write_all(
    global: &Global,
    sweep: &Sweep,
    out: Option<&Utf8Path>,
    figure_width: Option<FigureWidth>,
) -> Result<(), CliError> {
    let reports = global.root.join("reports");
    if let [planned] = sweep.experiments() {
        let out = out.map_or_else(|| reports.join(&planned.experiment.name), Utf8Path::to_owned);
        return write(global, planned, &out, figure_width);
    }
    let folder = out.unwrap_or(&reports);
    for planned in sweep.experiments() {
        write(global, planned, &folder.join(&planned.experiment.name), figure_width)?;
    }
    across(global, sweep, &folder.join("across-tasks"), figure_width)
}

/// Writes the report across experiments; prints its table and the page's path as [`write`](fn@write) does.
fn across(global: &Global, sweep: &Sweep, out: &Utf8Path, figure_width: Option<FigureWidth>) -> Result<(), CliError> {
    let tasks: Vec<PlannedExperiment<'_>> = sweep
        .experiments()
        .iter()
        .map(|ExperimentPlan { experiment, plan, .. }| PlannedExperiment { experiment, plan })
        .collect();
    let options = ReportOptions { figure_width, explorer: None };
    let paths = sparsegate_report::across(&global.root, &tasks, out, options).map_err(CliError::failed)?;
    // The notes on runs are already printed with each experiment's report.
    output::print(&format!(
        "\n{}\n{}\n",
        TextTable::from(&paths.table).render(global.color_stdout(), Global::width_stdout()),
        paths.index
    ))
}

/// Writes one experiment's report; the table and the page's path go to stdout, notes to stderr.
fn write(
    global: &Global,
    planned: &ExperimentPlan,
    out: &Utf8Path,
    figure_width: Option<FigureWidth>,
) -> Result<(), CliError> {
    let ExperimentPlan { experiment, plan, .. } = planned;
    let explorer = explore::of_plan(experiment, plan)?;
    let options = ReportOptions { figure_width, explorer: explorer.as_ref().map(|page| page.html.as_str()) };
    let paths =
        sparsegate_report::write_with(&global.root, experiment, plan, out, options).map_err(CliError::failed)?;
    let quiet = global.verbosity() < 0;
    let notes = if quiet { &paths.warnings } else { &paths.notes };
    let left_out = explorer.iter().flat_map(|page| &page.notes).filter(|_| !quiet);
    for note in notes.iter().chain(left_out) {
        output::message!("note: {note}");
    }
    output::print(&format!(
        "{}\n{}\n",
        TextTable::from(&paths.table).render(global.color_stdout(), Global::width_stdout()),
        paths.index
    ))
}
