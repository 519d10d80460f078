//! Runs of the same point on several backends.

use crate::drift::BackendDrift;
use crate::grid::TableData;
use crate::number::{count, value};

/// One row per run of each point that was trained on several backends; `None` without such points.
pub fn backends(drifts: &[BackendDrift<'_>]) -> Option<TableData> {
    let numbers = [
        "epochs",
        "objective, epoch 1",
        "objective, largest",
        "data loss",
        "gradient norm",
        "valid",
        "test",
        "weights kept",
        "gates kept",
        "seconds an epoch",
    ];
    let mut grid = TableData::new(&["point", "backend", "tolerance"], &numbers);
    for drift in drifts {
        let verdict = match (drift.is_reference(), drift.within_tolerance()) {
            (true, _) => "reference",
            (false, Some(true)) => "within",
            (false, Some(false)) => "outside",
            (false, None) => "no common epoch",
        };
        let size = |of: Option<f64>| match of {
            Some(size) if !drift.is_reference() => magnitude(size),
            _ => String::new(),
        };
        grid.rows.push(vec![
            drift.point.clone(),
            drift.backend(),
            verdict.to_owned(),
            drift.epochs.len().to_string(),
            size(drift.objective().first().map(|(_, drift)| *drift)),
            size(drift.largest_objective()),
            size(drift.largest_loss()),
            size(drift.largest_gradient_norm()),
            size(drift.valid()),
            size(drift.test()),
            kept(drift, drift.weights()),
            kept(drift, drift.gates()),
            drift.epoch_seconds().map(value).unwrap_or_default(),
        ]);
    }
    grid.filled()
}

/// A drift to two digits, such as `2.1e-6`.
fn magnitude(drift: f64) -> String {
    if drift == 0.0 { "0".to_owned() } else { format!("{drift:.1e}") }
}

/// A count such as `1,234 (+3)`, with the difference from the reference in brackets unless it is zero.
fn kept(drift: &BackendDrift<'_>, pair: Option<(u64, u64)>) -> String {
    let Some((ours, theirs)) = pair else { return String::new() };
    match ours as i64 - theirs as i64 {
        0 => count(ours),
        _ if drift.is_reference() => count(ours),
        difference => format!("{} ({difference:+})", count(ours)),
    }
}
