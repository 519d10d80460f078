//! What the models need of an engine.

use std::fmt::Debug;

use burn::tensor::{Int, Tensor};

use super::noise::Noise;

/// Inputs of the LSTM recurrence over T steps of B sequences with H units. Columns of `4H` are gate-major: `gate * H +
/// unit`, gates in the order i, f, g, o.
#[derive(Debug, Clone)]
pub struct LstmInputs {
    /// Input products `x W`, `[T * B, 4H]`.
    pub input: Tensor<2>,
    /// Recurrent weights U, `[H, 4H]`.
    pub recurrent: Tensor<2>,
    /// Group factors of the preactivations, `[B, 4H]`.
    pub z_gates: Tensor<2>,
    /// Biases, `[1, 4H]`.
    pub bias: Tensor<2>,
    /// Group factors of the hidden units, `[B, H]`.
    pub z_neurons: Tensor<2>,
    /// Hidden state before the first step, `[B, H]`; no gradient goes through it.
    pub hidden: Tensor<2>,
    /// Cell state before the first step, `[B, H]`; no gradient goes through it.
    pub cell: Tensor<2>,
}

/// Outputs of the LSTM recurrence.
#[derive(Debug, Clone)]
pub struct LstmOutputs {
    /// Hidden states after the product with `z_neurons`, `[T * B, H]`.
    pub hidden: Tensor<2>,
    /// Cell states, `[T * B, H]`, outside autodiff.
    pub cell: Tensor<2>,
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
    /// Multiplies every gradient: the global norm's rescaling.
    pub gradient_scale: f64,
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

    /// The LSTM recurrence: `a = (x W + h U) * z_gates + bias`, `c = s(a_f) c + s(a_i) tanh(a_g)`,
    /// `h = s(a_o) tanh(c) * z_neurons`, with s the logistic function.
    fn lstm(&self, inputs: LstmInputs) -> LstmOutputs;

    /// Mean over rows of the negative log likelihood, in nats, of `targets` (`[N]`) under softmax(`logits` `[N, V]` +
    /// `bias` `[1, V]`); shape `[1]`.
    fn cross_entropy(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1>;

    /// Sum of squares of a tensor outside autodiff.
    fn square_sum(&self, values: &Tensor<2>) -> f64;

    /// One step of Adam in Lasagne's form, `p - rate * m / (sqrt(v) + epsilon)`, on tensors outside autodiff.
    fn adam(
        &self,
        parameter: Tensor<2>,
        gradient: Tensor<2>,
        moments: Moments,
        step: &AdamStep,
    ) -> (Tensor<2>, Moments);
}
