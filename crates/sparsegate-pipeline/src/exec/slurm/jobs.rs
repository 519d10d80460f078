//! What became of submitted runs: submissions joined with what Slurm says.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::queue::{Queue, accounting, queue};
use super::run_job::{Phase, RunJob, run_job};
use super::submission::{Attempt, Stored, Submission, TaskEnd, Verdict, user_id};
use super::{SlurmError, client};

/// The jobs of a project's runs.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    by_key: BTreeMap<String, RunJob>,
    /// All that wait or run; a run may be among them twice.
    active: Vec<RunJob>,
    /// Submissions that cannot be read.
    problems: Vec<Problem>,
}

/// A submission that cannot be read.
#[derive(Debug, Clone)]
struct Problem {
    error: SlurmError,
    /// The number of its array, if that waits or runs.
    active: Option<String>,
}

/// What became of a request to cancel.
#[derive(Debug)]
pub struct Cancelled {
    /// The jobs that were cancelled.
    pub jobs: Vec<RunJob>,
    /// Those of which Slurm said that some cannot be cancelled.
    pub refused: Vec<RunJob>,
    /// What it said first.
    pub error: Option<SlurmError>,
}

impl Jobs {
    /// Reads the submissions under `root` and asks Slurm about those that have not ended. Asks nothing if there are
    /// none. Closes those that have ended, if they are this user's and can be written.
    ///
    /// # Errors
    /// The folder cannot be read, or Slurm does not answer.
    pub fn read(root: &Utf8Path) -> Result<Self, SlurmError> {
        let Stored { submissions, unreadable } = Submission::all(root)?;
        let (open, closed): (Vec<_>, Vec<_>) = submissions
            .into_iter()
            .map(|submission| (submission.verdicts(), submission))
            .partition(|(ended, _)| ended.is_none());
        let open: Vec<Submission> = open.into_iter().map(|(_, submission)| submission).collect();
        let names: Vec<&str> = open.iter().map(|submission| submission.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().chain(unreadable.iter().map(|(name, _)| name.as_str())).collect();
        let user = user_id();
        let mine = unreadable.is_empty() && open.iter().all(|submission| user.is_some() && submission.uid == user);
        let queue = queue(&names, user.filter(|_| mine))?;
        let mut jobs = Self::default();
        for (name, error) in unreadable {
            let active = queue.number(&name).filter(|job| queue.is_active(job)).map(str::to_owned);
            jobs.problems.push(Problem { error, active });
        }
        for (verdicts, submission) in closed {
            let job = submission.job().unwrap_or_default();
            for (index, verdict) in verdicts.into_iter().flatten().enumerate() {
                let Verdict { how, began, requeues } = verdict;
                let phase = how.map_or(Phase::Over, |how| Phase::Ended { how });
                jobs.add(RunJob { phase, began, requeues, ..RunJob::new(&submission, &job, index) });
            }
        }
        jobs.add_open(open, &queue);
        Ok(jobs)
    }

    /// Adds submissions that may have active jobs.
    fn add_open(&mut self, open: Vec<Submission>, queue: &Queue) {
        let mut known: Vec<(Submission, Option<String>)> = Vec::new();
        for submission in open {
            // A program that was killed after sbatch did not note the number, but the queue has it.
            let job = submission.job().or_else(|| queue.number(&submission.name).map(str::to_owned));
            known.push((submission, job));
        }
        // Arrays of which Slurm has forgotten a task that did not say how it ended.
        let mut forgotten: BTreeSet<&str> = BTreeSet::new();
        for (submission, job) in &known {
            let ended = |task| matches!(submission.attempts(task).last(), Some(Attempt::Ended(_)));
            let missing = |job: &str, task: usize| queue.task(job, task).is_none() && !ended(task);
            if let Some(job) = job.as_ref().filter(|job| (0..submission.tasks.len()).any(|task| missing(job, task))) {
                forgotten.insert(job);
            }
        }
        let accounts = accounting(&forgotten.into_iter().collect::<Vec<_>>());
        for (submission, job) in &known {
            let number = job.clone().unwrap_or_default();
            let mut verdicts = Vec::new();
            for index in 0..submission.tasks.len() {
                let account = accounts.get(&(number.clone(), index));
                let found = run_job(submission, &number, index, queue.task(&number, index).or(account));
                if !found.is_active() {
                    verdicts.push(Verdict { how: found.describe(), began: found.began, requeues: found.requeues });
                }
                self.add(found);
            }
            // Jobs of others may only be hidden. Without a number, somebody may be submitting just now.
            if verdicts.len() == submission.tasks.len() && job.is_some() && submission.is_mine() {
                let _ = submission.close(&verdicts);
            }
        }
    }

    fn add(&mut self, job: RunJob) {
        if job.is_active() {
            self.active.push(job.clone());
        }
        // A run that was submitted several times has one job that matters: the active one, or the last.
        let rank = |job: &RunJob| (job.is_active(), job.job.parse::<u64>().unwrap_or(0));
        if self.by_key.get(&job.key).is_none_or(|other| rank(other) <= rank(&job)) {
            self.by_key.insert(job.key.clone(), job);
        }
    }

    /// The last job of the run `key`.
    pub fn of(&self, key: &str) -> Option<&RunJob> {
        self.by_key.get(key)
    }

    /// The runs whose job waits or runs.
    pub fn active(&self) -> impl Iterator<Item = (&str, &RunJob)> {
        self.by_key.iter().filter(|(_, job)| job.is_active()).map(|(key, job)| (key.as_str(), job))
    }

    /// The runs whose last job has ended.
    pub fn ended(&self) -> impl Iterator<Item = &str> {
        self.by_key.iter().filter(|(_, job)| !job.is_active()).map(|(key, _)| key.as_str())
    }

    /// Submissions that cannot be read, each with the reason and, if it matters, what to do.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(|Problem { error, active }| match active {
            Some(job) => format!(
                "{error}; its job {job} is in the queue, and nobody can say which runs it trains: cancel it by \
                 `scancel {job}`, or wait until it has ended"
            ),
            None => error.to_string(),
        })
    }

    /// The first of [`problems`](Self::problems) because of which a run could be submitted twice.
    pub fn obstacle(&self) -> Option<String> {
        let place = self.problems.iter().position(|problem| problem.active.is_some())?;
        self.problems().nth(place)
    }

    /// Cancels the active jobs that are `selected`. If Slurm refuses some, the others are cancelled all the same.
    pub fn cancel(&self, selected: impl Fn(&RunJob) -> bool) -> Cancelled {
        let chosen: Vec<&RunJob> = self.active.iter().filter(|job| selected(job)).collect();
        let count = |jobs: &mut dyn Iterator<Item = &RunJob>, array: &str| jobs.filter(|job| job.job == array).count();
        // One request for a whole array is less work for the controller than one for each task.
        let name = |job: &&RunJob| {
            let all = count(&mut self.active.iter(), &job.job);
            if count(&mut chosen.iter().copied(), &job.job) == all { job.job.clone() } else { job.id() }
        };
        let names: Vec<String> = chosen.iter().map(name).collect();
        let asked: Vec<String> = names.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let answers: BTreeMap<String, Result<(), SlurmError>> =
            asked.iter().cloned().zip(client::cancel(&asked)).collect();
        let mut cancelled = Cancelled { jobs: Vec::new(), refused: Vec::new(), error: None };
        for (job, name) in chosen.into_iter().zip(&names) {
            if let Some(Err(error)) = answers.get(name) {
                cancelled.error.get_or_insert_with(|| error.clone());
                cancelled.refused.push(job.clone());
                continue;
            }
            // Slurm keeps no trace of a task that never started. What cannot be noted is only shown as gone.
            if matches!(job.phase, Phase::Queued { .. })
                && let Ok(submission) = Submission::read(&job.folder)
            {
                let _ = submission.note(job.index, &Attempt::Ended(TaskEnd::Cancelled));
            }
            cancelled.jobs.push(job.clone());
        }
        cancelled
    }
}
