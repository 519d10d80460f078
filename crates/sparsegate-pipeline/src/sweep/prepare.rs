//! Preparation and execution of a sweep: which runs are trained, their folders and `run.json`.

use std::collections::BTreeMap;

use super::backends::UnavailableBackends;
use super::{Sweep, SweepError, SweepObserver, SweepRun, data};
use crate::exec::{Executor, Interrupt, Job, Outcome, Parallelism};
use crate::start_from::check_parent;
use sparsegate_nn::engine::OpenError;
use sparsegate_spec::types::{Backend, RunSpec};
use sparsegate_store::format::{FORMAT, RunRecord};
use sparsegate_store::plan::Status;
use sparsegate_store::{RunDir, Store, StoreError, experiments, provenance};

/// Name of the number of threads in the provenance of `run.json`.
const THREADS: &str = "threads";
/// Name in the provenance of `run.json` of the shorter run that a run went on from.
const CONTINUED_FROM: &str = "continued_from";

/// What to train, and where the data come from. The default trains the runs that are not done, and downloads missing
/// data from the addresses in their manifests.
#[derive(Debug, Clone, Default)]
pub struct SweepOptions {
    /// The backend chosen for all runs, which must then be available. `None` leaves out the runs whose backend is not.
    pub backend: Option<Backend>,
    /// Also trains finished runs, and all from scratch.
    pub force: bool,
    /// Uses only cached data and downloads nothing.
    pub offline: bool,
    /// A folder or URL that holds the data files under the manifests' paths.
    pub mirror: Option<String>,
    /// The runs are trained on other machines: a backend has to be in the build, but its device need not be here.
    pub elsewhere: bool,
}

/// Runs that are left out because their backend is not available.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The reason.
    pub error: OpenError,
    /// Number of runs.
    pub runs: usize,
}

/// A sweep whose data are at hand.
#[derive(Debug)]
pub struct PreparedSweep<'a> {
    sweep: &'a Sweep,
    unavailable: UnavailableBackends,
    force: bool,
}

impl<'a> PreparedSweep<'a> {
    pub(super) fn new(sweep: &'a Sweep, options: &SweepOptions) -> Result<Self, SweepError> {
        let unavailable = UnavailableBackends::look(sweep, options.backend, options.elsewhere)?;
        let prepared = Self { sweep, unavailable, force: options.force };
        for planned in sweep.experiments() {
            let entries = planned.plan.entries.iter().map(|entry| SweepRun { experiment: &planned.experiment, entry });
            let specs = entries.filter(|run| prepared.is_trained(*run)).map(|run| &run.entry.spec);
            data::get(&sweep.root, planned, specs, options)?;
        }
        for run in sweep.runs().filter(|run| prepared.is_trained(*run)) {
            prepared.check_parent(run)?;
        }
        Ok(prepared)
    }

    /// Whether the run is to be trained.
    fn is_trained(&self, run: SweepRun<'_>) -> bool {
        self.is_wanted(run) && self.unavailable.why(&run.entry.spec).is_none()
    }

    fn is_wanted(&self, run: SweepRun<'_>) -> bool {
        self.force || run.entry.status != Status::Done
    }

    /// Refuses a run that starts from another one which is neither finished nor trained before it.
    fn check_parent(&self, SweepRun { entry, .. }: SweepRun<'_>) -> Result<(), SweepError> {
        let Some(parent) = &entry.starts_from else { return Ok(()) };
        // The outcome of a damaged run says what is wrong with its folder.
        let resumes =
            matches!(entry.status, Status::Interrupted { .. } | Status::Failed { .. } | Status::Damaged { .. });
        if !self.force && resumes && !matches!(entry.dir.position(), Ok(None)) {
            return Ok(());
        }
        let run = || format!("{} ({})", entry.key, entry.spec.sparsity.name);
        check_parent(parent).map_err(|error| SweepError::Start { run: run(), error })
    }

    /// The runs that are left out, by backend.
    pub fn left_out(&self) -> Vec<LeftOut> {
        let mut left_out: BTreeMap<Backend, LeftOut> = BTreeMap::new();
        let without = |spec: &'a RunSpec| Some((spec.backend, self.unavailable.why(spec)?));
        for (backend, error) in
            self.sweep.runs().filter(|run| self.is_wanted(*run)).filter_map(|run| without(&run.entry.spec))
        {
            left_out.entry(backend).or_insert_with(|| LeftOut { error: error.clone(), runs: 0 }).runs += 1;
        }
        left_out.into_values().collect()
    }

    /// Trains the runs to train and returns the outcome of each run of the sweep, in the order of [`Sweep::runs`]. A
    /// failed run does not stop the others.
    ///
    /// # Errors
    /// The summary of a run that is already done cannot be read.
    pub fn run(
        &self,
        executor: &dyn Executor,
        observer: &mut dyn SweepObserver,
        interrupt: &Interrupt,
    ) -> Result<Vec<Outcome>, SweepError> {
        let accepted = executor.accepted();
        let runs: Vec<SweepRun<'_>> = self.sweep.runs().collect();
        let first_of_key = first_of_key(&runs);
        let is_first = |place: &usize| first_of_key[runs[*place].entry.key.as_str()] == *place;
        let trained = (0..runs.len()).filter(|place| is_first(place) && self.is_trained(runs[*place])).count();
        let parallelism = executor.parallelism(trained);
        let facts = provenance::collect(&self.sweep.root, parallelism.threads);
        self.claim_runs();
        let mut outcomes = vec![Outcome::NotStarted; runs.len()];
        let mut jobs: Vec<Job> = Vec::new();
        let mut places = Vec::new();
        // Runs from which others start come before these; otherwise the order is that of the sweep.
        let starts_from = |place: &usize| runs[*place].entry.starts_from.as_ref();
        let (children, first): (Vec<_>, Vec<_>) =
            (0..runs.len()).filter(is_first).partition(|place| starts_from(place).is_some());
        for place in first.into_iter().chain(children) {
            let parent = starts_from(&place).and_then(|parent| runs.iter().position(|run| run.entry.key == parent.run));
            // Such as a parent in the plan that another process is training.
            let hopeless = parent.filter(|parent| matches!(outcomes[*parent], Outcome::Failed { .. }));
            let hopeless = hopeless.map(|parent| outcomes[parent].of_child(&runs[parent].entry.dir));
            let queued = accepted.get(&runs[place].entry.key).map(|job| Outcome::Queued { job: job.clone() });
            let settled = if queued.is_some() { queued } else { self.without_training(runs[place])? };
            outcomes[place] = match (settled, hopeless) {
                (Some(outcome), _) | (None, Some(outcome)) => outcome,
                (None, None) => match self.job(runs[place], &facts, parallelism) {
                    Ok(job) => {
                        let after = parent.and_then(|parent| places.iter().position(|place| *place == parent));
                        jobs.push(Job { after, ..job });
                        places.push(place);
                        Outcome::NotStarted
                    }
                    Err(error) => Outcome::failed(&error),
                },
            };
        }
        observer.begin(&places);
        let ended = executor.execute(jobs, parallelism.at_once, interrupt, &mut |job, progress| {
            observer.progress(places[job], &progress);
        });
        observer.end();
        for (place, outcome) in places.into_iter().zip(ended) {
            outcomes[place] = outcome;
        }
        for (place, run) in runs.iter().enumerate() {
            outcomes[place] = outcomes[first_of_key[run.entry.key.as_str()]].clone();
        }
        Ok(outcomes)
    }

    /// Notes in the store which experiments use the runs.
    fn claim_runs(&self) {
        for planned in self.sweep.experiments() {
            let experiment = &planned.experiment;
            let entries = planned.plan.entries.iter();
            let used =
                entries.filter(|entry| entry.status == Status::Done || self.unavailable.why(&entry.spec).is_none());
            // Without the note, only the experiment that trains a run can be named to find it. That is no reason not to
            // train, and a store that cannot be written says so when the run's folder is.
            let _ = experiments::claim(&self.sweep.root, &experiment.name, used.map(|entry| entry.key.as_str()));
        }
    }

    /// The outcome of a run that is not to be trained; `None` for the others.
    fn without_training(&self, run: SweepRun<'_>) -> Result<Option<Outcome>, StoreError> {
        let entry = run.entry;
        if let (false, Some(why)) = (entry.status == Status::Done, self.unavailable.why(&entry.spec)) {
            return Ok(Some(Outcome::Excluded { why: why.to_string() }));
        }
        if !self.is_trained(run) {
            let summary = entry.dir.finished()?;
            let missing = || Outcome::failed(&"its summary.json is missing");
            self.complete(&entry.dir);
            return Ok(Some(summary.map_or_else(missing, |summary| Outcome::Done(Box::new(summary)))));
        }
        if let (Status::Damaged { error }, false) = (&entry.status, self.force) {
            return Ok(Some(Outcome::failed(error)));
        }
        Ok(None)
    }

    /// Writes what the process of a finished run did not get to write: compact model, results by class, and manifest. The
    /// run is as good without, so a failure is no error: the data set may not be at hand, or the folder not writable.
    fn complete(&self, dir: &RunDir) {
        if !dir.lacks_manifest().unwrap_or(false) {
            return;
        }
        // Nor did it remove the states of best epochs, which nobody needs any more.
        let _ = dir.lock().and_then(|lock| lock.keep_best(None));
        let made = sparsegate_compact::write_compact(&self.sweep.root, dir);
        if made.is_err() && dir.verify().is_ok() {
            let _ = dir.lock().and_then(|lock| lock.write_manifest());
        }
    }

    /// Prepares the run's folder. With `force` the folder is cleared; otherwise a run with a checkpoint keeps its
    /// `run.json`, including the number of threads it started with, so that resuming is bit-identical. A run that
    /// continues a shorter one starts from copies of its checkpoint and metrics.
    ///
    /// # Errors
    /// The folder is locked by another process or cannot be written.
    fn job(
        &self,
        run: SweepRun<'_>,
        facts: &BTreeMap<String, String>,
        parallelism: Parallelism,
    ) -> Result<Job, StoreError> {
        let SweepRun { experiment, entry } = run;
        let dir = entry.dir.clone();
        let lock = dir.lock()?;
        if self.force {
            lock.clear()?;
        }
        // Another process, perhaps on another host, may have finished the run after it was planned here; its record is
        // that of the results, too.
        let finished = dir.finished()?;
        let is_kept = dir.position()?.is_some() || finished.is_some();
        // The error of an earlier attempt must not pass for that of this one.
        if finished.is_none() {
            lock.remove_summary()?;
        }
        let begun = if is_kept { dir.record()? } else { None };
        let threads = |record: Option<&RunRecord>| threads_of(record).filter(|_| !parallelism.fixed);
        let threads = if let Some(record) = begun {
            threads(Some(&record)).unwrap_or(parallelism.threads)
        } else {
            let mut provenance = facts.clone();
            let mut kept = parallelism.threads;
            if let (Status::Continues { run, .. }, false) = (&entry.status, self.force) {
                let source = Store::open(&self.sweep.root)?.dir(&experiment.name, run);
                provenance.insert(CONTINUED_FROM.to_owned(), run.clone());
                if let Some(stored) = threads(source.record()?.as_ref()) {
                    provenance.insert(THREADS.to_owned(), stored.to_string());
                    kept = stored;
                }
                lock.continue_from(&source)?;
            }
            // The record comes last: without it the run counts as not started, and the copy is made again.
            lock.write_record(&RunRecord {
                format: FORMAT,
                key: entry.key.clone(),
                key_parts: entry.key_parts.clone(),
                spec: entry.spec.clone(),
                provenance,
            })?;
            kept
        };
        drop(lock);
        Ok(Job { root: self.sweep.root.clone(), experiment: experiment.name.clone(), dir, threads, after: None })
    }
}

/// The place of the first run of each key: several experiments may have the same run, which is trained once.
fn first_of_key<'a>(runs: &[SweepRun<'a>]) -> BTreeMap<&'a str, usize> {
    runs.iter().enumerate().rev().map(|(place, run)| (run.entry.key.as_str(), place)).collect()
}

/// The number of threads of the run that `record` describes. On some backends its bits depend on it
/// (`docs/backends.md`), so a run that resumes keeps it.
fn threads_of(record: Option<&RunRecord>) -> Option<usize> {
    record?.provenance.get(THREADS)?.parse().ok()
}
