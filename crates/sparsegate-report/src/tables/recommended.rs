//! The recommended network for each cell.

use super::statistics::{Statistic, spreads};
use crate::grid::TableData;
use crate::metric;
use crate::number::value;
use crate::points::Point;
use crate::recommend::{Recommendation, recommendations};
use crate::rows::RunRow;
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

/// The smallest network that is about as good as the best one, for each cell, with the best one and, if the recommended
/// one is dense, the best sparse one; `None` if there is no choice.
pub fn recommended(rows: &[RunRow]) -> Option<TableData> {
    let metric = rows.iter().find_map(|row| row.metric);
    let short = metric.map_or("metric", EvaluationMetric::short_name);
    let (valid, test) = (format!("valid {short}"), format!("test {short}"));
    let mut grid = TableData::new(
        &["cell", "network", "choice"],
        &["of", "behind the best by", "allowed", &valid, &test, "compression"],
    );
    let found = recommendations(rows);
    let chosen: Vec<(&Recommendation<'_>, &Point<'_>, &str)> = found.iter().flat_map(choices).collect();
    for (one, point, choice) in &chosen {
        let first = point.first();
        grid.rows.push(vec![
            first.cell().to_owned(),
            first.in_cell(&first.point),
            (*choice).to_owned(),
            one.of.to_string(),
            one.behind(point).filter(|behind| *behind > 0.0).map_or_else(String::new, |x| distance(metric, x)),
            distance(metric, one.margin),
        ]);
    }
    let column = |unit, of: &dyn Fn(&EpochMetrics) -> Option<f64>| {
        let cell = |(_, point, _): &(&Recommendation<'_>, &Point<'_>, &str)| Statistic {
            task: "",
            sample: point.sample(|row| row.quoted().and_then(of)),
            unit,
        };
        spreads(&chosen.iter().map(cell).collect::<Vec<_>>())
    };
    grid.push_columns(vec![
        column(metric::unit(metric), &|line| Some(metric::on_axis(metric, line.valid))),
        column(metric::unit(metric), &|line| Some(metric::on_axis(metric, line.test))),
        column("x", &|line| line.counts.compression_ratio()),
    ]);
    grid.filled()
}

/// The points that a recommendation shows, each with what it is.
fn choices<'a, 'b>(one: &'a Recommendation<'b>) -> Vec<(&'a Recommendation<'b>, &'a Point<'b>, &'static str)> {
    if one.point.first().run == one.best.first().run {
        let sparse = one.sparse.iter().map(|sparse| (one, sparse, "best sparse by validation"));
        return std::iter::once((one, &one.point, "recommended, best by validation")).chain(sparse).collect();
    }
    let sparse = one.sparse.iter().filter(|sparse| sparse.first().run != one.best.first().run);
    let sparse = sparse.map(|sparse| (one, sparse, "best sparse by validation"));
    [(one, &one.point, "recommended"), (one, &one.best, "best by validation")].into_iter().chain(sparse).collect()
}

/// A difference of two values of a metric, of an accuracy in points.
fn distance(metric: Option<EvaluationMetric>, x: f64) -> String {
    if metric::is_accuracy(metric) { format!("{:.2} points", 100.0 * x) } else { value(x) }
}
