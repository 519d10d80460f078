//! The final output of `run`: one row per run on stdout, failures on stderr.

use serde::Serialize;

use super::run_labels;
use crate::cli::CliError;
use crate::cli::args::{Global, OutputFormat};
use crate::cli::heading::{common_metric, decimals, metric_head, metric_name, title};
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
    #[serde(with = "sparsegate_core::metric_or_empty")]
    metric: Option<EvaluationMetric>,
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

    /// A value of the run's metric; nothing if there is none.
    fn number(&self, value: Option<f64>) -> String {
        let digits = decimals(self.metric);
        value.map(|value| format!("{value:.digits$}")).unwrap_or_default()
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
        OutputFormat::Table => tables(global, sweep, &rows),
    };
    output::print(&text)?;
    Ok(())
}

/// A table for each experiment, under its name.
fn tables(global: &Global, sweep: &Sweep, mut rows: &[ResultRow]) -> String {
    let mut texts = Vec::new();
    for planned in sweep.experiments() {
        let (own, others) = rows.split_at(planned.plan.entries.len().min(rows.len()));
        let labels = run_labels::labels_within(planned);
        let table = table(own, &labels).render(global.color_stdout(), Global::width_stdout());
        texts.push(format!("{}\n{table}", title(&planned.experiment)));
        rows = others;
    }
    texts.join("\n")
}

fn rows(sweep: &Sweep, outcomes: &[Outcome]) -> Vec<ResultRow> {
    let labels = run_labels::labels(sweep);
    let metrics = sweep.experiments().iter();
    let metrics = metrics.flat_map(|planned| planned.plan.entries.iter().map(|entry| planned.metric(&entry.spec)));
    let mut rows = Vec::new();
    for (((SweepRun { experiment, entry }, outcome), label), known) in
        sweep.runs().zip(outcomes).zip(labels).zip(metrics)
    {
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
                (summary.metric, Some(summary.epochs), summary.last.clone(), summary.baseline.clone())
            }
            _ => (known, None, lines.last().cloned(), None),
        };
        let selected = match outcome {
            Outcome::Done(summary) => summary.selected,
            _ => None,
        };
        let best = best_epoch(selected, metric, &lines);
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
fn best_epoch(
    selected: Option<u32>,
    metric: Option<EvaluationMetric>,
    lines: &[EpochMetrics],
) -> Option<&EpochMetrics> {
    let chosen = selected.and_then(|epoch| lines.iter().find(|line| line.epoch == epoch));
    chosen.or_else(|| sparsegate_report::best_epoch(metric, lines))
}

/// The table of an experiment's runs. The heads name the metric, or a column does if the runs have different ones.
fn table(rows: &[ResultRow], labels: &[String]) -> TextTable {
    let metric = common_metric(rows.iter().map(|row| row.metric));
    let head = |part| metric_head(part, metric);
    let mut table = TextTable::new().words("run").words("state").numbers("epochs").spare();
    if metric.is_none() {
        table = table.words("metric");
    }
    let table = table.numbers(head("valid")).numbers(head("test"));
    let table = table.numbers(format!("{} (best epoch)", head("test"))).spare();
    let mut table = table.numbers("compression").numbers("live gates").spare();
    let metric_cell = |row: &ResultRow| metric.is_none().then(|| metric_name(row.metric).to_owned());
    for (row, label) in rows.iter().zip(labels) {
        let gates = row.gates_kept.zip(row.gates_total).map(|(kept, total)| format!("{kept}/{total}"));
        let compression = row.valid.map(|_| progress::compression(row.compression));
        let collapsed = if row.collapse.is_some() { ", collapsed" } else { "" };
        let best = row.best_epoch.map(|epoch| format!("{} ({epoch})", row.number(row.test_best)));
        let job = row.job.as_ref().map(|job| format!(", job {job}")).unwrap_or_default();
        let mut cells = vec![label.clone(), format!("{}{collapsed}{job}", row.state), row.epochs.to_string()];
        cells.extend(metric_cell(row));
        cells.extend([row.number(row.valid), row.number(row.test)]);
        cells.push(best.filter(|_| row.state == "done").unwrap_or_default());
        cells.extend([compression.unwrap_or_default(), gates.unwrap_or_default()]);
        table.row(cells);
    }
    for (row, baseline) in baselines(rows) {
        let several = rows.iter().any(|other| other.part() != row.part());
        let of = if several { format!(" ({})", row.part().1) } else { String::new() };
        let mut cells = vec![format!("baseline: {}{of}", baseline.predictor), String::new(), String::new()];
        cells.extend(metric_cell(row));
        cells.extend([row.number(Some(baseline.valid)), row.number(Some(baseline.test))]);
        table.row(cells);
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
        let best = |selected| best_epoch(selected, Some(EvaluationMetric::Perplexity), &lines).map(|line| line.epoch);
        assert_eq!((best(None), best(Some(4)), best(Some(3))), (Some(1), Some(4), Some(3)));
    }
}
