//! What the reader of a report has to know about its runs.

use super::html::short;
use super::rows::{Rows, State};

/// Stale, missing, failed and unfinished runs, runs and folders left out; the warnings last.
pub fn notes(found: &Rows) -> Vec<String> {
    let mut notes = Vec::new();
    for row in &found.rows {
        match row.state {
            State::Stale => notes.push(format!(
                "{} is stale: the run of the present spec is not stored, and run {} of the same point with {} epochs is \
                 shown instead.",
                row.label,
                short(&row.run),
                row.epochs()
            )),
            State::Missing => notes.push(format!("{} has not been run.", row.label)),
            State::Damaged => notes.push(format!("{} is stored, and a file of it cannot be read.", row.label)),
            State::Failed => {
                let error = row.summary.as_ref().and_then(|summary| summary.error.clone());
                notes.push(format!("{} failed: {}", row.label, error.unwrap_or_else(|| "no reason stored".into())));
            }
            State::Interrupted => notes.push(format!(
                "{} is not finished: {} of {} epochs.",
                row.label,
                row.epochs(),
                row.planned_epochs
            )),
            State::Done => {}
        }
    }
    match found.left_out {
        0 => {}
        1 => notes.push("One other stored run of this experiment is not in the plan and left out.".into()),
        n => notes.push(format!("{n} other stored runs of this experiment are not in the plan and left out.")),
    }
    notes.extend(found.warnings.iter().cloned());
    notes
}
