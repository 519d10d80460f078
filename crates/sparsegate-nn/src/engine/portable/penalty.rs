//! The penalty of the log-uniform prior, worked out for the norm and again for Adam.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::DType;

use super::values::Values;
use crate::engine::extension::{AdamPrimitives, Kernels, MomentPrimitives, PenaltyPrimitives};

/// The limits of log alpha.
const LIMIT: f64 = 8.0;

/// Log alpha without limits.
fn log_alpha<B: Backend>(mean: Values<B>, log_sigma: Values<B>) -> Values<B> {
    // The floor keeps a mean of exactly zero from an infinite logarithm.
    let smallest = match mean.0.dtype() {
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    };
    log_sigma * 2.0 - mean.square().at_least(smallest).log()
}

/// The logistic step of the approximation.
fn logistic<B: Backend>(log_alpha: Values<B>) -> Values<B> {
    ((log_alpha + 1.3) * 1.5).sigmoid()
}

/// Sum over all weights, `[1]`.
fn penalty<B: Backend>(mean: Values<B>, log_sigma: Values<B>) -> Values<B> {
    let log_alpha = log_alpha(mean, log_sigma).clamp(-LIMIT, LIMIT);
    let softplus = (-log_alpha.clone()).exp().log1p() * 0.5;
    (softplus - (logistic(log_alpha) * 0.64 + 0.03)).sum()
}

/// Gradients to mean and log sigma, times `share`; zero where the limits act.
fn penalty_gradients<B: Backend>(mean: Values<B>, log_sigma: Values<B>, share: f64) -> [Values<B>; 2] {
    let unlimited = log_alpha(mean.clone(), log_sigma);
    let log_alpha = unlimited.clone().clamp(-LIMIT, LIMIT);
    let outside = (unlimited - log_alpha.clone()).abs().sign();
    let logistic = logistic(log_alpha.clone());
    // The derivative of log(1 + exp(-x)) / 2 is -s(-x) / 2.
    let slope = -(-log_alpha).sigmoid() * 0.5 - logistic.clone() * logistic.rest() * 0.96;
    let slope = slope * outside.rest() * share;
    // d log_alpha / d mean = -2 / mean; where the mean is so small that this would overflow, the slope is zero.
    let reciprocal = mean.clone() / mean.square().at_least(1e-30);
    [slope.clone() * reciprocal * -2.0, slope * 2.0]
}

/// The gradients of data loss and penalty.
fn whole_gradients<B: Backend>(inputs: PenaltyPrimitives<B>) -> [FloatTensor<B>; 2] {
    let PenaltyPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, share } = inputs;
    assert!(rows.is_none(), "this backend's gradients have all rows");
    let [to_mean, to_log_sigma] = penalty_gradients::<B>(Values(mean), Values(log_sigma), share);
    [(to_mean + Values(mean_gradient)).0, (to_log_sigma + Values(log_sigma_gradient)).0]
}

/// The sum of penalties, `[1]`, and the sum of squares of the gradients of data loss and penalty, `[1]`.
pub(in crate::engine) fn penalize<B: Kernels>(inputs: PenaltyPrimitives<B>) -> [FloatTensor<B>; 2] {
    let penalty = penalty::<B>(Values(inputs.mean.clone()), Values(inputs.log_sigma.clone()));
    let [to_mean, to_log_sigma] = whole_gradients(inputs).map(|gradient| Values::<B>(B::square_sum(gradient)));
    [penalty.0, (to_mean + to_log_sigma).0]
}

/// Means and log sigmas after a step, each with its moments.
pub(in crate::engine) fn adam_penalized<B: Kernels>(
    inputs: PenaltyPrimitives<B>,
    moments: MomentPrimitives<B>,
) -> [FloatTensor<B>; 6] {
    let MomentPrimitives { mean_first, mean_second, log_sigma_first, log_sigma_second, scale, step } = moments;
    let [to_mean, to_log_sigma] = whole_gradients(inputs.clone());
    let PenaltyPrimitives { mean, log_sigma, .. } = inputs;
    let adam = |parameter, gradient, first, second| {
        B::adam(AdamPrimitives { parameter, gradient, first, second, scale: scale.clone(), step })
    };
    let [mean, mean_first, mean_second] = adam(mean, to_mean, mean_first, mean_second);
    let [log_sigma, log_sigma_first, log_sigma_second] =
        adam(log_sigma, to_log_sigma, log_sigma_first, log_sigma_second);
    [mean, mean_first, mean_second, log_sigma, log_sigma_first, log_sigma_second]
}
