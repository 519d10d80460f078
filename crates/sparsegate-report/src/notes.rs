//! Notes on the runs for the reader of a report.

use super::compare::CollapsedRun;
use super::html::short;
use super::rows::{RowState, RunRow, RunRows};

/// Notes on stale, missing, damaged, failed, unfinished and collapsed runs and on stored runs left out; then the
/// warnings.
pub fn notes(found: &RunRows) -> Vec<String> {
    let mut notes = ends(&found.rows);
    for row in &found.rows {
        match row.state {
            RowState::Stale => notes.push(format!(
                "{} is stale: the run of the current spec is not stored. Run {}, which has the same level, cell, seed and \
                 backend and {} epochs, is shown instead.",
                row.label,
                short(&row.run),
                row.epochs()
            )),
            RowState::Missing => notes.push(format!("{} has not been run.", row.label)),
            RowState::Damaged => notes.push(format!("{} is stored, but one of its files cannot be read.", row.label)),
            RowState::Failed => {
                let error = row.summary.as_deref().and_then(|summary| summary.error.clone());
                notes.push(format!("{} failed: {}", row.label, error.unwrap_or_else(|| "no reason stored".into())));
            }
            RowState::Interrupted => notes.push(format!(
                "{} is not finished: {} of {} epochs.",
                row.label,
                row.epochs(),
                row.planned_epochs
            )),
            RowState::Done => {}
        }
    }
    let collapsed = CollapsedRun::all(&found.rows);
    notes.extend(collapsed.iter().map(|run| format!("{run}.")));
    if !collapsed.is_empty() {
        notes.push("Collapsed runs stay in the tables, but do not determine the axes of figures.".into());
    }
    match found.left_out {
        0 => {}
        1 => notes.push("One other stored run of this experiment is not in the plan and is left out.".into()),
        n => notes.push(format!("{n} other stored runs of this experiment are not in the plan and are left out.")),
    }
    notes.extend(found.warnings.iter().cloned());
    notes
}

/// Points that the notes on ends of runs name.
const NAMED: usize = 12;

/// Which finished runs ended before their last epoch, and which are shown at another epoch than their last.
fn ends(rows: &[RunRow]) -> Vec<String> {
    let done: Vec<&RunRow> = rows.iter().filter(|row| row.state == RowState::Done).collect();
    let stopped = listed(&done, "after epoch", |row| {
        let stopped = row.summary.as_deref()?.stopped_early?;
        Some(format!("{}, best at {}", stopped.epoch, stopped.best))
    });
    let shown = listed(&done, "at epoch", |row| {
        let summary = row.summary.as_deref()?;
        summary.selected.filter(|epoch| *epoch != summary.epochs).map(|epoch| epoch.to_string())
    });
    let stopped = stopped.map(|runs| format!("Stopped early, as the validation metric got no better: {runs}."));
    let shown = shown.map(|runs| format!("Shown at the epoch with the best validation metric, not the last: {runs}."));
    stopped.into_iter().chain(shown).collect()
}

/// The runs that `of` says something about, those of a point together: `dense, lstm (seeds 0, 1) at epochs 4, 5`; `None`
/// without any.
fn listed(rows: &[&RunRow], what: &str, of: impl Fn(&RunRow) -> Option<String>) -> Option<String> {
    let mut points: Vec<(&str, Vec<(&RunRow, String)>)> = Vec::new();
    for row in rows {
        let Some(text) = of(row) else { continue };
        match points.iter_mut().find(|(point, _)| *point == row.point) {
            Some((_, runs)) => runs.push((row, text)),
            None => points.push((&row.point, vec![(row, text)])),
        }
    }
    let name = |(point, runs): &(&str, Vec<(&RunRow, String)>)| match runs.as_slice() {
        [(row, text)] => format!("{} {what} {text}", row.label),
        several => {
            let seeds: Vec<String> = several.iter().map(|(row, _)| row.spec.seed.to_string()).collect();
            let texts: Vec<&str> = several.iter().map(|(_, text)| text.as_str()).collect();
            // Texts with commas of their own are told apart by semicolons.
            let comma = if texts.iter().any(|text| text.contains(',')) { "; " } else { ", " };
            format!("{point} (seeds {}) {what}s {}", seeds.join(", "), texts.join(comma))
        }
    };
    let mut names: Vec<String> = points.iter().take(NAMED).map(name).collect();
    if points.len() > NAMED {
        names.push(format!("and {} more", points.len() - NAMED));
    }
    (!names.is_empty()).then(|| names.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_fixture::finished;
    use sparsegate_spec::types::RunSpec;
    use sparsegate_testing::language_models as fixtures;
    use std::sync::Arc;

    fn row(level: &str, seed: u64, selected: u32) -> RunRow {
        let spec = RunSpec { seed, ..fixtures::spec(level) };
        let summary = serde_json::json!({
            "format": 1, "state": "done", "epochs": 10, "last": null, "train_seconds": 1.0, "selected": selected,
        });
        RunRow { summary: Some(Arc::new(serde_json::from_value(summary).expect("a summary"))), ..finished(spec) }
    }

    #[test]
    fn the_seeds_of_a_point_share_a_line() {
        let rows =
            [("dense", 0, 4), ("dense", 1, 5), ("W", 0, 10), ("W", 1, 9)].map(|(level, seed, at)| row(level, seed, at));
        assert_eq!(
            ends(&rows),
            [
                "Shown at the epoch with the best validation metric, not the last: dense (seeds 0, 1) at epochs 4, 5; W, seed 1 \
              at epoch 9."
            ]
        );
        assert!(ends(&rows[2..3]).is_empty(), "shown at its last epoch");
        let many: Vec<RunRow> = (0..20).map(|n| RunRow { point: format!("lr {n}"), ..row("W", 0, 3) }).collect();
        assert!(ends(&many)[0].ends_with("and 8 more."), "{:?}", ends(&many));
    }
}
