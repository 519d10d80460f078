//! What the training loop needs of a model: the seam between the loop and everything numeric.

use crate::{Batch, BatchSource, Counts, Evaluation, Structure};

/// The numbers of one optimiser step, all before the update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Which step of the run, from 1.
    pub step: u64,
    /// Mean data loss, nats a symbol.
    pub data_loss: f64,
    /// Sum of penalties divided by the train size, nats a symbol.
    pub penalty: f64,
    /// Global L2 norm of the gradient of their sum, before rescaling.
    pub gradient_norm: f64,
}

/// A tensor by name: how checkpoints carry parameters, optimiser moments and carried state.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Path of the tensor, such as `lstm/w_input/mean`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its elements, row-major.
    pub values: Vec<f32>,
}

/// A model under training, with its optimiser.
///
/// Noise is a function of (seed, step, tensor), so a step's result depends only on what [`Trainee::save`] returns, the
/// batch and the step's number.
pub trait Trainee {
    /// One step of the optimiser. `step` counts from 1 over the whole run. Gives the numbers, in order, of the steps that
    /// have been read since the last call: of this one where the model computes on the host, of some before it where it
    /// computes on a device, which is not kept waiting for its numbers to be read.
    ///
    /// # Errors
    /// A non-finite loss, gradient or parameter, naming the tensor. Where numbers come late, those that are not finite
    /// are among the reports instead, and all after them are worthless.
    fn step(&mut self, batch: &Batch, step: u64) -> Result<Vec<StepReport>, NonFinite>;
    /// Waits for the numbers of all steps that have been started, and gives those not given yet.
    fn finish(&mut self) -> Vec<StepReport> {
        Vec::new()
    }
    /// Forgets the carried state; called at each epoch's start.
    fn reset_state(&mut self);
    /// How well the model predicts all batches of `source` with means and pruned weights, from a zero state. Does not
    /// touch the carried training state.
    fn evaluate(&self, source: &dyn BatchSource) -> Evaluation;
    /// What survives pruning now.
    fn counts(&self) -> Counts;
    /// Which parts survive pruning now, unit by unit.
    fn structure(&self) -> Structure;
    /// The parameters alone.
    fn parameters(&self) -> Vec<NamedTensor>;
    /// Everything the next step depends on: parameters, moments, carried state.
    fn save(&self) -> Vec<NamedTensor>;
    /// Takes back what [`Trainee::save`] gave.
    ///
    /// # Errors
    /// The name of a tensor that is missing or has another shape.
    fn load(&mut self, tensors: &[NamedTensor]) -> Result<(), String>;
}

/// A loss, gradient or parameter that is not a finite number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tensor} is not finite at step {step}")]
pub struct NonFinite {
    /// Step of the run, from 1.
    pub step: u64,
    /// Name of the tensor.
    pub tensor: String,
}
