//! Differences between runs of the same spec on several backends.
//!
//! Initial values, batches and noise are functions of the spec alone, so backends differ only in rounding, which
//! training then amplifies. Runs are compared if their specs differ only in the backend; the reference is the run on
//! `flex` or, without it, the first.

use serde_json::Value;

use sparsegate_spec::types::Backend;
use sparsegate_spec::{VaryingKeys, varying};
use sparsegate_store::format::EpochMetrics;

use super::metric::{self, gates_kept, weights_kept};
use super::rows::{RowState, RunRow};

/// Tolerance on the relative drift of the first epoch's training objective, chosen for the shipped parity sweep (see
/// `docs/report.md`).
pub const OBJECTIVE_TOLERANCE: f64 = 1e-4;
/// Tolerance on the drift of the validation and test metric after the last epoch: relative, or absolute for an
/// accuracy.
pub const METRIC_TOLERANCE: f64 = 0.01;

/// One run compared with the reference of its point, the runs whose specs differ only in the backend.
#[derive(Debug, Clone)]
pub struct BackendDrift<'a> {
    /// The point: the run's label without its backend.
    pub point: String,
    /// The run.
    pub row: &'a RunRow,
    /// The run that it is compared with; the run itself if it is the reference.
    pub reference: &'a RunRow,
    /// Metrics of (run, reference) at each epoch that both have finished.
    pub epochs: Vec<(&'a EpochMetrics, &'a EpochMetrics)>,
}

/// A spec without its backend, as dotted paths with values.
type SpecWithoutBackend = Vec<(String, Value)>;

/// All runs of points that are stored on more than one backend; the reference of each point comes first.
pub fn drifts(rows: &[RunRow]) -> Vec<BackendDrift<'_>> {
    // A stale row shows a run with another spec, so its differences would be meaningless.
    let comparable = |row: &&RunRow| !matches!(row.state, RowState::Stale | RowState::Missing | RowState::Damaged);
    let rows: Vec<&RunRow> = rows.iter().filter(comparable).filter(|row| row.last().is_some()).collect();
    if rows.iter().all(|row| row.spec.backend == rows[0].spec.backend) {
        return Vec::new();
    }
    let mut points: Vec<(SpecWithoutBackend, Vec<&RunRow>)> = Vec::new();
    for row in rows {
        let point: SpecWithoutBackend =
            varying::settings(&row.spec).into_iter().filter(|(path, _)| path != "backend").collect();
        match points.iter_mut().find(|(other, _)| *other == point) {
            Some((_, runs)) => runs.push(row),
            None => points.push((point, vec![row])),
        }
    }
    let several: Vec<Vec<&RunRow>> = points.into_iter().map(|(_, runs)| runs).filter(|runs| runs.len() > 1).collect();
    let varying = VaryingKeys::of(several.iter().flatten().map(|row| &row.spec)).without(&["backend"]);
    let mut drifts = Vec::new();
    for runs in several {
        let reference = runs.iter().copied().find(|row| row.spec.backend == Backend::Flex).unwrap_or(runs[0]);
        let others = runs.iter().copied().filter(|row| !std::ptr::eq(*row, reference));
        for row in std::iter::once(reference).chain(others) {
            let epochs = row.metrics.iter().filter_map(|line| Some((line, reference.at(line.epoch)?))).collect();
            drifts.push(BackendDrift { point: varying.label(&row.spec), row, reference, epochs });
        }
    }
    drifts
}

impl BackendDrift<'_> {
    /// Whether this run is the reference of its point.
    pub fn is_reference(&self) -> bool {
        std::ptr::eq(self.row, self.reference)
    }

    /// The run's backend.
    pub fn backend(&self) -> String {
        self.row.spec.backend.to_string()
    }

    /// Epochs with the drift of their mean training objective: the absolute difference, divided by the sum of the
    /// absolute values of data loss and KL term, which may cancel in the objective itself.
    pub fn objective(&self) -> Vec<(u32, f64)> {
        let of = |(ours, theirs): &(&EpochMetrics, &EpochMetrics)| {
            let size = theirs.train_loss.abs() + (theirs.train_objective - theirs.train_loss).abs();
            (ours.epoch, (ours.train_objective - theirs.train_objective).abs() / size)
        };
        self.epochs.iter().map(of).collect()
    }

    /// Largest drift of the objective over the epochs.
    pub fn largest_objective(&self) -> Option<f64> {
        self.objective().into_iter().map(|(_, drift)| drift).reduce(f64::max)
    }

    /// Largest relative drift of the mean data loss over the epochs.
    pub fn largest_loss(&self) -> Option<f64> {
        self.largest(|line| line.train_loss)
    }

    /// Largest relative drift of the mean gradient norm over the epochs.
    pub fn largest_gradient_norm(&self) -> Option<f64> {
        self.largest(|line| line.gradient_norm)
    }

    fn largest(&self, of: fn(&EpochMetrics) -> f64) -> Option<f64> {
        self.epochs.iter().map(|(ours, theirs)| relative(of(ours), of(theirs))).reduce(f64::max)
    }

    /// Drift of the validation metric after the last common epoch: relative, or absolute for an accuracy.
    pub fn valid(&self) -> Option<f64> {
        self.epochs.last().map(|(ours, theirs)| self.metric(ours.valid, theirs.valid))
    }

    /// The same for the test metric.
    pub fn test(&self) -> Option<f64> {
        self.epochs.last().map(|(ours, theirs)| self.metric(ours.test, theirs.test))
    }

    fn metric(&self, ours: f64, theirs: f64) -> f64 {
        if metric::is_accuracy(self.row.metric) { (ours - theirs).abs() } else { relative(ours, theirs) }
    }

    /// Kept weights of the run and of the reference after the last common epoch.
    pub fn weights(&self) -> Option<(u64, u64)> {
        self.epochs.last().map(|(ours, theirs)| (weights_kept(ours), weights_kept(theirs)))
    }

    /// Kept gates of the run and of the reference after the last common epoch.
    pub fn gates(&self) -> Option<(u64, u64)> {
        self.epochs.last().map(|(ours, theirs)| (gates_kept(ours), gates_kept(theirs)))
    }

    /// Mean seconds per epoch, including evaluation, checkpoints and the compilation of kernels.
    pub fn epoch_seconds(&self) -> Option<f64> {
        let summary = self.row.summary.as_deref()?;
        (summary.epochs > 0).then(|| summary.train_seconds / f64::from(summary.epochs))
    }

    /// Whether the drift is within [`OBJECTIVE_TOLERANCE`] and [`METRIC_TOLERANCE`]; `None` without a common epoch.
    pub fn within_tolerance(&self) -> Option<bool> {
        let (first, valid, test) = (self.objective().first()?.1, self.valid()?, self.test()?);
        Some(first <= OBJECTIVE_TOLERANCE && valid <= METRIC_TOLERANCE && test <= METRIC_TOLERANCE)
    }
}

fn relative(ours: f64, theirs: f64) -> f64 {
    let difference = (ours - theirs).abs();
    // Avoids 0 / 0 for two zeros.
    if difference > 0.0 { difference / theirs.abs() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_fixture::finished;
    use sparsegate_spec::types::RunSpec;
    use sparsegate_testing::language_models::{epoch, spec};

    fn row(spec: RunSpec, state: RowState, metrics: Vec<EpochMetrics>) -> RunRow {
        RunRow { state, metrics: metrics.into(), ..finished(spec) }
    }

    fn on(backend: Backend, level: &str) -> RunSpec {
        RunSpec { backend, ..spec(level) }
    }

    const TCH: Backend = Backend::Tch { cuda: None };

    fn lines(level: &str, epochs: u32, factor: f64) -> Vec<EpochMetrics> {
        let mut lines: Vec<EpochMetrics> = (1..=epochs).map(|n| epoch(level, n, 10)).collect();
        for line in &mut lines {
            line.train_loss *= factor;
            line.train_objective *= factor;
            line.valid *= factor;
        }
        lines
    }

    #[test]
    fn runs_of_one_point_are_held_against_flex() {
        let rows = [
            row(on(TCH, "W"), RowState::Done, lines("W", 4, 1.000_05)),
            row(on(TCH, "dense"), RowState::Done, lines("dense", 4, 1.0)),
            row(on(Backend::Flex, "W"), RowState::Interrupted, lines("W", 3, 1.0)),
            row(on(Backend::Flex, "dense"), RowState::Stale, lines("dense", 4, 1.0)),
        ];
        let found = drifts(&rows);
        assert_eq!(found.len(), 2, "nothing is held against a stale run: {found:?}");
        assert!(found[0].is_reference() && found[0].backend() == "flex");
        let drift = &found[1];
        assert_eq!((drift.point.as_str(), drift.backend().as_str(), drift.epochs.len()), ("W", "tch", 3));
        assert!((drift.largest_loss().unwrap() - 5e-5).abs() < 1e-9);
        assert!(drift.largest_objective().unwrap() <= 5.001e-5, "{drift:?}");
        assert_eq!((drift.test(), drift.within_tolerance()), (Some(0.0), Some(true)));
    }

    #[test]
    fn too_much_drift_is_told() {
        let late = |factor: f64| {
            let mut late = lines("W", 3, 1.0);
            late.last_mut().unwrap().valid *= factor;
            late
        };
        for (metrics, within_tolerance) in [(lines("W", 3, 1.01), false), (late(1.005), true), (late(1.02), false)] {
            let rows = [
                row(on(Backend::Flex, "W"), RowState::Done, lines("W", 3, 1.0)),
                row(on(TCH, "W"), RowState::Done, metrics),
            ];
            assert_eq!(drifts(&rows)[1].within_tolerance(), Some(within_tolerance));
        }
    }

    #[test]
    fn another_seed_is_another_point() {
        let mut other = on(TCH, "W");
        other.seed = 1;
        let rows = [
            row(on(Backend::Flex, "W"), RowState::Done, lines("W", 3, 1.0)),
            row(other, RowState::Done, lines("W", 3, 1.0)),
        ];
        assert!(drifts(&rows).is_empty());
    }
}
