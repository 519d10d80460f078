//! Noisy weights. The counter-based noise is generated on the host, and again for the backward pass.

use burn::backend::Backend;
use burn::backend::tensor::IntTensor;

use super::values::Values;
use crate::engine::noise::NoiseKey;

/// The noise of a whole matrix.
fn noise<B: Backend>(key: NoiseKey, like: &Values<B>) -> Values<B> {
    let shape @ [rows, columns] = like.dims();
    Values::upload(key.matrix(rows, columns), shape, like)
}

/// The noise of the rows `ids` of a matrix.
fn row_noise<B: Backend>(key: NoiseKey, ids: &[u32], like: &Values<B>) -> Values<B> {
    let columns = like.dims()[1];
    Values::upload(key.rows(ids, columns), [ids.len(), columns], like)
}

/// A sample: `mean + noise * exp(log_sigma)`.
pub(in crate::engine) fn sample<B: Backend>(mean: Values<B>, log_sigma: Values<B>, key: NoiseKey) -> Values<B> {
    noise(key, &mean) * log_sigma.exp() + mean
}

/// The gradient of a sample with respect to log sigma: `gradient * noise * exp(log_sigma)`.
pub(in crate::engine) fn sample_gradient<B: Backend>(
    gradient: Values<B>,
    log_sigma: Values<B>,
    key: NoiseKey,
) -> Values<B> {
    noise(key, &log_sigma) * log_sigma.exp() * gradient
}

/// Rows of a sample; other rows are not drawn. `ids` holds the same ids on the host and on the device.
pub(in crate::engine) fn rows<B: Backend>(
    mean: Values<B>,
    log_sigma: Values<B>,
    ids: (&[u32], IntTensor<B>),
    key: NoiseKey,
) -> Values<B> {
    let deviation = Values::<B>(B::float_select(log_sigma.0, 0, ids.1.clone())).exp();
    let noise = row_noise(key, ids.0, &mean);
    noise * deviation + Values(B::float_select(mean.0, 0, ids.1))
}

/// The gradient of each sampled row with respect to its log sigma; the caller adds up the rows of repeated ids.
pub(in crate::engine) fn row_gradients<B: Backend>(
    gradient: Values<B>,
    log_sigma: Values<B>,
    ids: (&[u32], IntTensor<B>),
    key: NoiseKey,
) -> Values<B> {
    let noise = row_noise(key, ids.0, &log_sigma);
    noise * Values(B::float_select(log_sigma.0, 0, ids.1)).exp() * gradient
}
