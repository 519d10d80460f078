//! Follows jobs of Slurm until they have ended: `run --wait` and `status --wait`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::args::Global;
use super::output;
use super::run::run_labels;
use crate::progress;
use sparsegate_pipeline::exec::slurm::{Jobs, RunJob};
use sparsegate_pipeline::exec::{Interrupt, Outcome};
use sparsegate_pipeline::sweep::Sweep;
use sparsegate_store::format::RunState;

/// First and longest time between two questions to Slurm: many users ask the same controller.
const ASK_EVERY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(1));
/// Longest delay before an interrupt is noticed.
const TICK: Duration = Duration::from_millis(100);
/// Lines of a failed run's log to show.
const LOG_LINES: usize = 12;

/// Waits until no run is queued or running any more, says what changes, and replaces the outcomes. Returns `false` if
/// it was interrupted.
pub(super) fn follow(global: &Global, sweep: &Sweep, outcomes: &mut [Outcome], interrupt: &Interrupt) -> bool {
    let labels = run_labels::labels(sweep);
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let runs: Vec<_> = sweep.runs().collect();
    let mut said: BTreeMap<usize, String> = BTreeMap::new();
    let mut pause = ASK_EVERY.0;
    loop {
        let waiting = |outcome: &Outcome| matches!(outcome, Outcome::Queued { .. });
        if !outcomes.iter().any(waiting) {
            return true;
        }
        match Jobs::read(&global.root) {
            // The controller may be down for a while.
            Err(error) => say(global, &mut said, usize::MAX, format!("note: {error}; asking again")),
            Ok(jobs) => {
                for (place, run) in
                    runs.iter().enumerate().filter(|(place, _)| waiting(&outcomes[*place])).collect::<Vec<_>>()
                {
                    let job = jobs.of(&run.entry.key);
                    let phase = job.and_then(RunJob::describe);
                    if !job.is_some_and(RunJob::is_active) {
                        outcomes[place] = ended(run.entry, phase.as_deref());
                    }
                    let now = match &outcomes[place] {
                        Outcome::Done(summary) => {
                            let quality = summary.last.as_ref().map(|last| progress::quality(summary.metric, last));
                            format!("done  {}", quality.unwrap_or_default())
                        }
                        Outcome::Failed { error, .. } => format!("failed: {error}"),
                        _ => phase.unwrap_or_default(),
                    };
                    say(global, &mut said, place, format!("{:width$}  {}", labels[place], now.trim_end()));
                }
            }
        }
        let begun = Instant::now();
        while begun.elapsed() < pause && outcomes.iter().any(waiting) {
            if interrupt.is_raised() {
                return false;
            }
            std::thread::sleep(TICK);
        }
        pause = (pause * 3 / 2).min(ASK_EVERY.1);
    }
}

/// Prints a line unless it was the last one said about this run.
fn say(global: &Global, said: &mut BTreeMap<usize, String>, place: usize, line: String) {
    if said.get(&place) != Some(&line) {
        if global.verbosity() >= 0 {
            output::message!("{line}");
        }
        said.insert(place, line);
    }
}

/// The outcome of a run whose job is over.
fn ended(entry: &sparsegate_store::plan::PlanEntry, how: Option<&str>) -> Outcome {
    match entry.dir.summary() {
        Ok(Some(summary)) if summary.state == RunState::Done => Outcome::Done(Box::new(summary)),
        Ok(Some(summary)) if summary.state == RunState::Failed => Outcome::Failed {
            error: summary.error.unwrap_or_else(|| "no reason is stored".to_owned()),
            log: entry.dir.log_tail(LOG_LINES),
        },
        Ok(_) => {
            let error = format!("its job has ended: {}", how.unwrap_or("nothing is known about it"));
            Outcome::Failed { error, log: entry.dir.log_tail(LOG_LINES) }
        }
        Err(error) => Outcome::failed(&error),
    }
}
