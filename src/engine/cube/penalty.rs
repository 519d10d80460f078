//! The penalty of the log-uniform prior, value and gradient, one pass each.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

use super::launch::{CUBE, contiguous, count, cubes, dims, empty};
use super::sum::{cube_sum, finish, parts};

/// Sum of penalties, `[1]`.
pub(super) fn total(mean: FloatTensor<CubeBackend>, log_sigma: FloatTensor<CubeBackend>) -> FloatTensor<CubeBackend> {
    let (mean, log_sigma) = (contiguous(mean), contiguous(log_sigma));
    let parts = parts(count(&mean));
    let (client, partials) = (mean.client.clone(), empty(&mean, [parts as usize]));
    total_kernel::launch(
        &client,
        CubeCount::Static(parts, 1, 1),
        CubeDim::new_1d(CUBE),
        mean.into_buffer_arg(),
        log_sigma.into_buffer_arg(),
        partials.clone().into_buffer_arg(),
    );
    finish(partials, 1.0)
}

/// Gradients to mean and log sigma, times the scalar `gradient`.
pub(super) fn gradients(
    mean: FloatTensor<CubeBackend>,
    log_sigma: FloatTensor<CubeBackend>,
    gradient: FloatTensor<CubeBackend>,
) -> (FloatTensor<CubeBackend>, FloatTensor<CubeBackend>) {
    let shape = dims(&mean);
    let (mean, log_sigma, gradient) = (contiguous(mean), contiguous(log_sigma), contiguous(gradient));
    let client = mean.client.clone();
    let (mean_out, sigma_out) = (empty(&mean, shape), empty(&mean, shape));
    gradients_kernel::launch(
        &client,
        cubes(&client, shape[0] * shape[1]),
        CubeDim::new_1d(CUBE),
        mean.into_buffer_arg(),
        log_sigma.into_buffer_arg(),
        gradient.into_buffer_arg(),
        mean_out.clone().into_buffer_arg(),
        sigma_out.clone().into_buffer_arg(),
    );
    (mean_out, sigma_out)
}

/// Log alpha before the clamp; the floor keeps a mean of exactly zero from infinity.
#[cube]
fn unclamped(mean: f32, log_sigma: f32) -> f32 {
    2.0f32 * log_sigma - f32::ln(max(mean * mean, f32::MIN_POSITIVE))
}

/// Within [-8, 8], by comparisons, which NaN passes: a number gone wrong must reach the loss.
#[cube]
fn clamped(log_alpha: f32) -> f32 {
    let above = select(log_alpha < -8.0f32, -8.0f32, log_alpha);
    select(above > 8.0f32, 8.0f32, above)
}

#[cube]
fn step(log_alpha: f32) -> f32 {
    1.0f32 / (1.0f32 + f32::exp(-1.5f32 * (log_alpha + 1.3f32)))
}

#[cube(launch)]
fn total_kernel(mean: &[f32], log_sigma: &[f32], partials: &mut [f32]) {
    let mut sum = 0.0f32;
    let mut i = ABSOLUTE_POS;
    while i < mean.len() {
        let log_alpha = clamped(unclamped(mean[i], log_sigma[i]));
        let softplus = 0.5f32 * f32::ln(1.0f32 + f32::exp(-log_alpha));
        sum += softplus - 0.03f32 - 0.64f32 * step(log_alpha);
        i += CUBE as usize * CUBE_COUNT;
    }
    let total = cube_sum(sum);
    if UNIT_POS == 0 {
        partials[CUBE_POS] = total;
    }
}

#[cube(launch)]
fn gradients_kernel(mean: &[f32], log_sigma: &[f32], gradient: &[f32], mean_out: &mut [f32], sigma_out: &mut [f32]) {
    let i = ABSOLUTE_POS;
    if i < mean.len() {
        let m = mean[i];
        let free = unclamped(m, log_sigma[i]);
        let log_alpha = clamped(free);
        let decay = f32::exp(-log_alpha);
        let step = step(log_alpha);
        let slope = -0.5f32 * decay / (1.0f32 + decay) - 0.96f32 * step * (1.0f32 - step);
        let inside = free > -8.0f32 && free < 8.0f32;
        let slope = select(inside, slope, 0.0f32) * gradient[0];
        // d log_alpha / d mean = -2 / mean; where the mean is so small that this would overflow, the slope is zero.
        mean_out[i] = -2.0f32 * slope * m / max(m * m, 1e-30f32);
        sigma_out[i] = 2.0f32 * slope;
    }
}
