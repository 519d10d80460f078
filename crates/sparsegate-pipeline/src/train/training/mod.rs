//! The training loop.

mod checks;
mod epoch;
mod saving;

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::baseline::baseline;
use super::best_epoch::BestEpoch;
use super::checkpointing::CheckpointTimer;
use super::collapse::CollapseWatch;
use super::usage::UsageMeter;
use super::vocabulary::{ground_truth_counts, with_words};
use super::{CheckpointIntervals, RunData, TrainError, TrainEvent};
use sparsegate_core::trainer::{NamedTensor, Trainer};
use sparsegate_data::Corpus;
use sparsegate_spec::types::{RunSpec, TrainSpec};
use sparsegate_store::format::{EpochMetrics, FORMAT, RunState, StoppedEarly, Summary, VectorsUsed};
use sparsegate_store::{LockedRun, Position, RunDir};

/// Trains `trainer` on `corpus` as `spec` says, with the default checkpoint intervals; see [`train_on`]. `vectors`
/// names the pretrained vectors that the model started from, for the summary.
///
/// # Errors
/// As [`train_on`].
pub fn train(
    dir: &RunDir,
    spec: &RunSpec,
    corpus: &Corpus,
    vectors: Option<VectorsUsed>,
    trainer: &mut dyn Trainer,
    events: &mut dyn FnMut(TrainEvent),
    stop: &AtomicBool,
) -> Result<Summary, TrainError> {
    let data = RunData { vectors, ..RunData::new(spec, corpus)? };
    let baseline = baseline(corpus, data.valid.as_ref(), data.test.as_ref());
    let data = RunData { baseline, ..data };
    train_on(dir, spec, &data, CheckpointIntervals::default(), trainer, events, stop)
}

/// Trains `trainer` on the data of `data` in the folder `dir` and returns the content of `summary.json`. Resumes from
/// the last checkpoint if there is one, and holds the folder's lock meanwhile. Does nothing if the run is already done.
///
/// When `stop` becomes true, the loop saves its state before the next step and returns [`RunState::Interrupted`].
///
/// # Errors
/// Divergence, a stream too short for one mini-batch, or a run folder that cannot be read, written or locked. An error
/// that occurs after the folder is locked and the old summary removed is also stored in `summary.json`, with
/// [`RunState::Failed`].
pub fn train_on(
    dir: &RunDir,
    spec: &RunSpec,
    data: &RunData<'_>,
    intervals: CheckpointIntervals,
    trainer: &mut dyn Trainer,
    events: &mut dyn FnMut(TrainEvent),
    stop: &AtomicBool,
) -> Result<Summary, TrainError> {
    let lock = dir.lock()?;
    if let Some(summary) = dir.finished()? {
        return Ok(summary);
    }
    lock.remove_summary()?;
    let meter = UsageMeter::start();
    let mut training = Training {
        lock: &lock,
        run: spec,
        spec: &spec.train,
        data,
        trainer,
        events,
        stop,
        clock: CheckpointTimer::start(intervals),
        begun: Instant::now(),
        epoch_begun: Instant::now(),
        seconds_before: Some(0.0),
        position: Position::start(),
        steps_here: 0,
        steps_in_all: 0,
        last: None,
        best: BestEpoch::new(data.unit, 0),
        best_state: None,
        selected: None,
        collapse: CollapseWatch::new(spec, data),
    };
    let outcome = training.run();
    let seconds = training.seconds();
    let (position, last, selected) = (training.position, training.last.take(), training.selected);
    let stopped_early = training.stopped_early();
    let (state, error) = match &outcome {
        Ok(state) => (*state, None),
        Err(error) => (RunState::Failed, Some(error.to_string())),
    };
    let ground_truth = (state == RunState::Done).then(|| ground_truth_counts(data, trainer)).flatten();
    let summary = Summary {
        format: FORMAT,
        state,
        epochs: position.epoch,
        metric: Some(data.unit.evaluation_metric()),
        last,
        train_seconds: seconds,
        error: error.clone(),
        ground_truth,
        vectors: data.vectors.clone(),
        selected,
        stopped_early,
        baseline: data.baseline.clone(),
        usage: Some(meter.usage()),
    };
    let mut written = lock.write_summary(&summary);
    if state == RunState::Done {
        // The model is stored, so the state that it was taken from is not needed any more.
        written = written.and_then(|()| lock.keep_best(None));
    }
    events(TrainEvent::Ended { state, error });
    outcome?;
    written?;
    Ok(summary)
}

/// State of the training loop.
struct Training<'a, 'd> {
    lock: &'a LockedRun,
    run: &'a RunSpec,
    spec: &'a TrainSpec,
    data: &'a RunData<'d>,
    trainer: &'a mut dyn Trainer,
    events: &'a mut dyn FnMut(TrainEvent),
    stop: &'a AtomicBool,
    clock: CheckpointTimer,
    begun: Instant,
    /// When this process began, or went on with, the current epoch.
    epoch_begun: Instant,
    /// Seconds that earlier processes spent on the current epoch; `None` if that is not known.
    seconds_before: Option<f64>,
    position: Position,
    /// Steps done by this process, for the estimate of the remaining time.
    steps_here: u64,
    /// Estimated steps of the whole run.
    steps_in_all: u64,
    last: Option<EpochMetrics>,
    best: BestEpoch,
    /// The state at the end of the best epoch until it is stored; only for `train.select: best`.
    best_state: Option<(Position, Vec<NamedTensor>)>,
    /// The epoch whose model is stored, once the run is done; only for `train.select: best`.
    selected: Option<u32>,
    collapse: CollapseWatch,
}

/// Whether the loop continues.
#[derive(PartialEq, Eq)]
enum Flow {
    GoOn,
    Stopped,
}

impl Training<'_, '_> {
    fn run(&mut self) -> Result<RunState, TrainError> {
        self.check_stream("validation", self.data.valid.as_ref())?;
        self.check_stream("test", self.data.test.as_ref())?;
        self.prepare()?;
        self.resume()?;
        (self.events)(TrainEvent::Started {
            epochs: self.spec.epochs,
            step: self.position.step,
            metric: self.data.unit.evaluation_metric(),
            last: self.last.clone(),
        });
        while !self.is_complete() {
            if self.epoch()? == Flow::Stopped {
                self.save()?;
                return Ok(RunState::Interrupted);
            }
        }
        if let Some(StoppedEarly { epoch, best, .. }) = self.stopped_early() {
            (self.events)(TrainEvent::StoppedEarly { epoch, best });
        }
        self.select_epoch()?;
        // Also a run that resumes after its last epoch, from a checkpoint of an older version.
        let parameters = self.trainer.parameters();
        self.check_tensors(&parameters)?;
        self.lock.write_structure(&with_words(self.trainer.structure(), self.data.words))?;
        self.lock.write_model(&parameters)?;
        Ok(RunState::Done)
    }

    /// Checks lengths that depend on the number of batches, and finds the epochs that may be selected.
    fn prepare(&mut self) -> Result<(), TrainError> {
        let first = (self.data.train)(0)?;
        self.check_stream("training", first.as_ref())?;
        let batches = first.len() as u64;
        let schedule = self.spec.schedule(batches);
        let warm_ups = [("train.kl.warm_up", schedule.kl_warm_up), ("train.lr_warm_up", schedule.rate_warm_up)];
        if let Some((key, warm_up)) = warm_ups.into_iter().find(|(_, warm_up)| *warm_up > schedule.total_steps) {
            return Err(TrainError::WarmUp { key, warm_up, steps: schedule.total_steps });
        }
        self.best = BestEpoch::new(self.data.unit, self.run.settled_after(batches));
        Ok(())
    }

    /// Whether nothing is left to train.
    fn is_complete(&self) -> bool {
        let between_epochs = self.position.batch == 0;
        self.position.epoch >= self.spec.epochs
            || between_epochs && (self.out_of_steps() || self.stopped_early().is_some())
    }

    /// Why the run ends before its last epoch, if it does so for lack of progress.
    fn stopped_early(&self) -> Option<StoppedEarly> {
        let patience = self.spec.early_stop?.patience;
        let ended = self.best.without_progress() >= patience && self.position.epoch < self.spec.epochs;
        let best = self.best.first().filter(|_| ended)?;
        Some(StoppedEarly { epoch: self.position.epoch, best, patience })
    }

    /// Whether `train.early_stop` ends the run after the epoch of this line, which follows those compared before.
    fn stops_early_after(&self, line: &EpochMetrics) -> bool {
        let mut best = self.best.clone();
        best.add(line);
        self.spec.early_stop.is_some_and(|stop| best.without_progress() >= stop.patience)
    }

    fn out_of_steps(&self) -> bool {
        self.spec.max_steps.is_some_and(|most| self.position.step >= most)
    }

    /// Seconds spent on the run, over all processes.
    fn seconds(&self) -> f64 {
        self.position.train_seconds + self.begun.elapsed().as_secs_f64()
    }

    /// Estimated seconds until the end of the run: the mean time of a step in this process, including evaluation and
    /// checkpoints, times the number of remaining steps.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn seconds_left(&self) -> f64 {
        let left = self.steps_in_all.saturating_sub(self.position.step);
        self.begun.elapsed().as_secs_f64() / self.steps_here.max(1) as f64 * left as f64
    }
}
