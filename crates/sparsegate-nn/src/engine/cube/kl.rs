//! The KL divergence from the log-uniform prior, computed in the two passes of a step over all parameters.
//!
//! The first pass sums it and the squares of the total gradient, the second is the Adam step. Both recompute the
//! gradient of the KL divergence, so it is never written to memory.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

use super::adam::{AdamConstants, constants, move_one};
use super::launch::{CUBE, contiguous, count, cubes, empty, owned};
use super::sum::{cube_sum, parts, sum_partials};
use crate::engine::extension::{VariationalMoments, VariationalPrimitives};
use crate::variational::kl;

/// The sum of the KL divergences, `[1]`, and the sum of squares of the total gradients, `[1]`.
pub(super) fn kl_and_gradient_norm(inputs: VariationalPrimitives<CubeBackend>) -> [FloatTensor<CubeBackend>; 2] {
    let VariationalPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, kl_weight } = inputs;
    assert!(rows.is_none(), "the gradients of this backend contain all rows");
    let mean = contiguous(mean);
    let parts = parts(count(&mean));
    let client = mean.client.clone();
    let [terms, squares] = [0; 2].map(|_| empty(&mean, [parts as usize]));
    sums_kernel::launch(
        &client,
        CubeCount::Static(parts, 1, 1),
        CubeDim::new_1d(CUBE),
        mean.into_buffer_arg(),
        contiguous(log_sigma).into_buffer_arg(),
        contiguous(mean_gradient).into_buffer_arg(),
        contiguous(log_sigma_gradient).into_buffer_arg(),
        terms.clone().into_buffer_arg(),
        squares.clone().into_buffer_arg(),
        kl_weight as f32,
    );
    [terms, squares].map(|partials| sum_partials(partials, 1.0))
}

/// The Adam step of a variational parameter; returns means, their first and second moment, log sigmas, their first and
/// second moment, updated in place if their buffers are not shared.
pub(super) fn adam_variational(
    inputs: VariationalPrimitives<CubeBackend>,
    moments: VariationalMoments<CubeBackend>,
) -> [FloatTensor<CubeBackend>; 6] {
    let VariationalPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, kl_weight } = inputs;
    assert!(rows.is_none(), "the gradients of this backend contain all rows");
    let VariationalMoments { mean_first, mean_second, log_sigma_first, log_sigma_second, scale, step } = moments;
    let moved = [mean, mean_first, mean_second, log_sigma, log_sigma_first, log_sigma_second].map(owned);
    let [mean, mean_first, mean_second, log_sigma, log_sigma_first, log_sigma_second] = moved.clone();
    let client = mean.client.clone();
    adam_kernel::launch(
        &client,
        cubes(&client, count(&mean)),
        CubeDim::new_1d(CUBE),
        mean.into_buffer_arg(),
        mean_first.into_buffer_arg(),
        mean_second.into_buffer_arg(),
        log_sigma.into_buffer_arg(),
        log_sigma_first.into_buffer_arg(),
        log_sigma_second.into_buffer_arg(),
        contiguous(mean_gradient).into_buffer_arg(),
        contiguous(log_sigma_gradient).into_buffer_arg(),
        contiguous(scale).into_buffer_arg(),
        kl_weight as f32,
        constants(step),
    );
    moved
}

// The functions below repeat these constants as literals of single precision.
const _: () = assert!(
    kl::LOG_ALPHA_CLAMP.to_bits() == 8.0_f64.to_bits()
        && kl::OFFSET.to_bits() == 0.03_f64.to_bits()
        && kl::STEP_HEIGHT.to_bits() == 0.64_f64.to_bits()
        && kl::STEP_STEEPNESS.to_bits() == 1.5_f64.to_bits()
        && kl::STEP_SHIFT.to_bits() == 1.3_f64.to_bits()
        && kl::STEP_SLOPE.to_bits() == 0.96_f64.to_bits()
);

/// Log alpha before the clamp; the lower bound keeps it finite for a mean of exactly zero.
#[cube]
fn log_alpha_of(mean: f32, log_sigma: f32) -> f32 {
    2.0f32 * log_sigma - f32::ln(max(mean * mean, f32::MIN_POSITIVE))
}

/// Clamps log alpha to [-8, 8]. With comparisons NaN stays NaN, so that it reaches the loss and is detected.
#[cube]
fn clamped(log_alpha: f32) -> f32 {
    let above = select(log_alpha < -8.0f32, -8.0f32, log_alpha);
    select(above > 8.0f32, 8.0f32, above)
}

/// The logistic step of the KL approximation, `1 / (1 + exp(-1.5 (log_alpha + 1.3)))`.
#[cube]
fn logistic_step(log_alpha: f32) -> f32 {
    1.0f32 / (1.0f32 + f32::exp(-1.5f32 * (log_alpha + 1.3f32)))
}

/// Derivative of the KL divergence with respect to the unclamped log alpha; zero where the clamp acts.
#[cube]
fn slope(free: f32) -> f32 {
    let log_alpha = clamped(free);
    let decay = f32::exp(-log_alpha);
    let step = logistic_step(log_alpha);
    let slope = -0.5f32 * decay / (1.0f32 + decay) - 0.96f32 * step * (1.0f32 - step);
    let inside = free > -8.0f32 && free < 8.0f32;
    select(inside, slope, 0.0f32)
}

/// Derivative of log alpha with respect to the mean, -2 / mean. The lower bound avoids an overflow for tiny means,
/// where [`slope`] is zero (unless log sigma is below -30).
#[cube]
fn log_alpha_by_mean(mean: f32) -> f32 {
    -2.0f32 * mean / max(mean * mean, 1e-30f32)
}

#[cube(launch)]
fn sums_kernel(
    mean: &[f32],
    log_sigma: &[f32],
    mean_gradient: &[f32],
    log_sigma_gradient: &[f32],
    terms: &mut [f32],
    squares: &mut [f32],
    kl_weight: f32,
) {
    let mut kl = 0.0f32;
    let mut square = 0.0f32;
    let mut i = ABSOLUTE_POS;
    while i < mean.len() {
        let free = log_alpha_of(mean[i], log_sigma[i]);
        let log_alpha = clamped(free);
        let softplus = 0.5f32 * f32::ln(1.0f32 + f32::exp(-log_alpha));
        kl += softplus - 0.03f32 - 0.64f32 * logistic_step(log_alpha);
        let slope = slope(free) * kl_weight;
        let to_mean = mean_gradient[i] + slope * log_alpha_by_mean(mean[i]);
        let to_log_sigma = log_sigma_gradient[i] + 2.0f32 * slope;
        square += to_mean * to_mean + to_log_sigma * to_log_sigma;
        i += CUBE as usize * CUBE_COUNT;
    }
    let kl = cube_sum(kl);
    let square = cube_sum(square);
    if UNIT_POS == 0 {
        terms[CUBE_POS] = kl;
        squares[CUBE_POS] = square;
    }
}

#[cube(launch)]
fn adam_kernel(
    mean: &mut [f32],
    mean_first: &mut [f32],
    mean_second: &mut [f32],
    log_sigma: &mut [f32],
    log_sigma_first: &mut [f32],
    log_sigma_second: &mut [f32],
    mean_gradient: &[f32],
    log_sigma_gradient: &[f32],
    scale: &[f32],
    kl_weight: f32,
    constants: AdamConstants,
) {
    let i = ABSOLUTE_POS;
    if i < mean.len() {
        let slope = slope(log_alpha_of(mean[i], log_sigma[i])) * kl_weight;
        let to_mean = mean_gradient[i] + slope * log_alpha_by_mean(mean[i]);
        let to_log_sigma = log_sigma_gradient[i] + 2.0f32 * slope;
        move_one(mean, mean_first, mean_second, i, to_mean * scale[0], &constants);
        move_one(log_sigma, log_sigma_first, log_sigma_second, i, to_log_sigma * scale[0], &constants);
    }
}
