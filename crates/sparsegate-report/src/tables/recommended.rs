//! The recommended network for each cell.

use super::points::statistics;
use crate::grid::TableData;
use crate::metric;
use crate::points::Point;
use crate::recommend::recommendations;
use crate::rows::RunRow;
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

/// The smallest network that is about as good as the best one, for each cell; `None` if there is no choice.
pub fn recommended(rows: &[RunRow]) -> Option<TableData> {
    let metric = rows.iter().find_map(|row| row.metric);
    let short = metric.map_or("metric", EvaluationMetric::short_name);
    let (valid, test) = (format!("valid {short}"), format!("test {short}"));
    let (best_valid, limit) = (format!("its valid {short}"), "limit");
    let mut grid = TableData::new(
        &["cell", "recommended", "best by validation"],
        &[&valid, &test, "compression", &best_valid, limit, "of"],
    );
    let unit = if metric::is_accuracy(metric) { "%" } else { "" };
    let quality = |point: &Point<'_>, of: fn(&EpochMetrics) -> f64| {
        let sample = point.sample(|row| row.quoted().map(|line| metric::on_axis(metric, of(line))));
        sample.map_or_else(String::new, |sample| statistics(&sample, unit))
    };
    for found in recommendations(rows) {
        let (point, best) = (&found.point, &found.best);
        let compression = point.sample(|row| row.quoted().and_then(|line| line.counts.compression_ratio()));
        grid.rows.push(vec![
            point.first().cell().to_owned(),
            point.first().in_cell(&point.first().point),
            best.first().in_cell(&best.first().point),
            quality(point, |line| line.valid),
            quality(point, |line| line.test),
            compression.map_or_else(String::new, |sample| statistics(&sample, "x")),
            quality(best, |line| line.valid),
            metric::value_text(metric, found.limit),
            found.of.to_string(),
        ]);
    }
    grid.filled()
}
