//! Submits runs as job arrays.

use std::cell::RefCell;
use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::jobs::Jobs;
use super::script::{JobArray, arguments, script};
use super::submission::{Submission, Task, lock};
use super::{SlurmError, SlurmOptions, client};
use crate::exec::{Executor, Interrupt, Job, JobProgress, Outcome, Parallelism};
use sparsegate_store::plan::START_FROM;

/// Submits runs to Slurm and returns: each run is a task of a job array. While the value exists, nobody else submits
/// runs of the project.
#[derive(Debug)]
pub struct SlurmExecutor {
    root: Utf8PathBuf,
    /// The program to start, in a folder that the nodes see.
    program: String,
    options: SlurmOptions,
    /// Runs at once; `None` for as many as Slurm starts.
    at_once: Option<usize>,
    /// Runs that are queued or running, by key, with their tasks.
    queued: BTreeMap<String, String>,
    /// The first error of sbatch.
    failure: RefCell<Option<SlurmError>>,
    _lock: fs_err::File,
}

impl SlurmExecutor {
    /// Waits until nobody else submits runs of the project in `root`, and asks Slurm which are queued. `program` is
    /// started in the jobs, with the arguments `--root ROOT slurm-task FOLDER INDEX`; it must call
    /// [`run_task`](super::run_task).
    ///
    /// # Errors
    /// [`SlurmError`]: an option is wrong, Slurm does not answer, or the folder `slurm` cannot be written.
    pub fn open(
        root: &Utf8Path,
        program: &str,
        options: SlurmOptions,
        at_once: Option<usize>,
    ) -> Result<Self, SlurmError> {
        options.check()?;
        client::check()?;
        // Paths in a job are absolute, since it may start anywhere.
        let root = root.canonicalize_utf8().map_err(|error| SlurmError::io("find", root, error))?;
        let held = lock(&root)?;
        let jobs = Jobs::read(&root)?;
        let queued = jobs.active().map(|(key, job)| (key.to_owned(), job.id())).collect();
        let failure = RefCell::new(None);
        Ok(Self { root, program: program.to_owned(), options, at_once, queued, failure, _lock: held })
    }

    /// The error because of which the runs that are not queued were not submitted.
    pub fn failure(&self) -> Option<SlurmError> {
        self.failure.borrow().clone()
    }

    /// Submits `runs`, which start after the tasks `after`, and returns the array's number.
    fn submit(&self, runs: &[&Job], after: &[String]) -> Result<String, SlurmError> {
        let task = |job: &&Job| {
            let dir = job.dir.path();
            // The executor's root is absolute; that of the job may not be.
            let dir = dir.canonicalize_utf8().unwrap_or_else(|_| dir.to_owned());
            let dir = dir.strip_prefix(&self.root).unwrap_or(&dir).to_owned();
            Task { experiment: job.experiment.clone(), key: job.dir.key().to_owned(), dir }
        };
        let script = |folder: &Utf8Path| script(&self.options, &self.program, &self.root, folder);
        let submission = Submission::create(&self.root, &self.options, runs.iter().map(task).collect(), script)?;
        let array = JobArray {
            name: &submission.name,
            tasks: runs.len(),
            at_once: self.at_once,
            after,
            folder: &submission.folder,
            root: &self.root,
        };
        let job = client::submit(&arguments(&self.options, &array)).inspect_err(|_| submission.discard())?;
        submission.submitted(&job)?;
        Ok(job)
    }

    /// The task of the run that `job` starts from, if that was queued before.
    fn queued_parent(&self, job: &Job) -> Option<String> {
        let record = job.dir.record().ok()??;
        self.queued.get(record.key_parts.get(START_FROM)?).cloned()
    }
}

impl Executor for SlurmExecutor {
    fn parallelism(&self, runs: usize) -> Parallelism {
        Parallelism { at_once: self.at_once.unwrap_or(runs).max(1), threads: self.options.threads(), fixed: false }
    }

    fn accepted(&self) -> BTreeMap<String, String> {
        self.queued.clone()
    }

    /// Submits the jobs. Runs that start from others are in arrays of their own, which wait for those of the others.
    /// With a limit of runs at once, an array also waits for the one before it, since Slurm applies the limit to each.
    fn execute(
        &self,
        jobs: Vec<Job>,
        _at_once: usize,
        interrupt: &Interrupt,
        watch: &mut dyn FnMut(usize, JobProgress<'_>),
    ) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::NotStarted; jobs.len()];
        let largest = if jobs.is_empty() { 1 } else { client::largest_array() };
        let mut arrays: Vec<String> = Vec::new();
        for generation in generations(&jobs) {
            // All that the arrays of this generation wait for; the same for each of them.
            let before = arrays.clone();
            for places in generation.chunks(largest) {
                let runs: Vec<&Job> = places.iter().map(|place| &jobs[*place]).collect();
                let mut after: Vec<String> = runs.iter().filter_map(|job| self.queued_parent(job)).collect();
                after.extend(if self.at_once.is_some() {
                    arrays.last().cloned().into_iter().collect()
                } else {
                    before.clone()
                });
                after.sort();
                after.dedup();
                if interrupt.is_raised() || self.failure.borrow().is_some() {
                    return outcomes;
                }
                match self.submit(&runs, &after) {
                    Ok(job) => {
                        for (index, place) in places.iter().enumerate() {
                            outcomes[*place] = Outcome::Queued { job: format!("{job}_{index}") };
                            watch(*place, JobProgress::Ended(&outcomes[*place]));
                        }
                        arrays.push(job);
                    }
                    Err(error) => *self.failure.borrow_mut() = Some(error),
                }
            }
        }
        outcomes
    }
}

/// The places of the jobs: those that wait for no other job of the list, then those that wait for them, and so on.
fn generations(jobs: &[Job]) -> Vec<Vec<usize>> {
    let mut of: Vec<usize> = Vec::new();
    for job in jobs {
        // A job comes after the one that it waits for.
        of.push(job.after.and_then(|parent| Some(of.get(parent)? + 1)).unwrap_or(0));
    }
    let count = of.iter().max().map_or(0, |last| last + 1);
    (0..count).map(|generation| (0..jobs.len()).filter(|place| of[*place] == generation).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sparsegate_store::RunDir;

    #[test]
    fn runs_come_after_those_they_start_from() {
        let job = |after| Job {
            root: "/r".into(),
            experiment: "t".into(),
            dir: RunDir::new(Utf8Path::new("/r"), "k"),
            threads: 1,
            after,
        };
        let jobs = [job(None), job(None), job(Some(0)), job(Some(1)), job(Some(2))];
        assert_eq!(generations(&jobs), [vec![0, 1], vec![2, 3], vec![4]]);
        assert!(generations(&[]).is_empty());
    }
}
