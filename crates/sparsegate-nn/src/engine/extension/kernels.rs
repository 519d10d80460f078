//! The kernels a backend brings.

use burn::backend::Backend;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::Shape;

use super::primitives::{
    AdamPrimitives, Factor, MomentPrimitives, PenaltyPrimitives, RecurrenceGradients, RecurrencePrimitives,
    RecurrenceSaved,
};
use crate::engine::noise::NoiseKey;

/// The kernels a backend brings; not routed, one implementation a backend.
pub trait Kernels: Backend {
    /// A product of matrices.
    fn product(left: Factor<Self>, right: Factor<Self>) -> FloatTensor<Self> {
        Self::float_matmul(left.whole(), right.whole())
    }
    /// The recurrence.
    fn recurrence_forward(inputs: RecurrencePrimitives<Self>) -> RecurrenceSaved<Self>;
    /// Its gradients, from the gradient of the hidden states.
    fn recurrence_backward(gradient: FloatTensor<Self>, saved: RecurrenceSaved<Self>) -> RecurrenceGradients<Self>;
    /// A weight sample.
    fn noisy_forward(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self>;
    /// Its gradient to log sigma; the one to the mean is `gradient` itself.
    fn noisy_backward(gradient: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self>;
    /// Rows of a weight sample.
    fn noisy_rows_forward(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> FloatTensor<Self>;
    /// Its gradients to mean and log sigma: of all rows, or of those read alone, each once and rising.
    fn noisy_rows_backward(
        gradient: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// Mean negative log likelihood, and its gradients to logits and bias.
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
    /// The mean negative log likelihood alone.
    fn cross_entropy_value(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self>;
    /// The gradients to logits and bias times the scalar `gradient`.
    fn cross_entropy_backward(
        gradient: FloatTensor<Self>,
        gradients: [FloatTensor<Self>; 2],
    ) -> [FloatTensor<Self>; 2] {
        let gradient = Self::float_reshape(gradient, Shape::from([1, 1]));
        gradients.map(|values| Self::float_mul(values, gradient.clone()))
    }
    /// Sum of squares, `[1]`.
    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self>;
    /// The penalty, `[1]`, and the sum of squares of the data loss's gradients with the penalty's, `[1]`.
    fn penalize(inputs: PenaltyPrimitives<Self>) -> [FloatTensor<Self>; 2];
    /// Means, log sigmas, each with first and second moment, after a step on the gradients of data loss and penalty.
    fn adam_penalized(inputs: PenaltyPrimitives<Self>, moments: MomentPrimitives<Self>) -> [FloatTensor<Self>; 6];
    /// Parameter, first and second moment after a step.
    fn adam(inputs: AdamPrimitives<Self>) -> [FloatTensor<Self>; 3];
}
