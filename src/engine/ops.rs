//! What the models need of an engine.

use std::fmt::Debug;

use burn::tensor::{Int, Tensor};

use super::noise::Noise;
use crate::cells::Cell;
use crate::spec::types::GateActivation;

/// Inputs of a recurrence over T steps of B sequences with H units, for a cell of P preactivations. Columns of `P * H`
/// are preactivation-major: `kind * H + unit`.
///
/// Sequences end together, and a short one starts late: `active[t]` of them, always the first, are under way at step t.
/// N is the sum of `active`, and rows of `[N, ...]` tensors are those of step 0, then those of step 1, ...
#[derive(Debug, Clone)]
pub struct RecurrenceInputs<'a> {
    /// Input products `x W`, `[N, P * H]`.
    pub input: Tensor<2>,
    /// Recurrent weights U, `[H, P * H]`.
    pub recurrent: Tensor<2>,
    /// Group factors of the preactivations, `[B, P * H]`.
    pub z_gates: Tensor<2>,
    /// Biases, `[1, biases * H]`.
    pub bias: Tensor<2>,
    /// Group factors of the hidden units, `[B, H]`.
    pub z_neurons: Tensor<2>,
    /// The cell's states before each sequence's first step, each `[B, H]`; no gradient goes through them.
    pub states: Vec<Tensor<2>>,
    /// Sequences under way at each step: at least 1, never falling, B at the last.
    pub active: &'a [usize],
    /// Of the gates.
    pub activation: GateActivation,
}

/// Adam's running means of a parameter's gradient and of its square.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Mean of the gradient.
    pub first: Tensor<2>,
    /// Mean of the squared gradient.
    pub second: Tensor<2>,
}

/// The constants of one Adam step, the same for every parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamStep {
    /// Learning rate times `sqrt(1 - beta2^t) / (1 - beta1^t)`.
    pub rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

/// A variational quantity's gradients with its penalty's, and what is known on the way.
#[derive(Debug, Clone)]
pub struct Penalized {
    /// Gradient to the means, `[R, C]`.
    pub mean: Tensor<2>,
    /// Gradient to the log sigmas, `[R, C]`.
    pub log_sigma: Tensor<2>,
    /// Sum of the penalties, `[1]`.
    pub penalty: Tensor<1>,
    /// Sum of squares of both gradients, `[1]`.
    pub square_sum: Tensor<1>,
}

/// The custom ops. Tensors of one call share a device and a float type; gradients flow to every float tensor unless a
/// field says otherwise.
pub trait Ops: Debug + Send + Sync {
    /// One sample of normal weights: `mean + noise * exp(log_sigma)`, all `[R, C]`.
    fn noisy(&self, mean: Tensor<2>, log_sigma: Tensor<2>, noise: &Noise) -> Tensor<2>;

    /// Rows `ids` (`[N]`) of one sample of normal weights `[R, C]`: `[N, C]`. A row that occurs twice is the same twice.
    fn noisy_rows(&self, mean: Tensor<2>, log_sigma: Tensor<2>, ids: Tensor<1, Int>, noise: &Noise) -> Tensor<2>;

    /// Sum over all weights of the log-uniform prior's penalty (see [`crate::bayes`]), shape `[1]`.
    fn penalty(&self, mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<1>;

    /// Adds to the gradients of a quantity's means and log sigmas, in this order, those of `share` times its
    /// [`Ops::penalty`]; all `[R, C]` and outside autodiff. The penalty depends on the parameters alone, so one pass over them
    /// gives its value, its gradient and the norm of the whole.
    fn penalize(&self, mean: &Tensor<2>, log_sigma: &Tensor<2>, gradients: [Tensor<2>; 2], share: f64) -> Penalized;

    /// The recurrence of a cell: its states after each step, each `[N, H]`, in the order of [`Cell::states`]. The first,
    /// the hidden state, is differentiable; the others are outside autodiff.
    fn recurrence(&self, cell: &dyn Cell, inputs: RecurrenceInputs<'_>) -> Vec<Tensor<2>>;

    /// Mean over rows of the negative log likelihood, in nats, of `targets` (`[N]`) under softmax(`logits` `[N, V]` +
    /// `bias` `[1, V]`); shape `[1]`.
    fn cross_entropy(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1>;

    /// Mean over rows of the negative log likelihood, in nats, of classes `targets` (`[B]`); shape `[1]`. One column of
    /// `logits` (`[B, C]`) + `bias` (`[1, C]`) is a sigmoid head, whose targets are 0 and 1; more are a softmax head.
    /// Probabilities are clipped to [1e-6, 1 - 1e-6], beyond which there is no gradient.
    fn class_loss(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1>;

    /// Sum of squares of a tensor outside autodiff, shape `[1]`.
    fn square_sum(&self, values: &Tensor<2>) -> Tensor<1>;

    /// One step of Adam in Lasagne's form, `p - rate * m / (sqrt(v) + epsilon)`, on tensors outside autodiff. The gradient
    /// is first multiplied by `scale` (`[1]`), the global norm's rescaling, which so need not leave the device.
    fn adam(
        &self,
        parameter: Tensor<2>,
        gradient: Tensor<2>,
        moments: Moments,
        scale: &Tensor<1>,
        step: &AdamStep,
    ) -> (Tensor<2>, Moments);
}
