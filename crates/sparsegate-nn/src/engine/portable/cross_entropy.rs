//! Softmax and negative log likelihood.

use burn::backend::Backend;
use burn::backend::tensor::IntTensor;
use burn::tensor::{IndexingUpdateOp, Shape};

use super::values::Primitive;

/// Log probabilities, `[N, V]`.
fn log_probabilities<B: Backend>(logits: Primitive<B>, bias: Primitive<B>) -> Primitive<B> {
    Primitive(B::log_softmax((logits + bias).0, 1))
}

/// Mean negative log likelihood, `[1]`, from log probabilities `[N, V]` and `targets` `[N, 1]`.
fn mean_loss<B: Backend>(log_probabilities: Primitive<B>, targets: IntTensor<B>) -> Primitive<B> {
    let rows = log_probabilities.dims()[0];
    Primitive::<B>(B::float_gather(1, log_probabilities.0, targets)).sum() * (-1.0 / rows as f64)
}

/// Mean negative log likelihood without gradients, `[1]`.
pub(in crate::engine) fn cross_entropy_value<B: Backend>(
    logits: Primitive<B>,
    bias: Primitive<B>,
    targets: IntTensor<B>,
) -> Primitive<B> {
    let targets = B::int_reshape(targets, Shape::from([logits.dims()[0], 1]));
    mean_loss(log_probabilities(logits, bias), targets)
}

/// Mean negative log likelihood, `[1]`, and its gradients with respect to logits, `[N, V]`, and bias, `[1, V]`.
///
/// The gradient with respect to the logits is the probabilities minus one at the target, divided by N.
pub(in crate::engine) fn cross_entropy<B: Backend>(
    logits: Primitive<B>,
    bias: Primitive<B>,
    targets: IntTensor<B>,
) -> [Primitive<B>; 3] {
    let rows = logits.dims()[0];
    let targets = B::int_reshape(targets, Shape::from([rows, 1]));
    let log_probabilities = log_probabilities(logits, bias);
    let loss = mean_loss(log_probabilities.clone(), targets.clone());
    let weight = 1.0 / rows as f64;
    let probabilities = log_probabilities.exp() * weight;
    let ones = Primitive::full(-weight, [rows, 1], &probabilities);
    let gradient = Primitive::<B>(B::float_scatter(1, probabilities.0, targets, ones.0, IndexingUpdateOp::Add));
    [loss, gradient.clone(), gradient.sum_over(0)]
}
