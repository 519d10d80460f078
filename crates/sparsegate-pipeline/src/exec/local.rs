//! Executes runs as processes on this machine, several at a time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use super::executor::{Executor, Job, JobProgress, Parallelism};
use super::worker::{Worker, WorkerMessage};
use super::{Interrupt, Outcome};
use crate::train::{TrainEvent, checkpoint_requests};
use sparsegate_data::CACHE_VARIABLE;
use sparsegate_store::format::RunState;
use sparsegate_store::{RunDir, provenance};

/// Environment variable for the number of threads of a process.
const THREADS_VARIABLE: &str = "RAYON_NUM_THREADS";
/// The same variable for libtorch.
const LIBTORCH_THREADS_VARIABLE: &str = "OMP_NUM_THREADS";
/// Environment variable for the milliseconds after which mimalloc returns freed memory to the system; negative means
/// never. Each step frees and allocates the same hundreds of megabytes, and the system has to clear each page it hands
/// out.
const PURGE_VARIABLE: &str = "MIMALLOC_PURGE_DELAY";
/// Longest delay before an interrupt is noticed.
const TICK: Duration = Duration::from_millis(100);

/// Executes each run in a process of its own, so that one that crashes or is killed for memory takes nothing else
/// down. The processors are divided among the runs, unless the environment variable `RAYON_NUM_THREADS` states a
/// number of threads.
#[derive(Debug, Clone)]
pub struct LocalProcesses {
    /// The program to start. It gets the arguments
    /// `--root ROOT train-run --watch-stdin --experiment NAME --key KEY` and must do what [`super`] says.
    pub program: PathBuf,
    /// Runs at a time; `None` for as many as there are processors.
    pub at_once: Option<usize>,
    /// Folder of the data cache, if the runs shall use another one than this process.
    pub cache: Option<PathBuf>,
}

impl LocalProcesses {
    /// Starts `program`, with as many runs at a time as there are processors.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), at_once: None, cache: None }
    }

    fn command(&self, job: &Job) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--root", job.root.as_str(), "train-run", "--watch-stdin"]);
        command.args(["--experiment", &job.experiment, "--key", job.dir.key()]);
        if std::env::var_os(PURGE_VARIABLE).is_none() {
            command.env(PURGE_VARIABLE, "-1");
        }
        if let Some(cache) = &self.cache {
            command.env(CACHE_VARIABLE, cache);
        }
        let threads = job.threads.to_string();
        command.env(THREADS_VARIABLE, &threads).env(LIBTORCH_THREADS_VARIABLE, &threads);
        command
    }
}

impl Executor for LocalProcesses {
    fn parallelism(&self, runs: usize) -> Parallelism {
        let cores = provenance::cores();
        let at_once = self.at_once.unwrap_or_else(|| cores.min(runs)).max(1);
        let chosen = std::env::var(THREADS_VARIABLE).ok().and_then(|text| text.parse().ok()).filter(|count| *count > 0);
        let threads = chosen.unwrap_or_else(|| (cores / at_once).max(1));
        Parallelism { at_once, threads, fixed: chosen.is_some() }
    }

    fn execute(
        &self,
        jobs: Vec<Job>,
        at_once: usize,
        interrupt: &Interrupt,
        watch: &mut dyn FnMut(usize, JobProgress<'_>),
    ) -> Vec<Outcome> {
        let (sender, receiver) = mpsc::channel();
        let mut queue = JobQueue {
            outcomes: jobs.iter().map(|_| Outcome::NotStarted).collect(),
            waiting: jobs.iter().map(|job| self.command(job)).enumerate().collect(),
            after: jobs.iter().map(|job| job.after).collect(),
            folders: jobs.into_iter().map(|job| job.dir).collect(),
            running: BTreeMap::new(),
            reported_errors: BTreeMap::new(),
            sender,
            watch,
        };
        let mut passed_on = checkpoint_requests();
        loop {
            if interrupt.is_raised() {
                queue.stop();
            }
            let requests = checkpoint_requests();
            if requests != passed_on {
                passed_on = requests;
                queue.running.values_mut().for_each(Worker::save);
            }
            while queue.running.len() < at_once.max(1) && queue.start_next() {}
            if queue.running.is_empty() {
                return queue.outcomes;
            }
            match receiver.recv_timeout(TICK) {
                Ok((job, WorkerMessage::Event(event))) => queue.report_event(job, *event),
                Ok((job, WorkerMessage::Ended(status))) => {
                    let reported_error = queue.reported_errors.remove(&job);
                    let outcome = Outcome::from_exit(&queue.folders[job], status, reported_error);
                    if status.is_some_and(|status| status.code().is_some()) {
                        outcome.record(&queue.folders[job]);
                    }
                    queue.end(job, outcome);
                }
                // The queue holds a sender itself, so the channel never disconnects.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }
}

struct JobQueue<'a> {
    outcomes: Vec<Outcome>,
    folders: Vec<RunDir>,
    /// For each job, the one that must be done before it starts.
    after: Vec<Option<usize>>,
    waiting: BTreeMap<usize, Command>,
    running: BTreeMap<usize, Worker>,
    /// Errors that workers reported before they ended.
    reported_errors: BTreeMap<usize, String>,
    sender: Sender<(usize, WorkerMessage)>,
    watch: &'a mut dyn FnMut(usize, JobProgress<'_>),
}

impl JobQueue<'_> {
    /// Starts the next waiting job whose parent has ended; returns whether there was one.
    fn start_next(&mut self) -> bool {
        let has_ended = |job: usize| !self.waiting.contains_key(&job) && !self.running.contains_key(&job);
        let is_next = |job: &&usize| self.after[**job].is_none_or(has_ended);
        let Some(job) = self.waiting.keys().find(is_next).copied() else { return false };
        let Some(command) = self.waiting.remove(&job) else { return false };
        let parent = self.after[job].map(|parent| (&self.folders[parent], &self.outcomes[parent]));
        if let Some((dir, outcome)) = parent.filter(|(_, outcome)| !matches!(outcome, Outcome::Done(_))) {
            let outcome = outcome.of_child(dir);
            outcome.record(&self.folders[job]);
            self.end(job, outcome);
            return true;
        }
        match Worker::spawn(command, &self.folders[job], job, self.sender.clone()) {
            Ok(worker) => {
                self.running.insert(job, worker);
                (self.watch)(job, JobProgress::Started);
            }
            Err(error) => self.end(job, Outcome::failed(&error)),
        }
        true
    }

    fn report_event(&mut self, job: usize, event: TrainEvent) {
        (self.watch)(job, JobProgress::Event(&event));
        if let TrainEvent::Ended { state: RunState::Failed, error: Some(error) } = event {
            self.reported_errors.insert(job, error);
        }
    }

    fn end(&mut self, job: usize, outcome: Outcome) {
        if let Some(worker) = self.running.remove(&job) {
            worker.join();
        }
        (self.watch)(job, JobProgress::Ended(&outcome));
        self.outcomes[job] = outcome;
    }

    fn stop(&mut self) {
        self.waiting.clear();
        self.running.values_mut().for_each(Worker::stop);
    }
}
