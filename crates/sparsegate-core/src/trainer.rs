//! The interface between the training loop and the network under training.

use std::sync::atomic::AtomicBool;

use crate::{Batch, BatchSource, Counts, Evaluation, Structure};

/// Metrics of one optimiser step, computed before the update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepMetrics {
    /// Number of the step, from 1 over the whole run.
    pub step: u64,
    /// Mean data loss, nats per target.
    pub data_loss: f64,
    /// KL term: the sum of the KL divergences times the KL weight of this step, nats per target.
    pub kl_term: f64,
    /// Global L2 norm of the gradient of the objective (data loss plus KL term), before rescaling.
    pub gradient_norm: f64,
}

/// A named tensor on the host, the form in which checkpoints store parameters, optimiser moments and carried states.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Path of the tensor, such as `lstm/w_input/mean`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its elements, row-major.
    pub values: Vec<f32>,
}

impl NamedTensor {
    /// The first of `tensors` that has an element that is not finite; `None` if all are finite.
    pub fn first_not_finite(tensors: &[Self]) -> Option<&Self> {
        tensors.iter().find(|tensor| tensor.values.iter().any(|value| !value.is_finite()))
    }
}

/// A trainer: the network under training with its optimiser.
///
/// Noise is a function of (seed, step, tensor), so the result of a step depends only on the state that
/// [`Trainer::state`] returns, the batch and the step number.
pub trait Trainer {
    /// Makes one optimiser step. `step` counts from 1 over the whole run. Step metrics are returned asynchronously:
    /// each call returns, in order, the metrics that have been read since the last call. On the CPU these are the
    /// metrics of this step; on other devices they are those of earlier steps, so that the device does not wait for the
    /// host.
    ///
    /// # Errors
    /// A non-finite loss, gradient or parameter, naming the tensor. If metrics are read asynchronously, non-finite
    /// metrics are returned in the reports instead, and all later steps are invalid.
    fn step(&mut self, batch: &Batch, step: u64) -> Result<Vec<StepMetrics>, NonFinite>;
    /// Waits for all steps that have been started and returns their metrics, if not returned before.
    fn drain_metrics(&mut self) -> Vec<StepMetrics> {
        Vec::new()
    }
    /// Discards the carried state; called at the start of each epoch.
    fn reset_state(&mut self);
    /// Removes the parts of the network that have been noise for long enough, if the spec asks for it
    /// ([`crate::DropDead`]); called at the start of each epoch with the number of finished epochs. A second call for
    /// the same epoch changes nothing.
    fn drop_dead(&mut self, _finished_epochs: u32) {}
    /// The fraction of the network's parameters that are still trained; `None` if no part can be dropped.
    fn trained_share(&self) -> Option<f64> {
        None
    }
    /// Evaluates the pruned network at the means on all batches of `source`, from a zero state. Leaves the carried
    /// training state unchanged. If an output is not finite, neither is [`Evaluation::nats`]. `None` if `stop` became
    /// true before the last batch.
    fn evaluate_unless(&self, stop: &AtomicBool, source: &dyn BatchSource) -> Option<Evaluation>;
    /// [`Trainer::evaluate_unless`], never stopped.
    fn evaluate(&self, source: &dyn BatchSource) -> Evaluation {
        let never = AtomicBool::new(false);
        loop {
            // Nothing sets the flag, so the first evaluation is complete.
            if let Some(evaluation) = self.evaluate_unless(&never, source) {
                return evaluation;
            }
        }
    }
    /// Counts of what survives pruning in the current state.
    fn counts(&self) -> Counts;
    /// The units, symbols and gates that survive pruning in the current state.
    fn structure(&self) -> Structure;
    /// The parameters, without optimiser moments and carried state.
    fn parameters(&self) -> Vec<NamedTensor>;
    /// The complete training state: parameters, optimiser moments and carried state.
    fn state(&self) -> Vec<NamedTensor>;
    /// Restores a state returned by [`Trainer::state`].
    ///
    /// # Errors
    /// The name of a tensor that is missing or has another shape.
    fn restore_state(&mut self, tensors: &[NamedTensor]) -> Result<(), String>;
}

/// A loss, gradient, parameter or metric that is not finite.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tensor} is not finite at step {step}")]
pub struct NonFinite {
    /// Step of the run, from 1.
    pub step: u64,
    /// Name of the tensor or metric.
    pub tensor: String,
}
