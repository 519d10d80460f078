//! The points with their main results as statistics over seeds.

use super::results::push_baselines;
use super::statistics::{Statistic, intervals};
use crate::grid::TableData;
use crate::metric::{self, gates_kept};
use crate::points::{self, Point};
use crate::rows::RunRow;
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

/// One row per point with the mean, the standard deviation and the 95 % interval of the main results, then what
/// predictors that read nothing reach; `None` unless a point has several seeds that are pooled.
pub fn over_seeds(rows: &[RunRow]) -> Option<TableData> {
    if !points::any_pooled(rows) {
        return None;
    }
    let metric = metric::common(rows).map_or("metric", EvaluationMetric::short_name);
    let (valid, test) = (format!("valid {metric}"), format!("test {metric}"));
    let embedded = rows.iter().filter_map(RunRow::last).any(|line| line.counts.inputs.is_some());
    let mut numbers = vec!["n", &valid, &test, "compression", "gates kept", "hidden units", "vocabulary"];
    if embedded {
        numbers.push("embedding");
    }
    let mut grid = TableData::new(&["point"], &numbers);
    let points = points::of(rows);
    for point in &points {
        let n = point.runs.iter().filter(|row| row.last().is_some()).count();
        grid.rows.push(vec![name_of(point), n.to_string()]);
    }
    let quality = |of: fn(&EpochMetrics) -> f64| {
        let of = move |line: &EpochMetrics, metric| Some(metric::on_axis(metric, of(line)));
        column(&points, None, of)
    };
    let size = |unit, of: fn(&EpochMetrics) -> Option<f64>| column(&points, Some(unit), move |line, _| of(line));
    let mut columns = vec![
        quality(|line| line.valid),
        quality(|line| line.test),
        size("x", |line| line.counts.compression_ratio()),
        size("", |line| Some(gates_kept(line) as f64)),
        size("", |line| Some(line.counts.neurons.kept as f64)),
        size("", |line| Some(line.counts.vocabulary.kept as f64)),
    ];
    if embedded {
        columns.push(size("", |line| line.counts.inputs.map(|inputs| inputs.kept as f64)));
    }
    grid.push_columns(columns);
    push_baselines(&mut grid, rows, 2);
    Some(grid)
}

/// A quantity of the points at the epochs at which their runs are reported; without a unit, that of their metric.
fn column(
    points: &[Point<'_>],
    unit: Option<&'static str>,
    of: impl Fn(&EpochMetrics, Option<EvaluationMetric>) -> Option<f64>,
) -> Vec<String> {
    let cell = |point: &Point<'_>| {
        let first = point.first();
        let sample = point.sample(|row| row.last().and_then(|line| of(line, row.metric)));
        (first.spec.part().to_owned(), sample, unit.unwrap_or_else(|| metric::unit(first.metric)))
    };
    let cells: Vec<_> = points.iter().map(cell).collect();
    let cells: Vec<Statistic<'_>> =
        cells.iter().map(|(task, sample, unit)| Statistic { task, sample: *sample, unit }).collect();
    intervals(&cells)
}

/// The point's name; that of the run if it stands alone.
fn name_of(point: &Point<'_>) -> String {
    if point.is_pooled() { point.first().point.clone() } else { point.title() }
}
