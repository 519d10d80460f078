//! Noisy weights. The counter-based noise is regenerated in the backward pass instead of stored.
//!
//! A thread handles the four normals of one counter, which are 16 columns apart, so that neighbouring threads access
//! neighbouring columns.

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

use super::launch::{CUBE, contiguous, cubes, dims, empty};
use super::noise::{NoiseKeyArg, column, counters, normals};
use crate::engine::noise::NoiseKey;

/// A sample of all weights: `out = mean + noise * exp(log_sigma)`.
pub(super) fn sample(
    mean: FloatTensor<CubeBackend>,
    log_sigma: FloatTensor<CubeBackend>,
    key: NoiseKey,
) -> FloatTensor<CubeBackend> {
    let [rows, columns] = dims(&mean);
    let (mean, log_sigma) = (contiguous(mean), contiguous(log_sigma));
    let (client, out) = (mean.client.clone(), empty(&mean, [rows, columns]));
    sample_kernel::launch(
        &client,
        cubes(&client, rows * counters(columns)),
        CubeDim::new_1d(CUBE),
        mean.into_buffer_arg(),
        log_sigma.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        columns,
        counters(columns),
        NoiseKeyArg::argument(key),
    );
    out
}

/// The gradient of a sample with respect to log sigma: `out = gradient * noise * exp(log_sigma)`.
pub(super) fn sample_gradient(
    gradient: FloatTensor<CubeBackend>,
    log_sigma: FloatTensor<CubeBackend>,
    key: NoiseKey,
) -> FloatTensor<CubeBackend> {
    let [rows, columns] = dims(&log_sigma);
    let (gradient, log_sigma) = (contiguous(gradient), contiguous(log_sigma));
    let (client, out) = (gradient.client.clone(), empty(&gradient, [rows, columns]));
    sample_gradient_kernel::launch(
        &client,
        cubes(&client, rows * counters(columns)),
        CubeDim::new_1d(CUBE),
        gradient.into_buffer_arg(),
        log_sigma.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        columns,
        counters(columns),
        NoiseKeyArg::argument(key),
    );
    out
}

#[cube(launch)]
fn sample_kernel(mean: &[f32], log_sigma: &[f32], out: &mut [f32], columns: usize, counters: usize, key: NoiseKeyArg) {
    let row = ABSOLUTE_POS / counters;
    let counter = ABSOLUTE_POS % counters;
    if row * columns < out.len() {
        let noise = normals(&key, row, counter);
        put_sample(mean, log_sigma, out, row, row, column(counter, 0), columns, noise.first);
        put_sample(mean, log_sigma, out, row, row, column(counter, 1), columns, noise.second);
        put_sample(mean, log_sigma, out, row, row, column(counter, 2), columns, noise.third);
        put_sample(mean, log_sigma, out, row, row, column(counter, 3), columns, noise.fourth);
    }
}

/// Writes one element of row `to` of the sample from row `from` of the weights, unless `column` is out of range.
#[cube]
pub(super) fn put_sample(
    mean: &[f32],
    log_sigma: &[f32],
    out: &mut [f32],
    from: usize,
    to: usize,
    column: usize,
    columns: usize,
    noise: f32,
) {
    if column < columns {
        let source = from * columns + column;
        out[to * columns + column] = fma(noise, f32::exp(log_sigma[source]), mean[source]);
    }
}

#[cube(launch)]
fn sample_gradient_kernel(
    gradient: &[f32],
    log_sigma: &[f32],
    out: &mut [f32],
    columns: usize,
    counters: usize,
    key: NoiseKeyArg,
) {
    let row = ABSOLUTE_POS / counters;
    let counter = ABSOLUTE_POS % counters;
    if row * columns < out.len() {
        let noise = normals(&key, row, counter);
        put_gradient(gradient, log_sigma, out, row, column(counter, 0), columns, noise.first);
        put_gradient(gradient, log_sigma, out, row, column(counter, 1), columns, noise.second);
        put_gradient(gradient, log_sigma, out, row, column(counter, 2), columns, noise.third);
        put_gradient(gradient, log_sigma, out, row, column(counter, 3), columns, noise.fourth);
    }
}

#[cube]
fn put_gradient(
    gradient: &[f32],
    log_sigma: &[f32],
    out: &mut [f32],
    row: usize,
    column: usize,
    columns: usize,
    noise: f32,
) {
    if column < columns {
        let place = row * columns + column;
        out[place] = gradient[place] * noise * f32::exp(log_sigma[place]);
    }
}
