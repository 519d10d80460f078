//! Which network to use: the smallest one that is about as good as the best.

use super::metric;
use super::points::{self, Point};
use super::rows::{RowState, RunRow};
use super::sample::Sample;

/// How much worse than the best point a point may be, without several seeds of the best: a fraction of its metric.
const MARGIN: f64 = 0.01;

/// The recommendation for the runs of a cell.
#[derive(Debug, Clone)]
pub struct Recommendation<'a> {
    /// The recommended point.
    pub point: Point<'a>,
    /// The point with the best mean validation metric.
    pub best: Point<'a>,
    /// If the recommended point is dense: the sparse one with the best mean validation metric, which is not good enough.
    pub sparse: Option<Point<'a>>,
    /// By how much worse than that of the best point a mean validation metric may be: one standard deviation over its
    /// seeds or, with one seed, one percent.
    pub margin: f64,
    /// Number of points that it was chosen from.
    pub of: usize,
}

impl Recommendation<'_> {
    /// By how much the mean validation metric of a point is worse than that of the best one.
    pub fn behind(&self, point: &Point<'_>) -> Option<f64> {
        let valid = |point: &Point<'_>| measured(point).map(|(valid, _)| valid.mean);
        Some((valid(&self.best)? - valid(point)?).abs())
    }
}

/// Validation metric and compression of a point at the epochs at which its runs are quoted.
fn measured(point: &Point<'_>) -> Option<(Sample, Sample)> {
    let valid = point.sample(|row| row.quoted().map(|line| line.valid))?;
    let compression = point.sample(|row| row.quoted().and_then(|line| line.counts.compression_ratio()))?;
    Some((valid, compression))
}

/// For each cell with at least two finished points that have not collapsed, the point with the largest mean compression
/// among those whose mean validation metric reaches the limit; the first one in a tie. The test metric plays no part.
pub fn recommendations(rows: &[RunRow]) -> Vec<Recommendation<'_>> {
    let finished = |point: &Point<'_>| point.first().state == RowState::Done && point.first().collapsed().is_none();
    let mut cells: Vec<Vec<(Point<'_>, Sample, Sample)>> = Vec::new();
    for point in points::of(rows).into_iter().filter(finished) {
        let Some((valid, compression)) = measured(&point) else { continue };
        let same = |other: &&mut Vec<(Point<'_>, Sample, Sample)>| other[0].0.first().cell() == point.first().cell();
        match cells.iter_mut().find(same) {
            Some(cell) => cell.push((point, valid, compression)),
            None => cells.push(vec![(point, valid, compression)]),
        }
    }
    cells.iter().filter(|points| points.len() > 1).filter_map(|points| of_cell(points)).collect()
}

fn of_cell<'a>(points: &[(Point<'a>, Sample, Sample)]) -> Option<Recommendation<'a>> {
    let metric = points.iter().find_map(|(point, ..)| point.first().metric);
    let better =
        |a: &&(Point<'a>, Sample, Sample), b: &&(Point<'a>, Sample, Sample)| metric::order(metric, a.1.mean, b.1.mean);
    let best = points.iter().min_by(better)?;
    let margin = best.1.sd.unwrap_or(MARGIN * best.1.mean.abs());
    let limit = if metric::is_accuracy(metric) { best.1.mean - margin } else { best.1.mean + margin };
    let good = points.iter().filter(|(_, valid, _)| metric::order(metric, valid.mean, limit).is_le());
    // `max_by` returns the last of equal ones, hence the reversed order.
    let chosen = good.rev().max_by(|a, b| a.2.mean.total_cmp(&b.2.mean))?;
    let sparse = points.iter().filter(|(point, ..)| point.first().is_sparse()).min_by(better);
    let sparse = sparse.filter(|_| !chosen.0.first().is_sparse()).map(|(point, ..)| point.clone());
    Some(Recommendation { point: chosen.0.clone(), best: best.0.clone(), sparse, margin, of: points.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_fixture::finished;
    use sparsegate_core::EvaluationMetric;
    use sparsegate_spec::types::RunSpec;
    use sparsegate_testing::language_models as fixtures;

    fn row(level: &str, seed: u64, valid: f64, compression: f64, metric: EvaluationMetric) -> RunRow {
        let mut line = fixtures::epoch(level, 10, 10);
        (line.valid, line.counts.compression) = (valid, compression);
        RunRow {
            metrics: vec![line].into(),
            metric: Some(metric),
            ..finished(RunSpec { seed, ..fixtures::spec(level) })
        }
    }

    #[test]
    fn the_smallest_within_one_percent_of_the_best() {
        let runs = [("dense", 100.0, 1.0), ("W", 100.9, 20.0), ("W+N", 101.1, 30.0), ("W+G+N", 100.8, 20.0)];
        let rows = runs.map(|(level, valid, size)| row(level, 0, valid, size, EvaluationMetric::Perplexity));
        let found = recommendations(&rows);
        assert_eq!((found.len(), found[0].of), (1, 4));
        assert_eq!((found[0].point.first().level(), found[0].best.first().level()), ("W", "dense"));
        assert!((found[0].margin - 1.0).abs() < 1e-9 && found[0].sparse.is_none());
        assert!((found[0].behind(&found[0].point).unwrap() - 0.9).abs() < 1e-9);
        let rows = runs.map(|(level, valid, size)| row(level, 0, valid / 200.0, size, EvaluationMetric::Accuracy));
        assert_eq!(recommendations(&rows)[0].point.first().level(), "W+N", "a higher accuracy is better");
    }

    #[test]
    fn seeds_of_the_best_give_the_margin_and_collapsed_runs_do_not_count() {
        let mut rows: Vec<RunRow> =
            [(0, 98.0), (1, 102.0)].map(|(n, x)| row("dense", n, x, 1.0, EvaluationMetric::Perplexity)).into();
        rows.extend([(0, 102.0), (1, 103.0)].map(|(n, x)| row("W", n, x, 20.0, EvaluationMetric::Perplexity)));
        let mut collapsed = row("W+N", 0, 90.0, 1e12, EvaluationMetric::Perplexity);
        collapsed.metrics = {
            let mut line = collapsed.metrics[0].clone();
            line.collapse = Some(sparsegate_store::format::Collapse::NothingLeft);
            vec![line].into()
        };
        rows.push(collapsed);
        let found = recommendations(&rows);
        assert!((found[0].margin - 8f64.sqrt()).abs() < 1e-9, "{}", found[0].margin);
        assert_eq!((found[0].point.first().level(), found[0].of), ("W", 2));
        assert!(recommendations(&rows[..2]).is_empty(), "one point is no choice");
    }

    #[test]
    fn beside_a_dense_network_stands_the_best_sparse_one() {
        let runs = [("dense", 0.90, 1.0), ("W", 0.85, 20.0), ("W+N", 0.80, 90.0)];
        let rows = runs.map(|(level, valid, size)| row(level, 0, valid, size, EvaluationMetric::Accuracy));
        let found = recommendations(&rows);
        let sparse = found[0].sparse.as_ref().unwrap();
        assert_eq!((found[0].point.first().level(), sparse.first().level()), ("dense", "W"));
        let behind = found[0].behind(sparse).unwrap();
        assert!((behind - 0.05).abs() < 1e-9 && behind > found[0].margin, "{behind}");
    }
}
