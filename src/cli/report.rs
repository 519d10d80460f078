//! `report`: writes tables and figures from stored runs, once or while runs go on.

mod watch;

use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::args::{Global, SpecArgs};
use super::explore;
use super::interval::Interval;
use super::output;
use super::table::TextTable;
use super::{CliError, Exit};
use sparsegate_pipeline::sweep::{ExperimentPlan, Sweep};
use sparsegate_report::{FigureWidth, PlannedExperiment, ReportOptions, WrittenReport};

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
    /// Write the report again when stored runs have changed, looking every 30 seconds, or SECONDS, until all runs are done
    /// or have failed, or until Ctrl-C (exit code 130). Meanwhile the page reloads itself in the browser
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "30")]
    watch: Option<Interval>,
}

/// Runs the command.
///
/// # Errors
/// A spec, a manifest or the command line is wrong (2); no run is stored, or the folder cannot be written (1).
pub fn execute(global: &Global, args: &ReportArgs) -> Result<ExitCode, CliError> {
    let sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    if let Some(every) = args.watch {
        let target = Target { out: args.out.as_deref(), figure_width: args.figure_width, reload_every: None };
        return watch::execute(global, sweep, target, every);
    }
    write_all(global, &sweep, args.out.as_deref(), args.figure_width)?;
    Ok(Exit::Done.into())
}

/// Where reports are written, and how.
#[derive(Clone, Copy)]
struct Target<'a> {
    /// The folder of the single report, or the parent folder of several.
    out: Option<&'a Utf8Path>,
    figure_width: Option<FigureWidth>,
    /// Seconds after which the browser reads a page again.
    reload_every: Option<u64>,
}

/// Writes each experiment's report and, for several experiments, the report across them. `out` is the folder of the
/// single report, or the parent folder of several. `run --report` calls this at its end.
///
/// Tables and the pages' paths go to stdout, notes to stderr.
///
/// # Errors
/// As [`execute`].
pub fn write_all(
    global: &Global,
    sweep: &Sweep,
    out: Option<&Utf8Path>,
    figure_width: Option<FigureWidth>,
) -> Result<(), CliError> {
    let target = Target { out, figure_width, reload_every: None };
    let quiet = global.verbosity() < 0;
    for (number, report) in reports(global, sweep, target).enumerate() {
        let Report { written, left_out, is_across } = report?;
        let notes = if quiet { &written.warnings } else { &written.notes };
        // The notes on runs are already printed with each experiment's report.
        for note in notes.iter().chain(left_out.iter().filter(|_| !quiet)).filter(|_| !is_across) {
            output::message!("note: {note}");
        }
        let gap = if is_across && number > 0 { "\n" } else { "" };
        let table = TextTable::from(&written.table).render(global.color_stdout(), Global::width_stdout());
        output::print(&format!("{gap}{table}\n{}\n", written.index))?;
    }
    Ok(())
}

/// A report that was written.
struct Report {
    written: WrittenReport,
    /// What the explorer leaves out, one sentence each.
    left_out: Vec<String>,
    /// Whether it is the one across experiments.
    is_across: bool,
}

/// Writes one report after the other, as far as they are asked for.
fn reports<'a>(
    global: &'a Global,
    sweep: &'a Sweep,
    target: Target<'a>,
) -> impl Iterator<Item = Result<Report, CliError>> + 'a {
    let folder = target.out.map_or_else(|| global.root.join("reports"), Utf8Path::to_owned);
    let is_single = sweep.experiments().len() == 1;
    let across_folder = folder.join("across-tasks");
    let one = move |planned: &'a ExperimentPlan| {
        let out =
            if is_single && target.out.is_some() { folder.clone() } else { folder.join(&planned.experiment.name) };
        write(global, planned, &out, target)
    };
    let across = (!is_single).then_some(()).into_iter().map(move |()| across(global, sweep, &across_folder, target));
    sweep.experiments().iter().map(one).chain(across)
}

/// Writes the report across experiments.
fn across(global: &Global, sweep: &Sweep, out: &Utf8Path, target: Target<'_>) -> Result<Report, CliError> {
    let tasks: Vec<PlannedExperiment<'_>> = sweep
        .experiments()
        .iter()
        .map(|ExperimentPlan { experiment, plan, .. }| PlannedExperiment { experiment, plan })
        .collect();
    let Target { figure_width, reload_every, .. } = target;
    let options = ReportOptions { figure_width, explorer: None, reload_every };
    let written = sparsegate_report::across(&global.root, &tasks, out, options).map_err(CliError::failed)?;
    Ok(Report { written, left_out: Vec::new(), is_across: true })
}

/// Writes one experiment's report.
fn write(global: &Global, planned: &ExperimentPlan, out: &Utf8Path, target: Target<'_>) -> Result<Report, CliError> {
    let ExperimentPlan { experiment, plan, .. } = planned;
    let explorer = explore::of_plan(experiment, plan)?;
    let Target { figure_width, reload_every, .. } = target;
    let page = explorer.as_ref().map(|page| page.html.as_str());
    let options = ReportOptions { figure_width, explorer: page, reload_every };
    let written =
        sparsegate_report::write_with(&global.root, experiment, plan, out, options).map_err(CliError::failed)?;
    Ok(Report { written, left_out: explorer.map(|page| page.notes).unwrap_or_default(), is_across: false })
}
