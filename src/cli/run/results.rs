//! The final output of `run`: one row per run on stdout, failures on stderr.

use serde::Serialize;

use super::run_labels;
use crate::cli::CliError;
use crate::cli::args::{Global, OutputFormat};
use crate::cli::output;
use crate::cli::table::TextTable;
use crate::progress;
use sparsegate_core::EvaluationMetric;
use sparsegate_pipeline::exec::Outcome;
use sparsegate_pipeline::sweep::{Sweep, SweepRun};
use sparsegate_store::format::{Collapse, EpochMetrics, TrivialBaseline};
use sparsegate_store::plan::Status;

/// One run in the results.
#[derive(Serialize)]
struct ResultRow {
    experiment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    dataset: String,
    run: String,
    label: String,
    sparsity: String,
    seed: u64,
    /// `done`, `interrupted`, `failed`, `not-started`, `queued` or `left-out`.
    state: &'static str,
    /// The job of the batch system that the run is queued as.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    epochs: u32,
    metric: String,
    valid: Option<f64>,
    test: Option<f64>,
    compression: Option<f64>,
    gates_kept: Option<u64>,
    gates_total: Option<u64>,
    error: Option<String>,
    /// The epoch with the best validation metric, the first one in a tie, and the test metric after it.
    best_epoch: Option<u32>,
    test_best: Option<f64>,
    /// How it was seen that the run learned nothing.
    collapse: Option<Collapse>,
    /// What a predictor that reads nothing reaches.
    baseline: Option<TrivialBaseline>,
}

impl ResultRow {
    /// The experiment and the task or data set, whose runs have comparable results.
    fn part(&self) -> (&str, &str) {
        (&self.experiment, self.task.as_deref().unwrap_or(&self.dataset))
    }
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
        OutputFormat::Table => table(&rows).render(global.color_stdout(), Global::width_stdout()),
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
            Outcome::Queued { .. } => ("queued", None),
            Outcome::Excluded { why } => ("left-out", Some(why.clone())),
        };
        // A damaged file must not prevent printing the other rows; `print_failures` reports it. Its numbers are not
        // shown.
        let damaged = matches!((outcome, &entry.status), (Outcome::Failed { .. }, Status::Damaged { .. }));
        let lines = if damaged { Vec::new() } else { entry.dir.metrics().unwrap_or_default() };
        let (metric, epochs, last, baseline) = match outcome {
            Outcome::Done(summary) => {
                (summary.metric.clone(), Some(summary.epochs), summary.last.clone(), summary.baseline.clone())
            }
            _ => (String::new(), None, lines.last().cloned(), None),
        };
        let selected = match outcome {
            Outcome::Done(summary) => summary.selected,
            _ => None,
        };
        let best = best_epoch(selected, &metric, &lines);
        let of = |get: fn(&EpochMetrics) -> f64| last.as_ref().map(get);
        let gates = |get: fn(&sparsegate_store::format::GateCount) -> u64| {
            last.as_ref().map(|line| line.counts.gates.iter().map(get).sum())
        };
        rows.push(ResultRow {
            experiment: experiment.name.clone(),
            task: entry.spec.task.clone(),
            dataset: entry.spec.dataset.clone(),
            run: entry.key.clone(),
            label,
            sparsity: entry.spec.sparsity.name.clone(),
            seed: entry.spec.seed,
            state,
            job: if let Outcome::Queued { job } = outcome { Some(job.clone()) } else { None },
            epochs: epochs.or(last.as_ref().map(|line| line.epoch)).unwrap_or_default(),
            metric,
            valid: of(|line| line.valid),
            test: of(|line| line.test),
            compression: last.as_ref().and_then(|line| line.counts.compression_ratio()),
            gates_kept: gates(|gate| gate.kept),
            gates_total: gates(|gate| gate.total),
            error,
            best_epoch: best.map(|line| line.epoch),
            test_best: best.map(|line| line.test),
            collapse: last.as_ref().and_then(EpochMetrics::collapsed),
            baseline,
        });
    }
    rows
}

/// The epoch whose model `train.select: best` stored, which is the last of equal ones; otherwise the first epoch with
/// the best validation metric.
fn best_epoch<'a>(selected: Option<u32>, metric: &str, lines: &'a [EpochMetrics]) -> Option<&'a EpochMetrics> {
    let chosen = selected.and_then(|epoch| lines.iter().find(|line| line.epoch == epoch));
    chosen.or_else(|| sparsegate_report::best_epoch(Some(metric), lines))
}

fn table(rows: &[ResultRow]) -> TextTable {
    let table = TextTable::new().words("run").words("state").numbers("epochs").spare().words("metric").spare();
    let table = table.numbers("valid").numbers("test").numbers("test, best epoch").spare();
    let mut table = table.numbers("compression").numbers("gates kept").spare();
    let number = |value: Option<f64>, digits: usize| value.map(|value| format!("{value:.digits$}")).unwrap_or_default();
    for row in rows {
        let digits = match EvaluationMetric::from_name(&row.metric) {
            Some(EvaluationMetric::BitsPerCharacter) => 4,
            Some(EvaluationMetric::Perplexity | EvaluationMetric::Accuracy) | None => 2,
        };
        let gates = row.gates_kept.zip(row.gates_total).map(|(kept, total)| format!("{kept}/{total}"));
        let compression = row.valid.map(|_| progress::compression(row.compression));
        let collapsed = if row.collapse.is_some() { ", collapsed" } else { "" };
        let best = row.best_epoch.map(|epoch| format!("{} ({epoch})", number(row.test_best, digits)));
        table.row([
            row.label.clone(),
            format!(
                "{}{collapsed}{}",
                row.state,
                row.job.as_ref().map(|job| format!(", job {job}")).unwrap_or_default()
            ),
            row.epochs.to_string(),
            row.metric.clone(),
            number(row.valid, digits),
            number(row.test, digits),
            best.filter(|_| !row.metric.is_empty()).unwrap_or_default(),
            compression.unwrap_or_default(),
            gates.unwrap_or_default(),
        ]);
    }
    for (row, baseline) in baselines(rows) {
        let digits = match EvaluationMetric::from_name(&row.metric) {
            Some(EvaluationMetric::BitsPerCharacter) => 4,
            Some(EvaluationMetric::Perplexity | EvaluationMetric::Accuracy) | None => 2,
        };
        let number = |value: f64| format!("{value:.digits$}");
        let several = rows.iter().any(|other| other.part() != row.part());
        let (experiment, part) = row.part();
        let of = match rows.iter().any(|other| other.experiment != experiment) {
            _ if !several => String::new(),
            true => format!(" ({experiment})"),
            false => format!(" ({part})"),
        };
        table.row([
            format!("baseline: {}{of}", baseline.predictor),
            String::new(),
            String::new(),
            row.metric.clone(),
            number(baseline.valid),
            number(baseline.test),
        ]);
    }
    table
}

/// The different baselines of each task, with the first run that has it.
fn baselines(rows: &[ResultRow]) -> Vec<(&ResultRow, &TrivialBaseline)> {
    let mut found: Vec<(&ResultRow, &TrivialBaseline)> = Vec::new();
    for (row, baseline) in rows.iter().filter_map(|row| Some((row, row.baseline.as_ref()?))) {
        if found.iter().all(|(other, known)| (other.part(), *known) != (row.part(), baseline)) {
            found.push((row, baseline));
        }
    }
    found
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

#[cfg(test)]
mod tests {
    use sparsegate_testing::language_models::epoch;

    use super::*;

    #[test]
    fn of_equal_epochs_the_stored_one_is_named() {
        let lines: Vec<_> = (1..=4).map(|n| EpochMetrics { valid: 100.0, ..epoch("W", n, 4) }).collect();
        let best = |selected| best_epoch(selected, "perplexity", &lines).map(|line| line.epoch);
        assert_eq!((best(None), best(Some(4)), best(Some(3))), (Some(1), Some(4), Some(3)));
    }
}
