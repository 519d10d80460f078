//! `plan`: which runs would be trained, which are done, and why.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::CliError;
use super::args::{Global, OutputFormat, SpecArgs};
use super::output;
use super::streamed_table::printable;
use super::varying_columns::VaryingColumns;
use sparsegate_pipeline::sweep::{ExperimentPlan, Sweep, not_compiled};
use sparsegate_spec::VaryingKeys;
use sparsegate_store::plan::{Plan, PlanEntry, Status};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    specs: SpecArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

/// One experiment, as `--format json` prints it.
#[derive(Serialize)]
struct PlanJson<'a> {
    experiment: &'a str,
    /// The data set, or that of the first run.
    dataset: &'a str,
    datasets: Vec<&'a str>,
    runs: &'a [PlanEntry],
}

/// Prints the plan of each experiment; trains nothing and needs no data file.
///
/// # Errors
/// An error in a spec, an unknown data set, or an unreadable run folder.
pub fn execute(global: &Global, args: &PlanArgs) -> Result<ExitCode, CliError> {
    let sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    let text = match args.format {
        OutputFormat::Table => table(&sweep),
        OutputFormat::Json => {
            let printed: Vec<_> = sweep
                .experiments()
                .iter()
                .map(|planned| PlanJson {
                    experiment: &planned.experiment.name,
                    dataset: &planned.experiment.dataset,
                    datasets: planned.experiment.datasets(),
                    runs: &planned.plan.entries,
                })
                .collect();
            output::json(&printed)?
        }
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn table(sweep: &Sweep) -> String {
    let mut text = String::new();
    for ExperimentPlan { experiment, plan, .. } in sweep.experiments() {
        let _ = writeln!(text, "{} on {}", experiment.name, experiment.datasets().join(", "));
        let varying = VaryingKeys::of(plan.entries.iter().map(|entry| &entry.spec));
        let columns = VaryingColumns::of([&varying]);
        let mut rows: Vec<Vec<String>> =
            vec![columns.heads().chain(["key", "state", "why"]).map(String::from).collect()];
        rows.extend(plan.entries.iter().map(|entry| {
            let mut cells = columns.cells(&varying, &entry.spec);
            cells.extend(row(entry));
            cells.iter().map(|cell| printable(cell)).collect()
        }));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "  {cell:<width$}");
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        let _ = writeln!(text, "{}\n", total(plan));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Key, state and reason.
fn row(entry: &PlanEntry) -> [String; 3] {
    let why = entry.why();
    let mut why = why.lines().next().unwrap_or_default().to_owned();
    if let (false, Some(missing)) = (entry.status == Status::Done, not_compiled(&entry.spec)) {
        why = format!("{why}; {missing}");
    }
    [entry.key.clone(), entry.status.word().to_owned(), why]
}

/// `5 runs: 2 done, 3 to run (1 new, 2 stale)`.
fn total(plan: &Plan) -> String {
    let count = |word: &str| plan.entries.iter().filter(|entry| entry.status.word() == word).count();
    let done = plan.entries.iter().filter(|entry| entry.status == Status::Done).count();
    let left: Vec<String> = ["new", "stale", "continues", "interrupted", "failed", "damaged"]
        .into_iter()
        .filter(|word| count(word) > 0)
        .map(|word| format!("{} {word}", count(word)))
        .collect();
    let runs = plan.entries.len();
    let plural = if runs == 1 { "run" } else { "runs" };
    let detail = if left.is_empty() { String::new() } else { format!(" ({})", left.join(", ")) };
    let missing = |entry: &&PlanEntry| entry.status != Status::Done && not_compiled(&entry.spec).is_some();
    let not_here = match plan.entries.iter().filter(missing).count() {
        0 => String::new(),
        count => format!(", {count} of them not possible with this build"),
    };
    format!("{runs} {plural}: {done} done, {} to run{detail}{not_here}", runs - done)
}
