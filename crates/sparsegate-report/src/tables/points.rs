//! The points with their main results as statistics over seeds.

use super::results::push_baselines;
use crate::grid::TableData;
use crate::metric::{self, gates_kept};
use crate::number::{published, ratio, spread};
use crate::points::{self, Point};
use crate::rows::RunRow;
use crate::sample::Sample;
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

/// Statistics as text, such as `24.46 ± 0.31 [23.90, 25.02] x`: mean, standard deviation, ends of the 95 % interval and
/// the unit. The mean alone for one value.
pub fn statistics(sample: &Sample, unit: &str) -> String {
    let text = match (sample.sd, sample.interval()) {
        (Some(sd), Some((low, high))) => {
            format!("{} [{}, {}]", spread(sample.mean, sd), published(low), published(high))
        }
        _ if unit == "x" => return ratio(sample.mean),
        _ => published(sample.mean),
    };
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

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
    for point in points::of(rows) {
        let metric = point.first().metric;
        let unit = if metric::is_accuracy(metric) { "%" } else { "" };
        let cell = |unit: &str, of: &dyn Fn(&EpochMetrics) -> Option<f64>| {
            let sample = point.sample(|row| row.last().and_then(of));
            sample.map_or_else(String::new, |sample| statistics(&sample, unit))
        };
        let n = point.runs.iter().filter(|row| row.last().is_some()).count();
        let mut cells = vec![
            name_of(&point),
            n.to_string(),
            cell(unit, &|line| Some(metric::on_axis(metric, line.valid))),
            cell(unit, &|line| Some(metric::on_axis(metric, line.test))),
            cell("x", &|line| line.counts.compression_ratio()),
            cell("", &|line| Some(gates_kept(line) as f64)),
            cell("", &|line| Some(line.counts.neurons.kept as f64)),
            cell("", &|line| Some(line.counts.vocabulary.kept as f64)),
        ];
        if embedded {
            cells.push(cell("", &|line| line.counts.inputs.map(|inputs| inputs.kept as f64)));
        }
        grid.rows.push(cells);
    }
    push_baselines(&mut grid, rows, 2);
    Some(grid)
}

/// The point's name; that of the run if it stands alone.
fn name_of(point: &Point<'_>) -> String {
    if point.is_pooled() { point.first().point.clone() } else { point.title() }
}
