//! Event files of runs, for TensorBoard: written on demand, or kept current while runs train.

use camino::Utf8Path;

use super::run::run_labels;
use super::{CliError, output};
use crate::progress::Display;
use sparsegate_core::EvaluationMetric;
use sparsegate_pipeline::exec::JobProgress;
use sparsegate_pipeline::sweep::{Sweep, SweepObserver};
use sparsegate_pipeline::train::TrainEvent;
use sparsegate_report::{event_folder, write_events};
use sparsegate_store::RunDir;

/// A run whose metrics are to be written.
pub(super) struct NamedRun {
    /// Its folder.
    pub(super) dir: RunDir,
    /// The experiment, which is the upper folder.
    pub(super) experiment: String,
    /// What tells it apart from the experiment's other runs.
    pub(super) label: String,
    /// Its metric, if it is known.
    pub(super) metric: Option<EvaluationMetric>,
}

impl NamedRun {
    /// Writes its event file below `to`. Returns whether there was something to write; a run without a finished epoch has
    /// no event file.
    ///
    /// # Errors
    /// Its metrics or times cannot be read (4), or the file cannot be written (1).
    pub(super) fn write(&self, to: &Utf8Path) -> Result<bool, CliError> {
        let lines = self.dir.metrics()?;
        if lines.is_empty() {
            return Ok(false);
        }
        // After the metrics: the time of an epoch is stored before its metrics.
        let times = self.dir.times()?;
        let folder = event_folder(to, &self.experiment, &self.label, self.dir.key());
        write_events(&folder, self.metric, &lines, &times).map_err(CliError::failed)
    }
}

/// The runs of a sweep, in order.
pub(super) fn of_sweep(sweep: &Sweep) -> Vec<NamedRun> {
    let labels = sweep.experiments().iter().flat_map(run_labels::labels_within);
    let planned =
        sweep.experiments().iter().flat_map(|planned| planned.plan.entries.iter().map(move |entry| (planned, entry)));
    let named = planned.zip(labels).map(|((planned, entry), label)| NamedRun {
        dir: entry.dir.clone(),
        experiment: planned.experiment.name.clone(),
        label,
        metric: planned.metric(&entry.spec),
    });
    named.collect()
}

/// Shows progress and keeps the event files of the runs current.
pub(super) struct WithEventFiles<'a> {
    display: Display,
    /// The folder, and all runs of the sweep; `None` without `--tensorboard`.
    target: Option<(&'a Utf8Path, Vec<NamedRun>)>,
    /// The first file that could not be written. That is no reason to stop training.
    failure: Option<CliError>,
}

impl<'a> WithEventFiles<'a> {
    pub(super) fn new(display: Display, to: Option<&'a Utf8Path>, sweep: &Sweep) -> Self {
        Self { display, target: to.map(|to| (to, of_sweep(sweep))), failure: None }
    }

    /// Says if a file could not be written.
    pub(super) fn report_failure(&self) {
        if let Some(error) = &self.failure {
            output::message!("warning: event files are missing or incomplete: {error}");
        }
    }

    fn write(&mut self, which: impl Fn(usize) -> bool) {
        let Some((to, runs)) = &self.target else { return };
        for (_, run) in runs.iter().enumerate().filter(|(place, _)| which(*place)) {
            if let Err(error) = run.write(to) {
                self.failure.get_or_insert(error);
            }
        }
    }
}

impl SweepObserver for WithEventFiles<'_> {
    fn begin(&mut self, runs: &[usize]) {
        self.write(|_| true);
        self.display.begin(runs);
    }

    fn progress(&mut self, run: usize, progress: &JobProgress<'_>) {
        self.display.progress(run, progress);
        if matches!(progress, JobProgress::Event(TrainEvent::Epoch { .. }) | JobProgress::Ended(_)) {
            self.write(|place| place == run);
        }
    }

    fn end(&mut self) {
        self.display.end();
    }
}
