//! Times training steps.

use std::time::Instant;

use crate::build::{BuildError, build_trainer};
use sparsegate_core::BatchSource;
use sparsegate_core::trainer::{NonFinite, StepMetrics, Trainer};
use sparsegate_data::{Corpus, DataError, eval_batches, train_batches};
use sparsegate_spec::types::RunSpec;

/// Number of timed steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounds {
    /// Untimed steps before the first round, to warm caches up and compile kernels.
    pub warm_up: usize,
    /// Number of rounds; each gives one time.
    pub rounds: usize,
    /// Steps per round. A device computes asynchronously, so a time is meaningful only for several steps, up to the
    /// metrics of the last one.
    pub steps: usize,
}

/// Measured times.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTimes {
    /// Mean seconds per step of each round, in order.
    pub seconds: Vec<f64>,
    /// Seconds per batch to evaluate the pruned network at the means, mean over the validation data.
    pub evaluation: f64,
    /// The metrics of all steps, including the warm-up.
    pub reports: Vec<StepMetrics>,
}

impl StepTimes {
    /// The quantile of the rounds' times at the fraction `fraction`, in seconds per step, interpolated linearly; `None`
    /// without rounds.
    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let place = fraction.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
        let (below, part) = (place.floor() as usize, place.fract());
        let above = (below + 1).min(sorted.len() - 1);
        Some(sorted[below] + (sorted[above] - sorted[below]) * part)
    }
}

/// A measurement that failed.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The network cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The data are too small for the batches.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Training diverged.
    #[error(transparent)]
    NonFinite(#[from] NonFinite),
}

/// Trains `spec` on `corpus` and times the given rounds, then evaluates twice on the validation data and times the
/// second evaluation. As in a run, the time of a step includes making its batch. Nothing is stored.
///
/// # Errors
/// [`MeasureError`].
pub fn time_steps(spec: &RunSpec, corpus: &Corpus, rounds: Rounds) -> Result<StepTimes, MeasureError> {
    let mut trainer = build_trainer(spec, corpus, None)?;
    let source = train_batches(corpus, &spec.train, spec.seed, 0)?;
    let mut times = StepTimes { seconds: Vec::new(), evaluation: f64::NAN, reports: Vec::new() };
    let mut steps = Steps { trainer: trainer.as_mut(), source: source.as_ref(), done: 0 };
    steps.go(rounds.warm_up, &mut times.reports)?;
    for _ in 0..rounds.rounds {
        let start = Instant::now();
        steps.go(rounds.steps, &mut times.reports)?;
        times.seconds.push(start.elapsed().as_secs_f64() / rounds.steps.max(1) as f64);
    }
    let [valid, _] = eval_batches(corpus, &spec.train)?;
    // The first evaluation compiles kernels that training does not use.
    trainer.evaluate(valid.as_ref());
    let start = Instant::now();
    trainer.evaluate(valid.as_ref());
    times.evaluation = start.elapsed().as_secs_f64() / valid.len().max(1) as f64;
    Ok(times)
}

struct Steps<'a> {
    trainer: &'a mut dyn Trainer,
    source: &'a dyn BatchSource,
    done: usize,
}

impl Steps<'_> {
    /// Makes `steps` further steps and waits for their metrics.
    fn go(&mut self, steps: usize, reports: &mut Vec<StepMetrics>) -> Result<(), NonFinite> {
        let known = reports.len();
        for _ in 0..steps {
            let batch = self.source.batch(self.done % self.source.len().max(1));
            self.done += 1;
            reports.extend(self.trainer.step(&batch, self.done as u64)?);
        }
        reports.extend(self.trainer.drain_metrics());
        // The trainer leaves it to its caller to check metrics that are returned asynchronously.
        match reports[known..].iter().find(|report| !(report.data_loss + report.kl_term).is_finite()) {
            Some(report) => Err(NonFinite { step: report.step, tensor: "the objective".to_owned() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_rounds() {
        let times = |seconds: &[f64]| StepTimes { seconds: seconds.to_vec(), evaluation: 0.0, reports: Vec::new() };
        let four = times(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!([0.0, 0.5, 1.0].map(|fraction| four.quantile(fraction)), [Some(1.0), Some(2.5), Some(4.0)]);
        assert_eq!(times(&[7.0]).quantile(0.25), Some(7.0));
        assert_eq!(times(&[]).quantile(0.5), None);
    }
}
