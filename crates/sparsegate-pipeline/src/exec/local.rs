//! Executes runs as processes on this machine, several at a time.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use super::worker::{Worker, WorkerMessage};
use super::{Interrupt, Outcome};
use crate::train::TrainEvent;
use sparsegate_store::RunDir;
use sparsegate_store::format::RunState;

/// A run to be started.
pub struct Job {
    /// The run's folder, which contains `run.json`.
    pub dir: RunDir,
    /// The command that starts the worker process. Its standard streams are set here.
    pub command: Command,
    /// Name of the run's metric, for the summary of a run that fails before it reports the metric itself.
    pub metric: String,
}

/// Progress of a job, in order.
pub enum JobProgress<'a> {
    /// Its process has started.
    Started,
    /// Its process sent an event.
    Event(&'a TrainEvent),
    /// The job has ended.
    Ended(&'a Outcome),
}

/// Longest delay before an interrupt is noticed.
const TICK: Duration = Duration::from_millis(100);

/// Executes `jobs`, at most `at_once` at a time, and returns their outcomes in the same order. A failed run does not
/// stop the others. When `interrupt` is raised, no further run is started, and the running ones are told to save and
/// stop.
pub fn run(
    jobs: Vec<Job>,
    at_once: usize,
    interrupt: &Interrupt,
    watch: &mut dyn FnMut(usize, JobProgress<'_>),
) -> Vec<Outcome> {
    let (sender, receiver) = mpsc::channel();
    let mut queue = JobQueue {
        outcomes: jobs.iter().map(|_| Outcome::NotStarted).collect(),
        folders: jobs.iter().map(|job| (job.dir.clone(), job.metric.clone())).collect(),
        waiting: jobs.into_iter().map(|job| job.command).enumerate().collect(),
        running: BTreeMap::new(),
        reported_errors: BTreeMap::new(),
        sender,
        watch,
    };
    loop {
        if interrupt.is_raised() {
            queue.stop();
        }
        while queue.running.len() < at_once.max(1) && queue.start_next() {}
        if queue.running.is_empty() {
            return queue.outcomes;
        }
        match receiver.recv_timeout(TICK) {
            Ok((job, WorkerMessage::Event(event))) => queue.report_event(job, *event),
            Ok((job, WorkerMessage::Ended(status))) => {
                let reported_error = queue.reported_errors.remove(&job);
                let outcome = Outcome::from_exit(&queue.folders[job].0, status, reported_error);
                if status.is_some_and(|status| status.code().is_some()) {
                    outcome.record(&queue.folders[job].0, &queue.folders[job].1);
                }
                queue.end(job, outcome);
            }
            // The sweep holds a sender itself, so the channel never disconnects.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

struct JobQueue<'a> {
    outcomes: Vec<Outcome>,
    folders: Vec<(RunDir, String)>,
    waiting: std::collections::VecDeque<(usize, Command)>,
    running: BTreeMap<usize, Worker>,
    /// Errors that workers reported before they ended.
    reported_errors: BTreeMap<usize, String>,
    sender: Sender<(usize, WorkerMessage)>,
    watch: &'a mut dyn FnMut(usize, JobProgress<'_>),
}

impl JobQueue<'_> {
    /// Starts the next waiting job; returns whether there was one.
    fn start_next(&mut self) -> bool {
        let Some((job, command)) = self.waiting.pop_front() else { return false };
        match Worker::spawn(command, &self.folders[job].0, job, self.sender.clone()) {
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
