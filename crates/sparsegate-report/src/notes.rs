//! Notes on the runs for the reader of a report.

use super::compare::CollapsedRun;
use super::html::short;
use super::rows::{RowState, RunRow, RunRows};

/// Notes on stale, missing, damaged, failed, unfinished and collapsed runs and on stored runs left out; then the
/// warnings.
pub fn notes(found: &RunRows) -> Vec<String> {
    let mut notes = Vec::new();
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
            RowState::Done => notes.extend(end_of(row)),
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

/// Why a finished run ended before its last epoch, and at which epoch it is shown, if that is not its last one.
fn end_of(row: &RunRow) -> Option<String> {
    let summary = row.summary.as_deref()?;
    let stopped = summary.stopped_early.map(|stopped| {
        let (epoch, best) = (stopped.epoch, stopped.best);
        format!("stopped early after epoch {epoch}, since its validation metric was not better than at epoch {best}")
    });
    let selected = summary.selected.filter(|epoch| *epoch != summary.epochs);
    let shown = selected.map(|epoch| format!("is shown at epoch {epoch}, the best by the validation metric"));
    let parts: Vec<String> = stopped.into_iter().chain(shown).collect();
    (!parts.is_empty()).then(|| format!("{} {}.", row.label, parts.join(", and ")))
}
