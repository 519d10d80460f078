//! Executes runs in this process, one after the other.

use super::executor::{Executor, Job, JobProgress, Parallelism};
use super::{Interrupt, Outcome};
use crate::train::TrainEvent;
use crate::train_run::{RunObserver, train_run};
use sparsegate_store::format::RunState;

/// Executes runs in this process, one after the other, with the threads of rayon's global pool. No program has to be
/// started and no log is written, but an abort (out of memory, say) ends all of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl Executor for InProcess {
    fn parallelism(&self, _runs: usize) -> Parallelism {
        Parallelism { at_once: 1, threads: rayon::current_num_threads(), fixed: true }
    }

    fn execute(
        &self,
        jobs: Vec<Job>,
        _at_once: usize,
        interrupt: &Interrupt,
        watch: &mut dyn FnMut(usize, JobProgress<'_>),
    ) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (number, job) in jobs.iter().enumerate() {
            if interrupt.is_raised() {
                outcomes.push(Outcome::NotStarted);
                continue;
            }
            let parent = job.after.and_then(|index| Some((&jobs.get(index)?.dir, outcomes.get(index)?)));
            if let Some((dir, outcome)) = parent.filter(|(_, outcome)| !matches!(outcome, Outcome::Done(_))) {
                let outcome = outcome.of_child(dir);
                outcome.record(&job.dir);
                watch(number, JobProgress::Ended(&outcome));
                outcomes.push(outcome);
                continue;
            }
            watch(number, JobProgress::Started);
            let mut observer = JobObserver { number, watch };
            let outcome = match train_run(&job.root, &job.dir, &mut observer, interrupt.flag()) {
                Ok(summary) if summary.state == RunState::Interrupted => Outcome::Interrupted,
                Ok(summary) => Outcome::Done(Box::new(summary)),
                Err(error) => Outcome::failed(&error),
            };
            outcome.record(&job.dir);
            watch(number, JobProgress::Ended(&outcome));
            outcomes.push(outcome);
        }
        outcomes
    }
}

/// Passes the events of one job on.
struct JobObserver<'a> {
    number: usize,
    watch: &'a mut dyn FnMut(usize, JobProgress<'_>),
}

impl RunObserver for JobObserver<'_> {
    fn event(&mut self, event: &TrainEvent) {
        (self.watch)(self.number, JobProgress::Event(event));
    }
}
