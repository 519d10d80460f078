//! The outcome of a run's process.

use std::fmt::Display;
use std::process::ExitStatus;

use super::interrupt::signal_name;
use sparsegate_store::RunDir;
use sparsegate_store::format::{FORMAT, RunState, Summary};

/// How a run ended, judged by its folder and its process.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All epochs are finished.
    Done(Box<Summary>),
    /// Its state is saved; it resumes when it is run again.
    Interrupted,
    /// It failed.
    Failed {
        /// The error message, with a hint what to do.
        error: String,
        /// The last lines of its log; empty if the process reported its error itself.
        log: String,
    },
    /// It was not started, because the sweep was interrupted before.
    NotStarted,
    /// A batch system has it and will start it.
    Queued {
        /// The job's name there.
        job: String,
    },
    /// It was excluded from this sweep.
    Excluded {
        /// The reason.
        why: String,
    },
}

/// Beginning of the error of a run whose process was killed.
const KILLED: &str = "its process was killed by";
/// Number of log lines shown for a failed run.
const LOG_LINES: usize = 12;

impl Outcome {
    /// A failure before the process was started.
    pub fn failed(error: &dyn Display) -> Self {
        Self::Failed { error: error.to_string(), log: String::new() }
    }

    /// The outcome of a run that starts from the run in `parent`, of which this is the outcome, if that is not done:
    /// the run fails with it, or is not started. Meaningless for a parent that is done.
    pub(crate) fn of_child(&self, parent: &RunDir) -> Self {
        match self {
            Self::Failed { error, .. } => {
                Self::failed(&format!("run {}, from which it starts, failed: {error}", parent.key()))
            }
            _ => Self::NotStarted,
        }
    }

    /// The outcome of a process that ended with `status`; `reported_error` is the error that it reported, if any.
    pub(super) fn from_exit(dir: &RunDir, status: Option<ExitStatus>, reported_error: Option<String>) -> Self {
        // The stored summary counts only together with the exit code, since another process may hold the folder.
        match (status.and_then(|status| status.code()), dir.summary()) {
            (Some(0), Ok(Some(summary))) if summary.state == RunState::Done => Self::Done(Box::new(summary)),
            (Some(130), _) => Self::Interrupted,
            // A process that had not yet installed its handler; it has nothing to save.
            (None, _) if matches!(killed_by(status), Some("SIGINT" | "SIGTERM" | "SIGHUP")) => Self::Interrupted,
            (_, Err(error)) => Self::failed(&error),
            (code, Ok(_)) => match reported_error {
                Some(error) => Self::Failed { error, log: String::new() },
                None => Self::Failed { error: unexplained(code, status), log: dir.log_tail(LOG_LINES) },
            },
        }
    }

    /// Whether the run's process was killed by a signal, which need not happen again.
    pub(super) fn was_killed(&self) -> bool {
        matches!(self, Self::Failed { error, .. } if error.starts_with(KILLED))
    }

    /// Whether the run's process was killed by a signal that need not come again. A process sends itself SIGABRT, and a
    /// limit of the shell sends SIGXCPU and SIGXFSZ: each would come again.
    pub(super) fn may_be_retried(&self) -> bool {
        const COME_AGAIN: [&str; 3] = ["SIGABRT", "SIGXCPU", "SIGXFSZ"];
        let Self::Failed { error, .. } = self else { return false };
        let by = error.strip_prefix(KILLED).map(str::trim_start);
        by.is_some_and(|by| !COME_AGAIN.iter().any(|signal| by.starts_with(signal)))
    }

    /// Writes a summary for a failed run whose process did not write one itself. The caller does not record a process
    /// that was killed by a signal; such a run counts as interrupted.
    pub(super) fn record(&self, dir: &RunDir) {
        let Self::Failed { error, .. } = self else { return };
        // If the folder is locked by another process or not writable, which may be why the run failed, it is left
        // unchanged.
        let Ok(lock) = dir.lock() else { return };
        // Nor is a folder without a record, which somebody deleted meanwhile: a summary alone would count as damage.
        if !matches!((dir.summary(), dir.record()), (Ok(None), Ok(Some(_)))) {
            return;
        }
        let last = dir.metrics().ok().and_then(|mut lines| lines.pop());
        let summary = Summary {
            format: FORMAT,
            state: RunState::Failed,
            epochs: last.as_ref().map_or(0, |line| line.epoch),
            // Not known before the data are loaded.
            metric: None,
            last,
            // Up to the last checkpoint, over all processes; that of the crashed one since then is not known.
            train_seconds: dir.position().ok().flatten().map_or(0.0, |position| position.train_seconds),
            error: Some(error.clone()),
            ground_truth: None,
            vectors: None,
            selected: None,
            stopped_early: None,
            baseline: None,
            usage: None,
        };
        let _ = lock.write_summary(&summary);
    }
}

/// Name of the signal that ended a process.
fn killed_by(status: Option<ExitStatus>) -> Option<&'static str> {
    #[cfg(unix)]
    return status.and_then(|status| signal_name(std::os::unix::process::ExitStatusExt::signal(&status)?));
    #[cfg(not(unix))]
    return status.and_then(|_| signal_name(0));
}

fn unexplained(code: Option<i32>, status: Option<ExitStatus>) -> String {
    match (code, status) {
        (Some(code), _) => format!("its process ended with exit code {code}"),
        (None, Some(_)) => {
            let signal = killed_by(status).unwrap_or("a signal");
            // Out of memory, the system kills without warning; other signals are faults of the program.
            let why = match signal {
                "SIGKILL" => ", perhaps for lack of memory",
                "SIGXCPU" | "SIGXFSZ" => ", at a limit of the shell (`ulimit -a` shows them)",
                "SIGABRT" => ", after an error that its log may name",
                _ => "",
            };
            format!(
                "{KILLED} {signal}{why}; run again: it resumes from its last checkpoint, or starts \
                 over if it had none"
            )
        }
        (None, None) => "its process could not be waited for".to_owned(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use camino::Utf8Path;
    use sparsegate_store::Position;
    use sparsegate_testing::language_models;

    use super::*;

    #[test]
    fn a_crash_keeps_the_time_of_the_processes_before() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "0123");
        Outcome::failed(&"deleted").record(&dir);
        assert_eq!(dir.summary().unwrap(), None, "a folder without run.json stays without a summary");
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let dir = RunDir::at(&language_models::store_record(root, &language_models::spec("W"), "0123"));
        let position = Position { train_seconds: 12.5, ..Position::start() };
        dir.lock().unwrap().write_checkpoint(&position, &[]).unwrap();
        Outcome::failed(&"killed").record(&dir);
        let summary = dir.summary().unwrap().unwrap();
        assert_eq!((summary.state, summary.train_seconds), (RunState::Failed, 12.5));
        // A summary that a process wrote stays.
        Outcome::failed(&"again").record(&dir);
        assert_eq!(dir.summary().unwrap().unwrap(), summary);
    }

    #[test]
    fn the_end_of_a_process_is_named() {
        let dir = RunDir::new(Utf8Path::new("/nowhere"), "k");
        let outcome = |raw| Outcome::from_exit(&dir, Some(ExitStatus::from_raw(raw)), None);
        let error = |raw| match outcome(raw) {
            Outcome::Failed { error, .. } => error,
            other => panic!("{other:?}"),
        };
        assert!(error(9).starts_with("its process was killed by SIGKILL, perhaps for lack of memory; run again"));
        assert!(error(11).starts_with("its process was killed by SIGSEGV; run again"));
        assert!(error(24).starts_with("its process was killed by SIGXCPU, at a limit of the shell"));
        assert!(outcome(9).may_be_retried() && outcome(11).may_be_retried());
        assert!(!outcome(6).may_be_retried() && !outcome(24).may_be_retried() && !outcome(3 << 8).may_be_retried());
        assert_eq!(error(3 << 8), "its process ended with exit code 3");
        for interrupted in [1, 2, 15, 130 << 8] {
            assert_eq!(outcome(interrupted), Outcome::Interrupted, "{interrupted}");
        }
    }
}
