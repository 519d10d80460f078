//! What became of submitted runs: submissions joined with what Slurm says.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::client::{self, SlurmTask};
use super::submission::{Attempt, Submission, TaskEnd};
use super::{SlurmError, SlurmOptions};

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
    /// Number of the array; empty if it is not known.
    job: String,
    index: usize,
    /// Folder of the submission.
    folder: Utf8PathBuf,
    /// What it does.
    pub phase: Phase,
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

/// The jobs of a project's runs.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    by_key: BTreeMap<String, RunJob>,
}

impl Jobs {
    /// Reads the submissions under `root` and asks Slurm about them. Asks nothing if there are none.
    ///
    /// # Errors
    /// A submission that cannot be read, or Slurm does not answer.
    pub fn read(root: &Utf8Path) -> Result<Self, SlurmError> {
        let submissions = Submission::all(root)?;
        let names: Vec<&str> = submissions.iter().map(|submission| submission.name.as_str()).collect();
        let queue = client::queue(&names)?;
        let mut known: Vec<(Submission, Option<String>)> = Vec::new();
        for submission in submissions {
            // A program that was killed after sbatch did not note the number, but the queue has it.
            let job = submission.job().or_else(|| queue.number(&submission.name).map(str::to_owned));
            known.push((submission, job));
        }
        // Arrays of which Slurm has forgotten a task that did not say how it ended.
        let mut forgotten: BTreeSet<&str> = BTreeSet::new();
        for (submission, job) in &known {
            let ended = |task| matches!(submission.attempts(task).last(), Some(Attempt::Ended(_)));
            let missing = |task: usize| queue.task(&submission.name, task).is_none() && !ended(task);
            if let Some(job) = job.as_ref().filter(|_| (0..submission.tasks.len()).any(missing)) {
                forgotten.insert(job);
            }
        }
        let accounts = client::accounting(&forgotten.into_iter().collect::<Vec<_>>());
        let mut by_key: BTreeMap<String, RunJob> = BTreeMap::new();
        for (submission, job) in &known {
            for (index, task) in submission.tasks.iter().enumerate() {
                let queued = queue.task(&submission.name, index);
                let queued = queued.filter(|(number, _)| job.as_ref() == Some(number));
                let account = job.as_ref().and_then(|job| accounts.get(&(job.clone(), index)));
                let slurm = queued.map(|(_, task)| task).or(account);
                let found = run_job(submission, job.clone().unwrap_or_default(), index, slurm);
                // A run that was submitted several times has one job that matters: the active one, or the last.
                let number = |job: &RunJob| (job.is_active(), job.job.parse::<u64>().unwrap_or(0));
                if by_key.get(&task.key).is_none_or(|other| number(other) <= number(&found)) {
                    by_key.insert(task.key.clone(), found);
                }
            }
        }
        Ok(Self { by_key })
    }

    /// The last job of the run `key`.
    pub fn of(&self, key: &str) -> Option<&RunJob> {
        self.by_key.get(key)
    }

    /// The runs whose job waits or runs.
    pub fn active(&self) -> impl Iterator<Item = (&str, &RunJob)> {
        self.by_key.iter().filter(|(_, job)| job.is_active()).map(|(key, job)| (key.as_str(), job))
    }

    /// Cancels the active jobs of the runs `keys`, and returns those that there were.
    ///
    /// # Errors
    /// Slurm refuses.
    pub fn cancel(&self, keys: &[&str]) -> Result<Vec<(String, String)>, SlurmError> {
        let cancelled: Vec<(String, String)> =
            self.active().filter(|(key, _)| keys.contains(key)).map(|(key, job)| (key.to_owned(), job.id())).collect();
        client::cancel(&cancelled.iter().map(|(_, job)| job.clone()).collect::<Vec<_>>())?;
        // Slurm keeps no trace of a task that never started. What cannot be noted is only shown as gone.
        for job in cancelled.iter().filter_map(|(key, _)| self.of(key)) {
            if matches!(job.phase, Phase::Queued { .. })
                && let Ok(submission) = Submission::read(&job.folder)
            {
                let _ = submission.note(job.index, &Attempt::Ended(TaskEnd::Cancelled));
            }
        }
        Ok(cancelled)
    }
}

/// Judges one task by what Slurm and the job itself say.
fn run_job(submission: &Submission, job: String, index: usize, slurm: Option<&SlurmTask>) -> RunJob {
    let attempts = submission.attempts(index);
    let requeues =
        attempts.iter().filter(|attempt| matches!(attempt, Attempt::Started { .. })).count().saturating_sub(1);
    let said = match attempts.last() {
        Some(Attempt::Ended(end)) => Some(end),
        _ => None,
    };
    let phase = match slurm {
        // Slurm needs a moment to clean up after a job.
        Some(task) if task.is_active() && task.state == "COMPLETING" && matches!(said, Some(TaskEnd::Done)) => {
            Phase::Over
        }
        Some(task) if task.is_active() => match task.state.as_str() {
            "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "SPECIAL_EXIT" => Phase::Queued { reason: task.reason.clone() },
            _ => Phase::Running { node: task.nodes.clone() },
        },
        // A job that was requeued said something about the one before; one that is told to stop does not know why.
        Some(task)
            if matches!(
                said,
                None | Some(
                    TaskEnd::Continued | TaskEnd::Retried { .. } | TaskEnd::Stopped { .. } | TaskEnd::Cancelled
                )
            ) =>
        {
            ended_as(&task.state)
        }
        _ => said_by_job(said, &attempts),
    };
    let output = submission.output_path(index);
    RunJob {
        job,
        index,
        folder: submission.folder.clone(),
        phase,
        requeues,
        output,
        options: submission.options.clone(),
    }
}

/// How a job ended that did not say so itself.
fn ended_as(state: &str) -> Phase {
    let how = match state {
        "COMPLETED" => return Phase::Over,
        "OUT_OF_MEMORY" => "out of memory".to_owned(),
        "TIMEOUT" => "timed out".to_owned(),
        "NODE_FAIL" => "its node failed".to_owned(),
        "BOOT_FAIL" => "its node did not start".to_owned(),
        other => other.to_lowercase().replace('_', " "),
    };
    Phase::Ended { how }
}

fn said_by_job(said: Option<&TaskEnd>, attempts: &[Attempt]) -> Phase {
    let ended = |how: String| Phase::Ended { how };
    match said {
        Some(TaskEnd::Done) => Phase::Over,
        Some(TaskEnd::Cancelled) => ended("cancelled".to_owned()),
        Some(TaskEnd::Failed { why }) => ended(format!("failed: {why}")),
        Some(TaskEnd::Stopped { signal }) => ended(format!("cancelled or preempted ({signal})")),
        Some(TaskEnd::Continued | TaskEnd::Retried { .. }) => ended("requeued, and gone from the queue".to_owned()),
        None if attempts.is_empty() => ended("gone from the queue before it started".to_owned()),
        None => ended("its job was killed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::slurm::submission::{Task, lock};

    fn judged(attempts: &[Attempt], slurm: Option<(&str, &str)>) -> RunJob {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let _lock = lock(root).unwrap();
        let task = Task { experiment: "t".into(), key: "k".into(), dir: "runs/t/k".into() };
        let submission = Submission::create(root, &SlurmOptions::default(), vec![task], |_| String::new()).unwrap();
        for attempt in attempts {
            submission.note(0, attempt).unwrap();
        }
        let slurm = slurm.map(|(state, reason)| SlurmTask {
            state: state.to_owned(),
            reason: reason.to_owned(),
            nodes: "n1".to_owned(),
        });
        run_job(&submission, "7".to_owned(), 0, slurm.as_ref())
    }

    #[test]
    fn the_state_of_a_job_is_judged_by_slurm_and_by_the_job() {
        let started = || Attempt::Started { job: "7_0".to_owned(), node: "n1".to_owned() };
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
        let failed = TaskEnd::Failed { why: "diverged".to_owned() };
        assert_eq!(says(&ended(failed), Some(("FAILED", "NonZeroExitCode"))), some("failed: diverged"));
        let job = judged(&[started()], Some(("RUNNING", "")));
        assert!(job.is_active() && job.id() == "7_0");
    }
}
