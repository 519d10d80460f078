//! The training loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use camino::Utf8PathBuf;

use super::baseline::baseline;
use super::best_epoch::BestEpoch;
use super::checkpointing::CheckpointTimer;
use super::collapse::CollapseWatch;
use super::vocabulary::{ground_truth_counts, with_words};
use super::{CheckpointIntervals, RunData, TrainError, TrainEvent};
use sparsegate_core::BatchSource;
use sparsegate_core::trainer::{NamedTensor, NonFinite, StepMetrics, Trainer};
use sparsegate_data::Corpus;
use sparsegate_spec::types::{RunSpec, Select, TrainSpec};
use sparsegate_store::format::{Counts, EpochMetrics, FORMAT, RunState, StoppedEarly, Summary, VectorsUsed};
use sparsegate_store::{EpochSums, LockedRun, Position, RunDir};

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
    if let Some(summary) = dir.summary()?.filter(|summary| summary.state == RunState::Done) {
        return Ok(summary);
    }
    lock.remove_summary()?;
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
        metric: data.unit.metric().to_owned(),
        last,
        train_seconds: seconds,
        error: error.clone(),
        ground_truth,
        vectors: data.vectors.clone(),
        selected,
        stopped_early,
        baseline: data.baseline.clone(),
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
            metric: self.data.unit.metric().to_owned(),
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

    /// Restores the checkpoint and removes the metrics of later epochs.
    fn resume(&mut self) -> Result<(), TrainError> {
        if let Some(checkpoint) = self.lock.dir().checkpoint()? {
            self.restore(&checkpoint.tensors, || self.lock.dir().checkpoint_path())?;
            self.position = checkpoint.position;
        }
        self.lock.truncate_metrics(self.position.epoch)?;
        let mut lines = self.lock.dir().metrics()?;
        for line in &lines {
            self.best.add(line);
        }
        self.collapse.resume(&lines);
        self.last = lines.pop();
        Ok(())
    }

    fn restore(&mut self, state: &[NamedTensor], path: impl Fn() -> Utf8PathBuf) -> Result<(), TrainError> {
        self.trainer.restore_state(state).map_err(|problem| TrainError::Checkpoint { path: path(), problem })
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

    /// Goes back to the state of the selected epoch, if that is not the last one.
    fn select_epoch(&mut self) -> Result<(), TrainError> {
        if self.spec.select.is_last() {
            return Ok(());
        }
        self.selected = Some(self.position.epoch);
        let Some(selected) = self.best.selected().filter(|best| best.epoch != self.position.epoch).cloned() else {
            return Ok(());
        };
        let path = self.lock.dir().best_path(selected.epoch);
        let state = match self.best_state.take() {
            Some((_, state)) => state,
            None => match self.lock.dir().best(selected.epoch)? {
                Some(stored) => stored.tensors,
                None => return Err(TrainError::Checkpoint { path, problem: "it is missing".to_owned() }),
            },
        };
        self.restore(&state, || path.clone())?;
        self.selected = Some(selected.epoch);
        self.last = Some(selected);
        Ok(())
    }

    /// Runs one epoch, or the rest of one.
    fn epoch(&mut self) -> Result<Flow, TrainError> {
        let source = (self.data.train)(self.position.epoch)?;
        self.check_stream("training", source.as_ref())?;
        let batches = source.len() as u64;
        self.steps_in_all = self.spec.total_steps(batches);
        if self.position.batch == 0 {
            self.trainer.reset_state();
            self.trainer.drop_dead(self.position.epoch);
        }
        while self.position.batch < batches && !self.out_of_steps() {
            if self.stop.load(Ordering::Relaxed) {
                self.drain_metrics(batches)?;
                return Ok(Flow::Stopped);
            }
            self.step(source.as_ref())?;
            if self.clock.due_mid_epoch() {
                self.drain_metrics(batches)?;
                self.save()?;
            }
        }
        self.drain_metrics(batches)?;
        self.finish_epoch()
    }

    fn step(&mut self, source: &dyn BatchSource) -> Result<(), TrainError> {
        let index = usize::try_from(self.position.batch).unwrap_or(usize::MAX);
        let step = self.position.step + 1;
        let reports = self.trainer.step(&source.batch(index), step).map_err(|e| TrainError::diverged(e, self.spec))?;
        self.position.step = step;
        self.position.batch += 1;
        self.steps_here += 1;
        self.record_metrics(&reports, source.len() as u64)
    }

    /// Waits until all steps are done: their metrics must be known to be finite before anything is evaluated or saved.
    fn drain_metrics(&mut self, batches: u64) -> Result<(), TrainError> {
        let reports = self.trainer.drain_metrics();
        self.record_metrics(&reports, batches)
    }

    /// Adds the metrics of some steps to the epoch's sums; the epoch has `batches` batches.
    fn record_metrics(&mut self, reports: &[StepMetrics], batches: u64) -> Result<(), TrainError> {
        for report in reports {
            self.check_finite(report)?;
            let objective = report.data_loss + report.kl_term;
            let sums = &mut self.position.sums;
            sums.objective += objective;
            sums.loss += report.data_loss;
            sums.gradient_norm += report.gradient_norm;
            let seconds_left = self.seconds_left();
            (self.events)(TrainEvent::Step {
                epoch: self.position.epoch + 1,
                // Metrics that are read late belong to a batch before the current one.
                batch: self.position.batch - (self.position.step - report.step),
                batches,
                step: report.step,
                objective,
                loss: report.data_loss,
                seconds_left,
            });
        }
        Ok(())
    }

    /// Evaluates, writes the epoch's line of `metrics.jsonl`, and saves a checkpoint if one is due. If told to stop
    /// here, leaves the evaluation to the next process.
    fn finish_epoch(&mut self) -> Result<Flow, TrainError> {
        let epoch = self.position.epoch + 1;
        (self.events)(TrainEvent::Evaluating { epoch });
        if self.stop.load(Ordering::Relaxed) {
            return Ok(Flow::Stopped);
        }
        // The last update of the epoch came after the last check of a loss.
        self.check_tensors(&self.trainer.parameters())?;
        let evaluation = self.trainer.evaluate(self.data.valid.as_ref());
        // An accuracy is finite even if no output is.
        self.check("validation loss", evaluation.nats)?;
        let valid = self.data.unit.value(&evaluation);
        self.check("validation metric", valid)?;
        if self.stop.load(Ordering::Relaxed) {
            return Ok(Flow::Stopped);
        }
        let tested = self.trainer.evaluate(self.data.test.as_ref());
        self.check("test loss", tested.nats)?;
        let test = self.data.unit.value(&tested);
        self.check("test metric", test)?;
        let counts = self.trainer.counts();
        self.check("compression", counts.compression)?;
        self.check("compression_exact", counts.compression_exact)?;

        let mut metrics = self.line(epoch, valid, test, counts);
        let ends = epoch == self.spec.epochs || self.out_of_steps() || self.stops_early_after(&metrics);
        let collapse = self.collapse.judge(&metrics.counts, &evaluation, ends);
        metrics.collapse.clone_from(&collapse);
        self.lock.append_metrics(&metrics)?;
        self.position.epoch = epoch;
        self.position.batch = 0;
        self.position.sums = EpochSums::default();
        self.last = Some(metrics.clone());
        if self.best.add(&metrics) && self.spec.select == Select::Best {
            self.best_state = Some((self.position_now(), self.trainer.state()));
        }
        let seconds_left = self.seconds_left();
        (self.events)(TrainEvent::Epoch { metrics, seconds_left });
        if let Some((hint, collapse)) = self.collapse.news(collapse.as_ref()).zip(collapse) {
            (self.events)(TrainEvent::Collapsed { epoch, collapse, hint: hint.to_owned() });
        }
        if self.is_complete() || self.clock.due_at_epoch_end() {
            self.save()?;
        }
        Ok(Flow::GoOn)
    }

    fn line(&self, epoch: u32, valid: f64, test: f64, counts: Counts) -> EpochMetrics {
        #[expect(clippy::cast_precision_loss, reason = "batches of an epoch are far fewer than 2^52")]
        let steps = self.position.batch as f64;
        let sums = &self.position.sums;
        EpochMetrics {
            epoch,
            step: self.position.step,
            train_objective: sums.objective / steps,
            train_loss: sums.loss / steps,
            gradient_norm: sums.gradient_norm / steps,
            valid,
            test,
            counts,
            trained_share: self.trainer.trained_share(),
            collapse: None,
        }
    }

    /// Writes a checkpoint. The state of the best epoch is stored before it, and older ones are removed after it, so
    /// that the checkpoint in the folder always has that of its best epoch beside it.
    fn save(&mut self) -> Result<(), TrainError> {
        let position = self.position_now();
        if let Some((position, state)) = &self.best_state {
            self.check_tensors(state)?;
            self.lock.write_best(position, state)?;
        }
        let state = self.trainer.state();
        self.check_tensors(&state)?;
        self.lock.write_checkpoint(&position, &state)?;
        if self.best_state.take().is_some() {
            self.lock.keep_best(self.best.selected().map(|best| best.epoch))?;
        }
        self.clock.saved();
        (self.events)(TrainEvent::Saved { step: position.step });
        Ok(())
    }

    fn position_now(&self) -> Position {
        Position { train_seconds: self.seconds(), ..self.position }
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

    fn check_finite(&self, report: &StepMetrics) -> Result<(), TrainError> {
        let numbers =
            [("data loss", report.data_loss), ("KL term", report.kl_term), ("gradient norm", report.gradient_norm)];
        match numbers.into_iter().find(|(_, value)| !value.is_finite()) {
            Some((name, _)) => Err(self.diverged(name, report.step)),
            None => Ok(()),
        }
    }

    fn check(&self, name: &str, value: f64) -> Result<(), TrainError> {
        if value.is_finite() { Ok(()) } else { Err(self.diverged(name, self.position.step)) }
    }

    fn check_tensors(&self, tensors: &[NamedTensor]) -> Result<(), TrainError> {
        match NamedTensor::first_not_finite(tensors) {
            Some(tensor) => Err(self.diverged(&tensor.name, self.position.step)),
            None => Ok(()),
        }
    }

    fn diverged(&self, name: &str, step: u64) -> TrainError {
        TrainError::diverged(NonFinite { step, tensor: name.to_owned() }, self.spec)
    }

    fn check_stream(&self, stream: &'static str, source: &dyn BatchSource) -> Result<(), TrainError> {
        if source.is_empty() {
            return Err(TrainError::NoBatches { stream, batch: self.spec.batch, sequence: self.spec.window() });
        }
        Ok(())
    }
}
