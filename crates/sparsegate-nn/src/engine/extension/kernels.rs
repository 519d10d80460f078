//! The kernels that a backend implements.

use burn::backend::Backend;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::Shape;

use super::primitives::{
    AdamPrimitives, MatmulOperand, RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved, VariationalMoments,
    VariationalPrimitives,
};
use crate::engine::noise::NoiseKey;

/// The kernels that a backend implements, on its own tensors and without autodiff. Unlike [`super::RoutedOps`], Burn
/// does not route these.
pub trait Kernels: Backend {
    /// A matrix product.
    fn product(left: MatmulOperand<Self>, right: MatmulOperand<Self>) -> FloatTensor<Self> {
        Self::float_matmul(left.into_tensor(), right.into_tensor())
    }
    /// The recurrence; see [`crate::engine::Ops::recurrence`].
    fn recurrence_forward(inputs: RecurrencePrimitives<Self>) -> RecurrenceSaved<Self>;
    /// The gradients of the recurrence, given that of the hidden states, `[N, H]`.
    fn recurrence_backward(gradient: FloatTensor<Self>, saved: RecurrenceSaved<Self>) -> RecurrenceGradients<Self>;
    /// A sample of all weights; see [`crate::engine::Ops::sample_weights`].
    fn noisy_forward(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self>;
    /// The gradient of a sample with respect to log sigma; that with respect to the mean is `gradient` itself.
    fn noisy_backward(gradient: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self>;
    /// Rows of a sample; see [`crate::engine::Ops::sample_weight_rows`].
    fn noisy_rows_forward(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> FloatTensor<Self>;
    /// The gradients of the sampled rows with respect to mean and log sigma: full size, or only the rows read, each
    /// once and in ascending order.
    fn noisy_rows_backward(
        gradient: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// Mean negative log likelihood, `[1]`, and its gradients with respect to logits, `[N, V]`, and bias, `[1, V]`.
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
    /// Mean negative log likelihood without gradients, `[1]`.
    fn cross_entropy_value(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self>;
    /// Multiplies the gradients with respect to logits and bias by the scalar `gradient` of the loss.
    fn cross_entropy_backward(
        gradient: FloatTensor<Self>,
        gradients: [FloatTensor<Self>; 2],
    ) -> [FloatTensor<Self>; 2] {
        let gradient = Self::float_reshape(gradient, Shape::from([1, 1]));
        gradients.map(|values| Self::float_mul(values, gradient.clone()))
    }
    /// Sum of squares, `[1]`.
    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Sum of the KL divergences, `[1]`, and sum of squares of the total gradients, `[1]`; see
    /// [`crate::engine::Ops::kl_and_gradient_norm`].
    fn kl_and_gradient_norm(inputs: VariationalPrimitives<Self>) -> [FloatTensor<Self>; 2];
    /// Adam step on the total gradients of a variational parameter; returns means, their first and second moment, log
    /// sigmas, their first and second moment.
    fn adam_variational(
        inputs: VariationalPrimitives<Self>,
        moments: VariationalMoments<Self>,
    ) -> [FloatTensor<Self>; 6];
    /// Adam step of a deterministic parameter; returns the parameter, its first and second moment.
    fn adam(inputs: AdamPrimitives<Self>) -> [FloatTensor<Self>; 3];
}
