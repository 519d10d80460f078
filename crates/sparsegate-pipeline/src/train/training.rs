//! The training loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::baseline::baseline;
use super::checkpointing::CheckpointTimer;
use super::collapse::CollapseWatch;
use super::{CheckpointIntervals, RunData, TrainError, TrainEvent};
use sparsegate_core::BatchSource;
use sparsegate_core::trainer::{NonFinite, StepMetrics, Trainer};
use sparsegate_data::Corpus;
use sparsegate_spec::types::{RunSpec, TrainSpec};
use sparsegate_store::format::{
    Counts, EpochMetrics, FORMAT, GroundTruthCounts, RunState, Structure, Summary, VectorsUsed,
};
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
        collapse: CollapseWatch::new(spec, data),
    };
    let outcome = training.run();
    let seconds = training.seconds();
    let (position, last) = (training.position, training.last.take());
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
        baseline: data.baseline.clone(),
    };
    let written = lock.write_summary(&summary);
    events(TrainEvent::Ended { state, error });
    outcome?;
    written?;
    Ok(summary)
}

/// State of the training loop.
struct Training<'a, 'd> {
    lock: &'a LockedRun,
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
        self.resume()?;
        (self.events)(TrainEvent::Started {
            epochs: self.spec.epochs,
            step: self.position.step,
            metric: self.data.unit.metric().to_owned(),
            last: self.last.clone(),
        });
        while self.position.epoch < self.spec.epochs && !(self.out_of_steps() && self.position.batch == 0) {
            if self.epoch()? == Flow::Stopped {
                self.save()?;
                return Ok(RunState::Interrupted);
            }
        }
        self.lock.write_structure(&with_words(self.trainer.structure(), self.data.words))?;
        self.lock.write_model(&self.trainer.parameters())?;
        Ok(RunState::Done)
    }

    /// Restores the checkpoint and removes the metrics of later epochs.
    fn resume(&mut self) -> Result<(), TrainError> {
        if let Some(checkpoint) = self.lock.dir().checkpoint()? {
            self.trainer
                .restore_state(&checkpoint.tensors)
                .map_err(|problem| TrainError::Checkpoint { path: self.lock.dir().checkpoint_path(), problem })?;
            self.position = checkpoint.position;
        }
        self.lock.truncate_metrics(self.position.epoch)?;
        let lines = self.lock.dir().metrics()?;
        self.collapse.resume(&lines);
        self.last = lines.last().cloned();
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
        let evaluation = self.trainer.evaluate(self.data.valid.as_ref());
        let valid = self.data.unit.value(&evaluation);
        self.check("validation metric", valid)?;
        if self.stop.load(Ordering::Relaxed) {
            return Ok(Flow::Stopped);
        }
        let test = self.data.unit.value(&self.trainer.evaluate(self.data.test.as_ref()));
        self.check("test metric", test)?;
        let counts = self.trainer.counts();
        self.check("compression", counts.compression)?;
        self.check("compression_exact", counts.compression_exact)?;

        let ends = epoch == self.spec.epochs || self.out_of_steps();
        let collapse = self.collapse.judge(&counts, &evaluation, ends);
        let metrics = EpochMetrics { collapse: collapse.clone(), ..self.line(epoch, valid, test, counts) };
        self.lock.append_metrics(&metrics)?;
        self.position.epoch = epoch;
        self.position.batch = 0;
        self.position.sums = EpochSums::default();
        self.last = Some(metrics.clone());
        let seconds_left = self.seconds_left();
        (self.events)(TrainEvent::Epoch { metrics, seconds_left });
        if let Some((hint, collapse)) = self.collapse.news(collapse.as_ref()).zip(collapse) {
            (self.events)(TrainEvent::Collapsed { epoch, collapse, hint: hint.to_owned() });
        }
        if ends || self.clock.due_at_epoch_end() {
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
            collapse: None,
        }
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let position = Position { train_seconds: self.seconds(), ..self.position };
        self.lock.write_checkpoint(&position, &self.trainer.state())?;
        self.clock.saved();
        (self.events)(TrainEvent::Saved { step: position.step });
        Ok(())
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

/// Adds the words of the kept symbols, which `structure.json` needs to be readable without the data set.
fn with_words(mut structure: Structure, words: &[String]) -> Structure {
    let word = |id: &u32| words.get(*id as usize).cloned();
    structure.words = structure.vocabulary.iter().map(word).collect::<Option<_>>().unwrap_or_default();
    structure
}

/// Compares the kept vocabulary with the ground truth of a synthetic language; `None` for other data.
fn ground_truth_counts(data: &RunData<'_>, trainer: &dyn Trainer) -> Option<GroundTruthCounts> {
    let informative = data.informative?;
    let kept = trainer.structure().vocabulary;
    let count = |which: bool| informative.iter().filter(|is| **is == which).count() as u64;
    let count_kept = |which: bool| {
        kept.iter().filter(|id| informative.get(**id as usize).is_some_and(|is| *is == which)).count() as u64
    };
    Some(GroundTruthCounts {
        informative: count(true),
        informative_kept: count_kept(true),
        uninformative: count(false),
        uninformative_kept: count_kept(false),
    })
}
