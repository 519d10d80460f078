//! The penalty of the log-uniform prior.

use burn::backend::{Backend, TensorMetadata};
use burn::tensor::DType;

use super::values::Values;

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
pub(in crate::engine) fn penalty<B: Backend>(mean: Values<B>, log_sigma: Values<B>) -> Values<B> {
    let log_alpha = log_alpha(mean, log_sigma).clamp(-LIMIT, LIMIT);
    let softplus = (-log_alpha.clone()).exp().log1p() * 0.5;
    (softplus - (logistic(log_alpha) * 0.64 + 0.03)).sum()
}

/// Gradients to mean and log sigma, times the scalar `gradient` (`[1]`); zero where the limits act.
pub(in crate::engine) fn penalty_gradients<B: Backend>(
    mean: Values<B>,
    log_sigma: Values<B>,
    gradient: Values<B>,
) -> [Values<B>; 2] {
    let unlimited = log_alpha(mean.clone(), log_sigma);
    let log_alpha = unlimited.clone().clamp(-LIMIT, LIMIT);
    let outside = (unlimited - log_alpha.clone()).abs().sign();
    let logistic = logistic(log_alpha.clone());
    // The derivative of log(1 + exp(-x)) / 2 is -s(-x) / 2.
    let slope = -(-log_alpha).sigmoid() * 0.5 - logistic.clone() * logistic.rest() * 0.96;
    let slope = slope * outside.rest() * gradient.reshape([1, 1]);
    // d log_alpha / d mean = -2 / mean; where the mean is so small that this would overflow, the slope is zero.
    let reciprocal = mean.clone() / mean.square().at_least(1e-30);
    [slope.clone() * reciprocal * -2.0, slope * 2.0]
}
