//! The final output of `run`: one row per run on stdout, failures on stderr.

use serde::Serialize;

use super::run_labels;
use crate::cli::CliError;
use crate::cli::args::{Global, OutputFormat};
use crate::cli::output;
use crate::cli::table::TextTable;
use sparsegate_pipeline::exec::Outcome;
use sparsegate_pipeline::sweep::{Sweep, SweepRun};
use sparsegate_store::format::EpochMetrics;

/// One run in the results.
#[derive(Serialize)]
struct ResultRow {
    experiment: String,
    run: String,
    label: String,
    sparsity: String,
    seed: u64,
    /// `done`, `interrupted`, `failed`, `not-started` or `left-out`.
    state: &'static str,
    epochs: u32,
    metric: String,
    valid: Option<f64>,
    test: Option<f64>,
    compression: Option<f64>,
    gates_kept: Option<u64>,
    gates_total: Option<u64>,
    error: Option<String>,
}

/// Prints one row per outcome.
///
/// # Errors
/// The result cannot be printed (1).
pub(super) fn print(
    global: &Global,
    sweep: &Sweep,
    outcomes: &[Outcome],
    format: OutputFormat,
) -> Result<(), CliError> {
    let rows = rows(sweep, outcomes);
    let text = match format {
        OutputFormat::Json => output::json(&rows)?,
        OutputFormat::Table => table(&rows).render(global.color_stdout()),
    };
    output::print(&text)?;
    Ok(())
}

fn rows(sweep: &Sweep, outcomes: &[Outcome]) -> Vec<ResultRow> {
    let labels = run_labels::labels(sweep);
    let mut rows = Vec::new();
    for ((SweepRun { experiment, entry }, outcome), label) in sweep.runs().zip(outcomes).zip(labels) {
        let (state, error) = match outcome {
            Outcome::Done(_) => ("done", None),
            Outcome::Interrupted => ("interrupted", None),
            Outcome::Failed { error, .. } => ("failed", Some(error.clone())),
            Outcome::NotStarted => ("not-started", None),
            Outcome::Excluded { why } => ("left-out", Some(why.clone())),
        };
        let (metric, last) = match outcome {
            Outcome::Done(summary) => (summary.metric.clone(), summary.last.clone()),
            // A damaged file must not prevent printing the other rows; `print_failures` reports it.
            _ => (String::new(), entry.dir.metrics().unwrap_or_default().pop()),
        };
        let of = |get: fn(&EpochMetrics) -> f64| last.as_ref().map(get);
        let gates = |get: fn(&sparsegate_store::format::GateCount) -> u64| {
            last.as_ref().map(|line| line.counts.gates.iter().map(get).sum())
        };
        rows.push(ResultRow {
            experiment: experiment.name.clone(),
            run: entry.key.clone(),
            label,
            sparsity: entry.spec.sparsity.name.clone(),
            seed: entry.spec.seed,
            state,
            epochs: last.as_ref().map_or(0, |line| line.epoch),
            metric,
            valid: of(|line| line.valid),
            test: of(|line| line.test),
            compression: of(|line| line.counts.compression),
            gates_kept: gates(|gate| gate.kept),
            gates_total: gates(|gate| gate.total),
            error,
        });
    }
    rows
}

fn table(rows: &[ResultRow]) -> TextTable {
    let mut table = TextTable::new().words("run").words("state").numbers("epochs").words("metric");
    for head in ["valid", "test", "compression", "gates kept"] {
        table = table.numbers(head);
    }
    let number = |value: Option<f64>, digits: usize| value.map(|value| format!("{value:.digits$}")).unwrap_or_default();
    for row in rows {
        let digits = if row.metric == "bits_per_char" { 4 } else { 2 };
        let gates = row.gates_kept.zip(row.gates_total).map(|(kept, total)| format!("{kept}/{total}"));
        let compression = row.compression.map(|value| format!("{value:.1}x"));
        table.row([
            row.label.clone(),
            row.state.to_owned(),
            row.epochs.to_string(),
            row.metric.clone(),
            number(row.valid, digits),
            number(row.test, digits),
            compression.unwrap_or_default(),
            gates.unwrap_or_default(),
        ]);
    }
    table
}

/// Lists the failed runs on stderr, each with the last lines of its log if the outcome has them. Returns whether there
/// were any.
pub(super) fn print_failures(sweep: &Sweep, outcomes: &[Outcome]) -> bool {
    let labels = run_labels::labels(sweep);
    let mut count = 0;
    for ((run, outcome), label) in sweep.runs().zip(outcomes).zip(&labels) {
        let Outcome::Failed { error, log } = outcome else { continue };
        count += 1;
        output::message!("error: {label} failed: {error}");
        let path = run.entry.dir.log_path();
        if !log.is_empty() {
            output::message!("  last lines of {path}:");
            log.lines().for_each(|line| output::message!("    {line}"));
        } else if path.exists() {
            output::message!("  log: {path}");
        }
    }
    if count > 0 {
        output::message!("{count} of {} runs failed", outcomes.len());
    }
    count > 0
}
