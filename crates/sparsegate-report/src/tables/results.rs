//! The runs with their main results, and both ways of counting weights.

use crate::grid::{TableData, of};
use crate::metric::{self, gates_kept, gates_total, value_text, weights_kept};
use crate::number::{count, ratio_or_dash, seconds};
use crate::rows::{RowState, RunRow, baselines};
use sparsegate_core::EvaluationMetric;

/// The runs with their main results, then what predictors that read nothing reach.
pub fn results(rows: &[RunRow]) -> TableData {
    let metric = metric::common(rows).map_or("metric", EvaluationMetric::short_name);
    let (valid, test) = (format!("valid {metric}"), format!("test {metric}"));
    let best = format!("{test}, best epoch");
    let embedded = rows.iter().filter_map(RunRow::last).any(|line| line.counts.inputs.is_some());
    let mut numbers = vec!["epochs", &valid, &test, &best, "compression", "gates kept", "hidden units", "vocabulary"];
    if embedded {
        numbers.push("embedding");
    }
    numbers.push("time");
    let mut grid = TableData::new(&["run", "state"], &numbers);
    for row in rows {
        let mut cells = vec![row.label.clone(), row.state_text()];
        cells.push(match row.state {
            RowState::Missing | RowState::Damaged => String::new(),
            _ => format!("{} of {}", row.epochs(), row.planned_epochs),
        });
        if let Some(line) = row.last() {
            let (counts, metric) = (&line.counts, row.metric);
            cells.extend([
                value_text(metric, line.valid),
                value_text(metric, line.test),
                row.best()
                    .map_or_else(String::new, |best| format!("{} ({})", value_text(metric, best.test), best.epoch)),
                ratio_or_dash(counts.compression_ratio()),
                of(gates_kept(line), gates_total(line)),
                of(counts.neurons.kept, counts.neurons.total),
                of(counts.vocabulary.kept, counts.vocabulary.total),
            ]);
            cells.extend(counts.inputs.map(|inputs| of(inputs.kept, inputs.total)));
        }
        cells.resize(grid.columns.len() - 1, String::new());
        cells.push(row.summary.as_deref().map_or_else(String::new, |summary| seconds(summary.train_seconds)));
        grid.rows.push(cells);
    }
    push_baselines(&mut grid, rows, 3);
    grid
}

/// Appends what predictors that read nothing reach to a table with the metrics in the columns `at` and `at + 1`.
pub(super) fn push_baselines(grid: &mut TableData, rows: &[RunRow], at: usize) {
    let found = baselines(rows);
    for (row, baseline) in &found {
        let of = if found.len() > 1 { format!(" ({})", row.label) } else { String::new() };
        let value = |x| value_text(row.metric, x);
        let mut cells = vec![format!("baseline: {}{of}", baseline.predictor)];
        cells.resize(at, String::new());
        cells.extend([value(baseline.valid), value(baseline.test)]);
        cells.resize(grid.columns.len(), String::new());
        grid.rows.push(cells);
    }
}

/// Compression by the authors' count and by the exact one, which excludes the weights of pruned gates, for runs in
/// which they differ; `None` if there are none.
pub fn weight_counts(rows: &[RunRow]) -> Option<TableData> {
    let mut grid =
        TableData::new(&["run"], &["authors' count", "without dead gates' weights", "weights", "without dead gates'"]);
    for row in rows {
        let Some(line) = row.last() else { continue };
        let kept = weights_kept(line);
        if kept != line.counts.weights_kept_exact {
            grid.rows.push(vec![
                row.title(),
                ratio_or_dash(line.counts.compression_ratio()),
                ratio_or_dash(line.counts.exact_compression_ratio()),
                count(kept),
                count(line.counts.weights_kept_exact),
            ]);
        }
    }
    grid.filled()
}
