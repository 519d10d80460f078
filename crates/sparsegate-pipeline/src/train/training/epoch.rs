//! One epoch: its steps, its evaluation, and its lines of `metrics.jsonl` and `times.jsonl`.

use std::sync::atomic::Ordering;
use std::time::Instant;

use sparsegate_core::BatchSource;
use sparsegate_core::trainer::StepMetrics;
use sparsegate_spec::types::Select;
use sparsegate_store::format::{Counts, EpochMetrics};
use sparsegate_store::{EpochSums, EpochTime, Timestamp};

use super::super::{TrainError, TrainEvent};
use super::{Flow, Training};

impl Training<'_, '_> {
    /// Runs one epoch, or the rest of one.
    pub(super) fn epoch(&mut self) -> Result<Flow, TrainError> {
        self.epoch_begun = Instant::now();
        self.seconds_before = if self.position.batch == 0 { Some(0.0) } else { self.position.epoch_seconds };
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

    /// Evaluates, writes the epoch's lines of `times.jsonl` and `metrics.jsonl`, and saves a checkpoint if one is due.
    /// If told to stop before the evaluation has ended, leaves it to the next process.
    fn finish_epoch(&mut self) -> Result<Flow, TrainError> {
        let epoch = self.position.epoch + 1;
        (self.events)(TrainEvent::Evaluating { epoch });
        if self.stop.load(Ordering::Relaxed) {
            return Ok(Flow::Stopped);
        }
        // The last update of the epoch came after the last check of a loss.
        self.check_tensors(&self.trainer.parameters())?;
        let Some(evaluation) = self.trainer.evaluate_unless(self.stop, self.data.valid.as_ref()) else {
            return Ok(Flow::Stopped);
        };
        // An accuracy is finite even if no output is.
        self.check("validation loss", evaluation.nats)?;
        let valid = self.data.unit.value(&evaluation);
        self.check("validation metric", valid)?;
        let Some(tested) = self.trainer.evaluate_unless(self.stop, self.data.test.as_ref()) else {
            return Ok(Flow::Stopped);
        };
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
        self.append_time(epoch)?;
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

    /// Writes when the epoch ended and how long it took, to the millisecond. An epoch that began under a version whose
    /// checkpoints do not have its time gets no line.
    fn append_time(&self, epoch: u32) -> Result<(), TrainError> {
        let Some(seconds) = self.epoch_seconds() else { return Ok(()) };
        let seconds = (seconds * 1000.0).round() / 1000.0;
        Ok(self.lock.append_time(&EpochTime { epoch, finished: Timestamp::now(), seconds })?)
    }

    /// Seconds spent so far on the current epoch, over all processes; `None` if an earlier process did not store its
    /// part.
    pub(super) fn epoch_seconds(&self) -> Option<f64> {
        self.seconds_before.map(|before| before + self.epoch_begun.elapsed().as_secs_f64())
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
}
