//! `plan`: which runs would be trained, which are done, and why; how long it will take.

mod estimate;

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::CliError;
use super::args::{Global, OutputFormat, SpecArgs};
use super::heading::title;
use super::output;
use super::table::TextTable;
use super::terminal_text::printable;
use super::varying_columns::VaryingColumns;
use estimate::EstimateJson;
use sparsegate_pipeline::sweep::{ExperimentPlan, Measured, RunEstimate, Sweep, SweepEstimate, not_compiled};
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
    /// Train a few steps of one run of each size and level, and estimate the time from them; without it, times come from
    /// stored runs. Nothing is stored
    #[arg(long)]
    measure: bool,
}

/// One experiment, as `--format json` prints it.
#[derive(Serialize)]
struct PlanJson<'a> {
    experiment: &'a str,
    /// The data set, or that of the first run.
    dataset: &'a str,
    datasets: Vec<&'a str>,
    runs: &'a [PlanEntry],
    /// One for each run; null for a run that is done, or listed before.
    estimates: Vec<Option<EstimateJson>>,
}

/// Prints the plan of each experiment with an estimate of time and space; trains nothing, but for a few steps with
/// `--measure`, and needs no data file.
///
/// # Errors
/// An error in a spec, an unknown data set, or an unreadable run folder.
pub fn execute(global: &Global, args: &PlanArgs) -> Result<ExitCode, CliError> {
    let sweep = Sweep::plan(&global.root, args.specs.load(global)?)?;
    let measured = if args.measure { measure(global, &sweep) } else { Measured::default() };
    let estimate = sweep.estimate(&measured);
    let text = match args.format {
        OutputFormat::Table => {
            let specs = args.specs.repeated(global, None);
            format!("{}{}", table(&sweep, &estimate, Global::width_stdout()), estimate::total(&estimate, &specs))
        }
        OutputFormat::Json => {
            let printed: Vec<_> = with_estimates(&sweep, &estimate)
                .map(|(planned, estimates)| PlanJson {
                    experiment: &planned.experiment.name,
                    dataset: &planned.experiment.dataset,
                    datasets: planned.experiment.datasets(),
                    runs: &planned.plan.entries,
                    estimates: estimates.iter().map(|one| one.as_ref().map(EstimateJson::from)).collect(),
                })
                .collect();
            output::json(&printed)?
        }
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Times a few steps, and says on stderr of which runs.
fn measure(global: &Global, sweep: &Sweep) -> Measured {
    Measured::now(sweep, &mut |spec, problem| {
        let run = printable(&format!("{}, {}, on {}", spec.sparsity.name, spec.model.cell.name(), spec.dataset));
        match problem {
            Some(why) => output::message!("note: {run}: not measured: {why}"),
            None if global.verbosity() >= 0 => output::message!("measuring {run}"),
            None => {}
        }
    })
}

/// The experiments, each with the estimates of its runs.
fn with_estimates<'a>(
    sweep: &'a Sweep,
    estimate: &'a SweepEstimate,
) -> impl Iterator<Item = (&'a ExperimentPlan, &'a [Option<RunEstimate>])> {
    let mut rest = estimate.runs.as_slice();
    sweep.experiments().iter().map(move |planned| {
        let (own, others) = rest.split_at(planned.plan.entries.len().min(rest.len()));
        rest = others;
        (planned, own)
    })
}

/// The runs of each experiment under its name. Where they do not fit into `width` columns, disk space and keys are left
/// out.
fn table(sweep: &Sweep, estimate: &SweepEstimate, width: Option<usize>) -> String {
    let mut text = String::new();
    for (ExperimentPlan { experiment, plan, .. }, estimates) in with_estimates(sweep, estimate) {
        let _ = writeln!(text, "{}", title(experiment));
        let varying = VaryingKeys::of(plan.entries.iter().map(|entry| &entry.spec));
        let columns = VaryingColumns::of([&varying]);
        let has = |known: fn(&RunEstimate) -> bool| estimates.iter().flatten().any(known);
        let shown = [has(|run| run.seconds.is_some()), has(|run| run.bytes.is_some())];
        let mut table = columns.heads().fold(TextTable::new(), TextTable::words).words("key").spare().words("state");
        table = if shown[0] { table.words("time") } else { table };
        table = if shown[1] { table.words("disk").spare() } else { table };
        table = table.words("why");
        for (entry, estimate) in plan.entries.iter().zip(estimates) {
            let mut cells = columns.cells(&varying, &entry.spec);
            let [key, state, why] = row(entry);
            cells.extend([key, state]);
            let numbers = estimate::cells(estimate.as_ref()).into_iter().zip(shown);
            cells.extend(numbers.filter_map(|(cell, shown)| shown.then_some(cell)));
            cells.push(why);
            table.row(cells);
        }
        for line in table.render(false, width.map(|width| width.saturating_sub(INDENT.len()))).lines() {
            let _ = writeln!(text, "{INDENT}{line}");
        }
        let _ = writeln!(text, "{}\n", total(plan));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Before each line of a table.
const INDENT: &str = "  ";

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
