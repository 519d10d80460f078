//! What an executor of runs does: the trait, a job, and its progress.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::{Interrupt, Outcome};
use crate::train::TrainEvent;
use sparsegate_store::RunDir;

/// A prepared run to be executed.
#[derive(Debug, Clone)]
pub struct Job {
    /// The project folder, which contains `datasets` and the cache.
    pub root: Utf8PathBuf,
    /// Name of the experiment.
    pub experiment: String,
    /// The run's folder, which contains `run.json`.
    pub dir: RunDir,
    /// Number of threads to compute with, as stated in `run.json`.
    pub threads: usize,
    /// Index of the job that must be done before this one starts, by `train.start_from`; smaller than this job's own.
    pub after: Option<usize>,
}

/// Progress of a job, in order.
pub enum JobProgress<'a> {
    /// Its process has started.
    Started,
    /// An event of its training.
    Event(&'a TrainEvent),
    /// The job has ended.
    Ended(&'a Outcome),
}

/// How an executor divides a machine among runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parallelism {
    /// Runs at a time, at least 1.
    pub at_once: usize,
    /// Threads of each run, at least 1.
    pub threads: usize,
    /// Whether `threads` also holds for a run that resumes. Otherwise it keeps the number that it started with, so that
    /// resuming gives the same bits.
    pub fixed: bool,
}

/// Executes prepared runs.
pub trait Executor {
    /// How this machine is divided if `runs` runs are to be executed.
    fn parallelism(&self, runs: usize) -> Parallelism;

    /// Runs that were handed over before and have not ended, by key, each with the name of its job. They are not
    /// prepared again.
    fn accepted(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Executes `jobs`, at most `at_once` at a time, and returns their outcomes in the same order. `watch` receives
    /// the index of a job and its progress.
    ///
    /// A failed run does not stop the others, except those that start from it ([`Job::after`]): they fail, too. When
    /// `interrupt` is raised, no further run is started, and the running ones save their state and stop. At a
    /// [request for a checkpoint](crate::train::request_checkpoint) they save and go on.
    fn execute(
        &self,
        jobs: Vec<Job>,
        at_once: usize,
        interrupt: &Interrupt,
        watch: &mut dyn FnMut(usize, JobProgress<'_>),
    ) -> Vec<Outcome>;
}
