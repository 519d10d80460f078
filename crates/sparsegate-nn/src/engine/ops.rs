//! What the models need of an engine.

use std::fmt::Debug;

use burn::tensor::{Int, Tensor};

use super::noise::Noise;
use sparsegate_core::GateActivation;
use sparsegate_core::cells::Cell;

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

/// The gradients of the data loss to a variational quantity, `[R, C]`, outside autodiff.
#[derive(Debug, Clone)]
pub struct DataGradients {
    /// To the means: `[R, C]`, or the U rows of it that `rows` names, `[U, C]`.
    pub mean: Tensor<2>,
    /// To the log sigmas, of the same shape.
    pub log_sigma: Tensor<2>,
    /// The rows that are there, rising; those of the others are zero. Nothing where all are there.
    pub rows: Option<Vec<u32>>,
}

/// What a quantity's penalty adds to the objective, and what the gradient's norm needs.
#[derive(Debug, Clone)]
pub struct Penalized {
    /// Sum of the penalties, `[1]`.
    pub penalty: Tensor<1>,
    /// Sum of squares of the gradients of data loss and penalty, `[1]`.
    pub square_sum: Tensor<1>,
}

/// The custom ops. Tensors of one call share a device and a float type; gradients flow to every float tensor unless a
/// field says otherwise.
pub trait Ops: Debug + Send + Sync {
    /// The product of `left` (`[N, K]`) and `right` (`[K, C]`), `[N, C]`.
    fn product(&self, left: Tensor<2>, right: Tensor<2>) -> Tensor<2>;

    /// One sample of normal weights: `mean + noise * exp(log_sigma)`, all `[R, C]`.
    fn noisy(&self, mean: Tensor<2>, log_sigma: Tensor<2>, noise: &Noise) -> Tensor<2>;

    /// Rows `ids` (`[N]`) of one sample of normal weights `[R, C]`: `[N, C]`. A row that occurs twice is the same twice.
    ///
    /// The gradients of a leaf that nothing else reads may have the rows read alone, each once, in rising order: a tensor of
    /// full size that is nearly all zeros would go to memory and back.
    fn noisy_rows(&self, mean: Tensor<2>, log_sigma: Tensor<2>, ids: Tensor<1, Int>, noise: &Noise) -> Tensor<2>;

    /// Sum over the weights of a quantity, means and log sigmas `[R, C]`, of the log-uniform prior's penalty (see
    /// [`crate::bayes`]), and the square sum of the gradient of the data loss and `share` times the penalty. All is outside
    /// autodiff: the penalty depends on the parameters alone.
    fn penalize(&self, quantity: [&Tensor<2>; 2], gradients: &DataGradients, share: f64) -> Penalized;

    /// [`Ops::adam`] of a quantity's means and log sigmas on the gradients that [`Ops::penalize`] speaks of, which are
    /// worked out again: that is cheaper than to keep them.
    fn adam_penalized(
        &self,
        quantity: [Tensor<2>; 2],
        gradients: DataGradients,
        share: f64,
        moments: [Moments; 2],
        scale: &Tensor<1>,
        step: &AdamStep,
    ) -> [(Tensor<2>, Moments); 2];

    /// The gradients that [`Ops::penalize`] speaks of: what Adam's first moments are if they forget at once.
    fn whole_gradients(&self, quantity: [&Tensor<2>; 2], gradients: DataGradients, share: f64) -> [Tensor<2>; 2] {
        let zeros = || Moments { first: quantity[0].zeros_like(), second: quantity[0].zeros_like() };
        let step = AdamStep { rate: 0.0, beta1: 0.0, beta2: 0.0, epsilon: 1.0 };
        let scale = Tensor::ones([1], (&quantity[0].device(), quantity[0].dtype()));
        let moved =
            self.adam_penalized(quantity.map(Tensor::clone), gradients, share, [zeros(), zeros()], &scale, &step);
        moved.map(|(_, moments)| moments.first)
    }

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
