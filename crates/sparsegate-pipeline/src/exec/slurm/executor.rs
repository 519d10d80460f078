//! Submits runs as job arrays.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::client::NotSubmitted;
use super::jobs::Jobs;
use super::lock::SubmitLock;
use super::script::{JobArray, arguments, script};
use super::submission::{Submission, Task};
use super::{SlurmError, SlurmOptions, client};
use crate::exec::{Executor, Interrupt, Job, JobProgress, Outcome, Parallelism};
use sparsegate_data::CACHE_VARIABLE;
use sparsegate_store::local_locks;
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
    /// Runs that were submitted before and whose job has ended, by key.
    ended: BTreeSet<String>,
    /// The first error of sbatch.
    failure: RefCell<Option<SlurmError>>,
    /// Most threads that a run needs, because it began with them.
    most_threads: Cell<usize>,
    lock: RefCell<SubmitLock>,
}

impl SlurmExecutor {
    /// Waits until nobody else submits runs of the project in `root`, and asks Slurm which are queued. `program` is
    /// started in the jobs, with the arguments `--root ROOT slurm-task FOLDER INDEX`; it must call
    /// [`run_task`](super::run_task). `say` gets what it waits for.
    ///
    /// # Errors
    /// [`SlurmError`]: an option is wrong, Slurm does not answer, the folder `slurm` cannot be written, or a submission in
    /// it cannot be read whose job is in the queue.
    pub fn open(
        root: &Utf8Path,
        program: &str,
        options: SlurmOptions,
        at_once: Option<usize>,
        say: &mut dyn FnMut(&str),
    ) -> Result<Self, SlurmError> {
        options.check()?;
        client::check()?;
        // Paths in a job are absolute, since it may start anywhere.
        let root = root.canonicalize_utf8().map_err(|error| SlurmError::io("find", root, error))?;
        if let Some(local) = local_locks([root.as_path(), &root.join("runs")]) {
            say(&format!("note: {local}\n  help: {}", local.hint()));
        }
        let mut lock = SubmitLock::take(&root, say)?;
        let jobs = Jobs::read(&root)?;
        if let Some(obstacle) = jobs.obstacle() {
            return Err(SlurmError::Store(obstacle));
        }
        let queued = jobs.active().map(|(key, job)| (key.to_owned(), job.id())).collect();
        let ended = jobs.ended().map(str::to_owned).collect();
        let open: BTreeSet<&str> = jobs.active().filter_map(|(_, job)| job.submission()).collect();
        lock.keep(|name| open.contains(name))?;
        let (failure, most_threads, lock) = (RefCell::new(None), Cell::new(0), RefCell::new(lock));
        let program = program.to_owned();
        Ok(Self { root, program, options, at_once, queued, ended, failure, most_threads, lock })
    }

    /// The error because of which the runs that are not queued were not submitted.
    pub fn failure(&self) -> Option<SlurmError> {
        self.failure.borrow().clone()
    }

    /// Whether the run `key` was submitted before and its job has ended.
    pub fn was_tried(&self, key: &str) -> bool {
        self.ended.contains(key)
    }

    /// The most threads that a submitted run computes with, if these are more than the processors of its job: a run
    /// that has begun keeps its number.
    pub fn threads_beyond_cpus(&self) -> Option<usize> {
        Some(self.most_threads.get()).filter(|threads| *threads > self.options.threads())
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
        let cache = shared_cache();
        let script = |folder: &Utf8Path| script(&self.options, &self.program, &self.root, folder, cache.as_deref());
        let submission = Submission::create(&self.root, &self.options, runs.iter().map(task).collect(), script)?;
        self.lock.borrow_mut().add(&submission.name)?;
        let array = JobArray {
            name: &submission.name,
            tasks: runs.len(),
            at_once: self.at_once,
            after,
            folder: &submission.folder,
            root: &self.root,
        };
        match client::submit(&submission.name, &arguments(&self.options, &array)) {
            Ok(job) => {
                submission.submitted(&job)?;
                let threads = runs.iter().map(|job| job.threads).max().unwrap_or(0);
                self.most_threads.set(threads.max(self.most_threads.get()));
                Ok(job)
            }
            Err(NotSubmitted { error, is_certain }) => {
                // A job that shows up later finds its folder, and the runs are then not submitted again.
                if is_certain {
                    submission.discard();
                    self.lock.borrow_mut().keep(|name| name != submission.name)?;
                }
                Err(error)
            }
        }
    }

    /// The task of the run that `job` starts from, if that was queued before.
    fn queued_parent(&self, job: &Job) -> Option<String> {
        let record = job.dir.record().ok()??;
        self.queued.get(record.key_parts.get(START_FROM)?).cloned()
    }
}

/// The folder of the data cache, if the user chose another one than the project's.
fn shared_cache() -> Option<Utf8PathBuf> {
    let folder = std::env::var(CACHE_VARIABLE).ok().filter(|folder| !folder.is_empty())?;
    camino::absolute_utf8(folder).ok()
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
    /// Where a limit of submitted jobs is in the way, arrays become smaller; what does not fit is not started.
    fn execute(
        &self,
        jobs: Vec<Job>,
        _at_once: usize,
        interrupt: &Interrupt,
        watch: &mut dyn FnMut(usize, JobProgress<'_>),
    ) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::NotStarted; jobs.len()];
        let largest = if jobs.is_empty() { 1 } else { client::largest_array() };
        let mut largest = self.options.max_tasks.map_or(largest, |tasks| largest.min(tasks as usize)).max(1);
        let mut arrays: Vec<String> = Vec::new();
        for generation in generations(&jobs) {
            // All that the arrays of this generation wait for; the same for each of them.
            let before = arrays.clone();
            let mut left = &generation[..];
            while !left.is_empty() {
                let (places, rest) = left.split_at(largest.min(left.len()));
                let runs: Vec<&Job> = places.iter().map(|place| &jobs[*place]).collect();
                let mut after: Vec<String> = runs.iter().filter_map(|job| self.queued_parent(job)).collect();
                after.extend(if self.at_once.is_some() {
                    arrays.last().cloned().into_iter().collect()
                } else {
                    before.clone()
                });
                after.sort();
                after.dedup();
                if interrupt.is_raised() {
                    return outcomes;
                }
                match self.submit(&runs, &after) {
                    Ok(job) => {
                        for (index, place) in places.iter().enumerate() {
                            outcomes[*place] = Outcome::Queued { job: format!("{job}_{index}") };
                            watch(*place, JobProgress::Ended(&outcomes[*place]));
                        }
                        arrays.push(job);
                        left = rest;
                    }
                    Err(error) if error.is_submit_limit() && places.len() > 1 => largest = places.len().div_ceil(2),
                    Err(error) => {
                        *self.failure.borrow_mut() = Some(error);
                        return outcomes;
                    }
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
