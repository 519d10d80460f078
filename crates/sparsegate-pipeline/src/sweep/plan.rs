//! A sweep: experiments with their data sources and plans.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::{PreparedSweep, RunStatus, SweepError, SweepObserver, SweepOptions};
use crate::exec::{Executor, Interrupt, Outcome};
use sparsegate_core::EvaluationMetric;
use sparsegate_data::{Sources, Unit};
use sparsegate_spec::types::RunSpec;
use sparsegate_spec::{Experiment, Hashes};
use sparsegate_store::StoreError;
use sparsegate_store::plan::{self, Plan, PlanEntry, Progress};

/// The runs of one or several experiments under one project folder, with what is stored of each.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub(super) root: Utf8PathBuf,
    experiments: Vec<ExperimentPlan>,
}

/// One experiment with its data sources and its plan.
#[derive(Debug, Clone)]
pub struct ExperimentPlan {
    /// The experiment.
    pub experiment: Experiment,
    /// The manifests of its data sets and vectors, by the name of the data set.
    pub sources: BTreeMap<String, Sources>,
    /// Its runs with their status.
    pub plan: Plan,
    /// How far each run of the plan is.
    pub progress: Vec<Progress>,
}

impl ExperimentPlan {
    /// The metric of a run, by its data set's manifest; `None` if the manifest is not one of a data set.
    pub fn metric(&self, spec: &RunSpec) -> Option<EvaluationMetric> {
        let unit = self.sources.get(&spec.dataset).and_then(|sources| sources.dataset.reader.unit());
        unit.map(Unit::evaluation_metric)
    }
}

/// One run of a sweep.
#[derive(Debug, Clone, Copy)]
pub struct SweepRun<'a> {
    /// The experiment that it belongs to.
    pub experiment: &'a Experiment,
    /// Its spec, key, folder and status.
    pub entry: &'a PlanEntry,
}

impl Sweep {
    /// Reads the experiments in `files` and those that they list under `also`, applies the overrides `set`
    /// (`key=value`), keeps the runs that match one of the filters `only` (`key=value[,key=value]`), and compares them
    /// with what is stored under `root`.
    ///
    /// # Errors
    /// An error in a file, an override or a filter; those of [`Sweep::plan`].
    pub fn load(root: &Utf8Path, files: &[Utf8PathBuf], set: &[String], only: &[String]) -> Result<Self, SweepError> {
        Self::plan(root, sparsegate_spec::load_all_in(root, files, set, only)?)
    }

    /// Compares the runs of `experiments` with those stored under `root`, the folder that contains `datasets` and
    /// `runs`. Reads manifests, but no data.
    ///
    /// # Errors
    /// A manifest that is missing, invalid, or does not fit the runs; a folder of runs that cannot be listed.
    pub fn plan(root: &Utf8Path, experiments: Vec<Experiment>) -> Result<Self, SweepError> {
        let planned = experiments.into_iter().map(|experiment| -> Result<ExperimentPlan, SweepError> {
            let mut sources = BTreeMap::new();
            for dataset in experiment.datasets() {
                let runs = experiment.runs.iter().filter(|run| run.dataset == dataset);
                sources.insert(dataset.to_owned(), Sources::load(root, dataset, runs)?);
            }
            let hashes: BTreeMap<&str, Hashes> =
                sources.iter().map(|(name, sources)| (name.as_str(), sources.hashes())).collect();
            let (plan, progress) =
                plan::plan_and_progress(root, &experiment, |run| hashes[run.dataset.as_str()].clone())?;
            Ok(ExperimentPlan { experiment, sources, plan, progress })
        });
        let experiments = planned.collect::<Result<_, _>>()?;
        Ok(Self { root: root.to_owned(), experiments })
    }

    /// Plans the same experiments again, for example after training.
    ///
    /// # Errors
    /// As [`Sweep::plan`].
    pub fn plan_again(self) -> Result<Self, SweepError> {
        let Self { root, experiments } = self;
        Self::plan(&root, experiments.into_iter().map(|planned| planned.experiment).collect())
    }

    /// The project folder.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// The experiments, in order.
    pub fn experiments(&self) -> &[ExperimentPlan] {
        &self.experiments
    }

    /// All runs: those of the first experiment in the order of its sweep, then those of the next.
    pub fn runs(&self) -> impl Iterator<Item = SweepRun<'_>> {
        self.experiments.iter().flat_map(|planned| {
            let run = |entry| SweepRun { experiment: &planned.experiment, entry };
            planned.plan.entries.iter().map(run)
        })
    }

    /// The progress of each run, finished or not, from its stored files.
    ///
    /// # Errors
    /// A run folder that cannot be read.
    pub fn status(&self) -> Result<Vec<RunStatus<'_>>, StoreError> {
        let progress = self.experiments.iter().flat_map(|planned| &planned.progress);
        self.runs().zip(progress).map(|(run, progress)| RunStatus::new(run, progress)).collect()
    }

    /// Chooses the runs to train, opens their backends, and downloads and checks their data. Starts nothing.
    ///
    /// # Errors
    /// The backend that `options` name, or all backends of the runs, cannot be opened; data that are missing or wrong,
    /// or too few for a run's batches.
    pub fn prepare(&self, options: &SweepOptions) -> Result<PreparedSweep<'_>, SweepError> {
        PreparedSweep::new(self, options)
    }

    /// [Prepares](Sweep::prepare) the sweep, trains the runs that are not done, and returns the outcome of each run, in
    /// the order of [`Sweep::runs`].
    ///
    /// # Errors
    /// As [`Sweep::prepare`] and [`PreparedSweep::run`]. A failed run is an outcome, not an error.
    pub fn run(
        &self,
        options: &SweepOptions,
        executor: &dyn Executor,
        observer: &mut dyn SweepObserver,
        interrupt: &Interrupt,
    ) -> Result<Vec<Outcome>, SweepError> {
        self.prepare(options)?.run(executor, observer, interrupt)
    }
}
