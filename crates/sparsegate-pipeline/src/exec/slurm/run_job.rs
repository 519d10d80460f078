//! What the job of one run does, judged by what Slurm and the job itself say.

use camino::Utf8PathBuf;

use super::SlurmOptions;
use super::queue::SlurmTask;
use super::submission::{Attempt, Submission, TaskEnd};

/// Beginning of what is said of a job for which memory ran out.
pub(super) const OUT_OF_MEMORY: &str = "out of memory";

/// What the job of a run does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// It waits; the reason is Slurm's, such as `Resources`.
    Queued {
        /// Why it waits.
        reason: String,
    },
    /// It runs.
    Running {
        /// On this node.
        node: String,
    },
    /// It has ended, and not as it should: `out of memory`, `timed out`, `cancelled`, and what else Slurm or the job
    /// says.
    Ended {
        /// How.
        how: String,
    },
    /// It has ended as it should, or left no trace.
    Over,
}

/// The last job of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunJob {
    /// The run's key.
    pub key: String,
    /// The experiment for which it was submitted.
    pub experiment: String,
    /// Number of the array; empty if it is not known.
    pub(super) job: String,
    pub(super) index: usize,
    /// Folder of the submission.
    pub(super) folder: Utf8PathBuf,
    /// What it does.
    pub phase: Phase,
    /// Whether a job of this submission has ever begun with the run.
    pub began: bool,
    /// How often it was put back into the queue.
    pub requeues: usize,
    /// File with what the job printed.
    pub output: Utf8PathBuf,
    /// What was asked of Slurm.
    pub options: SlurmOptions,
}

impl RunJob {
    /// The task, as `JOB_INDEX`, which Slurm's commands accept.
    pub fn id(&self) -> String {
        format!("{}_{}", self.job, self.index)
    }

    /// Name of the submission.
    pub(super) fn submission(&self) -> Option<&str> {
        self.folder.file_name()
    }

    /// Number of the job array.
    pub fn array(&self) -> &str {
        &self.job
    }

    /// Whether it waits or runs.
    pub fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Queued { .. } | Phase::Running { .. })
    }

    /// The phase in words; `None` if there is nothing to add to what the run folder says.
    pub fn describe(&self) -> Option<String> {
        let again = match self.requeues {
            0 => String::new(),
            1 => ", requeued once".to_owned(),
            count => format!(", requeued {count} times"),
        };
        match &self.phase {
            Phase::Queued { reason } if reason.is_empty() => Some(format!("queued{again}")),
            Phase::Queued { reason } => Some(format!("queued ({reason}){again}")),
            Phase::Running { node } => Some(format!("running on {node}{again}")),
            Phase::Ended { how } => Some(how.clone()),
            Phase::Over => None,
        }
    }
}

impl RunJob {
    /// The job of a task, of which nothing else is known.
    pub(super) fn new(submission: &Submission, job: &str, index: usize) -> Self {
        let task = submission.tasks.get(index);
        Self {
            key: task.map(|task| task.key.clone()).unwrap_or_default(),
            experiment: task.map(|task| task.experiment.clone()).unwrap_or_default(),
            job: job.to_owned(),
            index,
            folder: submission.folder.clone(),
            phase: Phase::Over,
            began: false,
            requeues: 0,
            output: submission.output_path(index),
            options: submission.options.clone(),
        }
    }
}

/// Judges one task by what Slurm and the job itself say.
pub(super) fn run_job(submission: &Submission, job: &str, index: usize, slurm: Option<&SlurmTask>) -> RunJob {
    let attempts = submission.attempts(index);
    let begun = attempts.iter().filter(|attempt| matches!(attempt, Attempt::Started { .. })).count();
    let requeues = begun.saturating_sub(1);
    let said = match attempts.last() {
        Some(Attempt::Ended(end)) => Some(end),
        _ => None,
    };
    let phase = match slurm {
        // Slurm needs a moment to clean up after a job. One that said something else may be put back into the queue.
        Some(task) if task.state == "COMPLETING" && matches!(said, Some(TaskEnd::Done | TaskEnd::Failed { .. })) => {
            said_by_job(said, &attempts)
        }
        Some(task) if task.is_active() => match task.state.as_str() {
            "PENDING" | "REQUEUED" | "REQUEUE_FED" | "REQUEUE_HOLD" | "RESV_DEL_HOLD" | "SPECIAL_EXIT" => {
                Phase::Queued { reason: task.reason.clone() }
            }
            _ => Phase::Running { node: task.nodes.clone() },
        },
        // The job sees that a process of its own was killed, Slurm why.
        Some(task) if task.state == "OUT_OF_MEMORY" && !says_memory(said) => ended_as(task, begun > 0),
        // A job that was requeued said something about the one before; one that is told to stop does not know why.
        Some(task)
            if matches!(
                said,
                None | Some(
                    TaskEnd::Continued
                        | TaskEnd::Preempted
                        | TaskEnd::Retried { .. }
                        | TaskEnd::Stopped { .. }
                        | TaskEnd::Cancelled
                )
            ) =>
        {
            ended_as(task, begun > 0)
        }
        _ => said_by_job(said, &attempts),
    };
    RunJob { phase, began: begun > 0, requeues, ..RunJob::new(submission, job, index) }
}

/// Whether the job said itself that memory ran out, or that all is well.
fn says_memory(said: Option<&TaskEnd>) -> bool {
    match said {
        Some(TaskEnd::Done) => true,
        Some(TaskEnd::Failed { why }) => why.starts_with(OUT_OF_MEMORY),
        _ => false,
    }
}

/// How a job ended that did not say so itself. `began`: the program was started in it.
fn ended_as(task: &SlurmTask, began: bool) -> Phase {
    let how = match task.state.as_str() {
        "COMPLETED" => return Phase::Over,
        // The reason repeats the state; that of a job that was cancelled is why it had waited.
        "CANCELLED" => return Phase::Ended { how: "cancelled".to_owned() },
        "OUT_OF_MEMORY" => return Phase::Ended { how: OUT_OF_MEMORY.to_owned() },
        "TIMEOUT" => return Phase::Ended { how: "timed out".to_owned() },
        "NODE_FAIL" => "its node failed".to_owned(),
        "BOOT_FAIL" => "its node did not start".to_owned(),
        // A module that is missing, a preamble that ends the shell, a full quota.
        "FAILED" if !began => "failed before the program started".to_owned(),
        other => other.to_lowercase().replace('_', " "),
    };
    let reason = Some(task.reason.as_str()).filter(|reason| !reason.is_empty());
    let why: Vec<&str> = reason.into_iter().chain(task.exit.as_deref()).collect();
    Phase::Ended { how: if why.is_empty() { how } else { format!("{how} ({})", why.join(", ")) } }
}

fn said_by_job(said: Option<&TaskEnd>, attempts: &[Attempt]) -> Phase {
    let ended = |how: String| Phase::Ended { how };
    match said {
        Some(TaskEnd::Done) => Phase::Over,
        Some(TaskEnd::Cancelled) => ended("cancelled".to_owned()),
        Some(TaskEnd::Failed { why }) if why.starts_with(OUT_OF_MEMORY) => ended(why.clone()),
        Some(TaskEnd::Failed { why }) => ended(format!("failed: {why}")),
        Some(TaskEnd::Stopped { signal }) => ended(format!("cancelled or preempted ({signal})")),
        Some(TaskEnd::Continued | TaskEnd::Preempted | TaskEnd::Retried { .. }) => {
            ended("requeued, and gone from the queue".to_owned())
        }
        None if attempts.is_empty() => ended("gone from the queue before it started".to_owned()),
        None => ended("its job was killed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::slurm::submission::Task;
    use camino::Utf8Path;

    fn judged(attempts: &[Attempt], slurm: Option<(&str, &str)>) -> RunJob {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let task = Task { experiment: "t".into(), key: "k".into(), dir: "runs/t/k".into() };
        let submission = Submission::create(root, &SlurmOptions::default(), vec![task], |_| String::new()).unwrap();
        for attempt in attempts {
            submission.note(0, attempt).unwrap();
        }
        let slurm = slurm.map(|(state, reason)| SlurmTask {
            state: state.to_owned(),
            reason: reason.to_owned(),
            nodes: "n1".to_owned(),
            exit: (state == "FAILED").then(|| "exit code 3".to_owned()),
        });
        run_job(&submission, "7", 0, slurm.as_ref())
    }

    #[test]
    fn the_state_of_a_job_is_judged_by_slurm_and_by_the_job() {
        let started = || Attempt::Started { job: "7_0".to_owned(), node: "n1".to_owned(), step: 0, cpu: None };
        let ended = |end| vec![started(), Attempt::Ended(end)];
        let says = |attempts: &[Attempt], slurm| judged(attempts, slurm).describe();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(says(&[], Some(("PENDING", "Resources"))), some("queued (Resources)"));
        assert_eq!(says(&[started()], Some(("RUNNING", ""))), some("running on n1"));
        let twice = [ended(TaskEnd::Continued), vec![started()]].concat();
        assert_eq!(says(&twice, Some(("RUNNING", ""))), some("running on n1, requeued once"));
        assert_eq!(says(&[started()], Some(("OUT_OF_MEMORY", ""))), some("out of memory"));
        assert_eq!(says(&[started()], Some(("TIMEOUT", ""))), some("timed out"));
        assert_eq!(says(&ended(TaskEnd::Continued), Some(("CANCELLED", ""))), some("cancelled"));
        assert_eq!(says(&ended(TaskEnd::Done), Some(("COMPLETED", ""))), None);
        assert_eq!(says(&ended(TaskEnd::Done), Some(("COMPLETING", ""))), None);
        assert_eq!(says(&ended(TaskEnd::Done), None), None);
        assert_eq!(says(&[started()], None), some("its job was killed"));
        assert_eq!(says(&[Attempt::Ended(TaskEnd::Cancelled)], None), some("cancelled"));
        assert_eq!(says(&[], None), some("gone from the queue before it started"));
        let exit = "failed (NonZeroExitCode, exit code 3)";
        assert_eq!(says(&[started()], Some(("FAILED", "NonZeroExitCode"))), some(exit));
        assert_eq!(says(&[started()], Some(("NODE_FAIL", ""))), some("its node failed"));
        let before = "failed before the program started (NonZeroExitCode, exit code 3)";
        assert_eq!(says(&[], Some(("FAILED", "NonZeroExitCode"))), some(before));
        let failed = |why: &str| ended(TaskEnd::Failed { why: why.to_owned() });
        assert_eq!(says(&failed("diverged"), Some(("FAILED", "NonZeroExitCode"))), some("failed: diverged"));
        assert_eq!(says(&failed("diverged"), Some(("COMPLETING", ""))), some("failed: diverged"));
        let stopped = || ended(TaskEnd::Stopped { signal: "SIGTERM".to_owned() });
        assert_eq!(says(&stopped(), Some(("COMPLETING", ""))), some("running on n1"), "it may be requeued");
        assert_eq!(says(&[started()], Some(("EXPEDITING", ""))), some("running on n1"), "a state of a newer Slurm");
        // Slurm knows better why a process was killed, and the job how much memory it had.
        assert_eq!(says(&failed("killed"), Some(("OUT_OF_MEMORY", ""))), some("out of memory"));
        let long = "out of memory: 500M were asked for";
        assert_eq!(says(&failed(long), Some(("OUT_OF_MEMORY", ""))), some(long));
        assert_eq!(says(&failed(long), None), some(long));
        let job = judged(&[started()], Some(("RUNNING", "")));
        assert!(job.is_active() && job.id() == "7_0");
    }
}
