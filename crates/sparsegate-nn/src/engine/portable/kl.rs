//! The KL divergence from the log-uniform prior, computed once for the gradient norm and again for Adam.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::DType;

use super::values::Primitive;
use crate::engine::extension::{AdamPrimitives, Kernels, VariationalMoments, VariationalPrimitives};
use crate::variational::kl::{LOG_ALPHA_CLAMP, OFFSET, STEP_HEIGHT, STEP_SHIFT, STEP_SLOPE, STEP_STEEPNESS};

/// Log alpha before the clamp.
fn log_alpha<B: Backend>(mean: Primitive<B>, log_sigma: Primitive<B>) -> Primitive<B> {
    // The lower bound keeps the logarithm finite for a mean of exactly zero.
    let smallest = match mean.0.dtype() {
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    };
    log_sigma * 2.0 - mean.square().at_least(smallest).log()
}

/// The logistic step of the KL approximation.
fn logistic<B: Backend>(log_alpha: Primitive<B>) -> Primitive<B> {
    ((log_alpha + STEP_SHIFT) * STEP_STEEPNESS).sigmoid()
}

/// Sum of the KL divergences of all weights, `[1]`.
fn kl_divergence<B: Backend>(mean: Primitive<B>, log_sigma: Primitive<B>) -> Primitive<B> {
    let log_alpha = log_alpha(mean, log_sigma).clamp(-LOG_ALPHA_CLAMP, LOG_ALPHA_CLAMP);
    let softplus = (-log_alpha.clone()).exp().log1p() * 0.5;
    (softplus - (logistic(log_alpha) * STEP_HEIGHT + OFFSET)).sum()
}

/// Gradients of the KL divergence with respect to mean and log sigma, times `kl_weight` (the KL weight); zero where the
/// clamp acts.
fn kl_gradients<B: Backend>(mean: Primitive<B>, log_sigma: Primitive<B>, kl_weight: f64) -> [Primitive<B>; 2] {
    let unlimited = log_alpha(mean.clone(), log_sigma);
    let log_alpha = unlimited.clone().clamp(-LOG_ALPHA_CLAMP, LOG_ALPHA_CLAMP);
    let outside = (unlimited - log_alpha.clone()).abs().sign();
    let logistic = logistic(log_alpha.clone());
    // The derivative of log(1 + exp(-x)) / 2 is -s(-x) / 2.
    let slope = -(-log_alpha).sigmoid() * 0.5 - logistic.clone() * logistic.one_minus() * STEP_SLOPE;
    let slope = slope * outside.one_minus() * kl_weight;
    // d log_alpha / d mean = -2 / mean. The lower bound avoids an overflow for tiny means, where the slope is zero
    // (unless log sigma is below -30).
    let reciprocal = mean.clone() / mean.square().at_least(1e-30);
    [slope.clone() * reciprocal * -2.0, slope * 2.0]
}

/// The total gradients: those of the data loss plus the weighted ones of the KL divergence.
fn total_gradients<B: Backend>(inputs: VariationalPrimitives<B>) -> [FloatTensor<B>; 2] {
    let VariationalPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, kl_weight } = inputs;
    assert!(rows.is_none(), "the gradients of this backend contain all rows");
    let [to_mean, to_log_sigma] = kl_gradients::<B>(Primitive(mean), Primitive(log_sigma), kl_weight);
    [(to_mean + Primitive(mean_gradient)).0, (to_log_sigma + Primitive(log_sigma_gradient)).0]
}

/// The sum of the KL divergences, `[1]`, and the sum of squares of the total gradients, `[1]`.
pub(in crate::engine) fn kl_and_gradient_norm<B: Kernels>(inputs: VariationalPrimitives<B>) -> [FloatTensor<B>; 2] {
    let kl = kl_divergence::<B>(Primitive(inputs.mean.clone()), Primitive(inputs.log_sigma.clone()));
    let [to_mean, to_log_sigma] = total_gradients(inputs).map(|gradient| Primitive::<B>(B::square_sum(gradient)));
    [kl.0, (to_mean + to_log_sigma).0]
}

/// The Adam step of a variational parameter; returns means, their first and second moment, log sigmas, their first and
/// second moment.
pub(in crate::engine) fn adam_variational<B: Kernels>(
    inputs: VariationalPrimitives<B>,
    moments: VariationalMoments<B>,
) -> [FloatTensor<B>; 6] {
    let VariationalMoments { mean_first, mean_second, log_sigma_first, log_sigma_second, scale, step } = moments;
    let [to_mean, to_log_sigma] = total_gradients(inputs.clone());
    let VariationalPrimitives { mean, log_sigma, .. } = inputs;
    let adam = |parameter, gradient, first, second| {
        B::adam(AdamPrimitives { parameter, gradient, first, second, scale: scale.clone(), step })
    };
    let [mean, mean_first, mean_second] = adam(mean, to_mean, mean_first, mean_second);
    let [log_sigma, log_sigma_first, log_sigma_second] =
        adam(log_sigma, to_log_sigma, log_sigma_first, log_sigma_second);
    [mean, mean_first, mean_second, log_sigma, log_sigma_first, log_sigma_second]
}
