//! How a run's process ended.

use std::fmt::Display;
use std::process::ExitStatus;

use sparsegate_store::RunDir;
use sparsegate_store::format::{FORMAT, RunState, Summary};

/// How a run ended, as its folder and its process tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All epochs are done.
    Done(Box<Summary>),
    /// Its state is saved; it goes on when it is run again.
    Interrupted,
    /// It failed.
    Failed {
        /// Why, and what to do.
        error: String,
        /// The last lines of its log, empty if it has none that say more.
        log: String,
    },
    /// It was not started, since the sweep was told to stop before.
    NotStarted,
    /// It was not to be started here.
    LeftOut {
        /// Why.
        why: String,
    },
}

/// Lines of the log that are shown for a failed run.
const LOG_LINES: usize = 12;

impl Outcome {
    /// A failure before there was a process.
    pub fn failed(error: &dyn Display) -> Self {
        Self::Failed { error: error.to_string(), log: String::new() }
    }

    /// Judges a process that has ended with `status`; `told` is the error it sent, if it sent one.
    pub(super) fn of(dir: &RunDir, status: Option<ExitStatus>, told: Option<String>) -> Self {
        // What the run left in its folder counts only together with the exit code: another process may hold the folder.
        match (status.and_then(|status| status.code()), dir.summary()) {
            (Some(0), Ok(Some(summary))) if summary.state == RunState::Done => Self::Done(Box::new(summary)),
            (Some(130), _) => Self::Interrupted,
            (_, Err(error)) => Self::failed(&error),
            (code, Ok(_)) => match told {
                Some(error) => Self::Failed { error, log: String::new() },
                None => Self::Failed { error: unexplained(code, status), log: dir.log_tail(LOG_LINES) },
            },
        }
    }

    /// Leaves a failure in the folder of a run whose process could not do so itself. A killed process leaves none: its
    /// run is as if interrupted.
    pub(super) fn record(&self, dir: &RunDir, metric: &str) {
        let Self::Failed { error, .. } = self else { return };
        // The folder may be another process's, or not writable, which is why the run failed; then it stays as it is.
        let Ok(lock) = dir.lock() else { return };
        if !matches!(dir.summary(), Ok(None)) {
            return;
        }
        let last = dir.metrics().ok().and_then(|mut lines| lines.pop());
        let summary = Summary {
            format: FORMAT,
            state: RunState::Failed,
            epochs: last.as_ref().map_or(0, |line| line.epoch),
            metric: metric.to_owned(),
            last,
            train_seconds: 0.0,
            error: Some(error.clone()),
            planted: None,
            vectors: None,
        };
        let _ = lock.write_summary(&summary);
    }
}

fn unexplained(code: Option<i32>, status: Option<ExitStatus>) -> String {
    match (code, status) {
        (Some(code), _) => format!("its process ended with exit code {code}"),
        (None, Some(status)) => {
            format!(
                "its process was killed ({status}), perhaps for lack of memory; run again: it goes on from its last checkpoint, or starts over if it had none"
            )
        }
        (None, None) => "its process could not be waited for".to_owned(),
    }
}
