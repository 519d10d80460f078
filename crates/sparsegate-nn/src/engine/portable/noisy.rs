//! Noisy weights with counted noise, drawn on the host and again in the backward pass.

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

/// `mean + noise * exp(log_sigma)`.
pub(in crate::engine) fn sample<B: Backend>(mean: Values<B>, log_sigma: Values<B>, key: NoiseKey) -> Values<B> {
    noise(key, &mean) * log_sigma.exp() + mean
}

/// The gradient of a sample to log sigma: `gradient * noise * exp(log_sigma)`.
pub(in crate::engine) fn sample_gradient<B: Backend>(
    gradient: Values<B>,
    log_sigma: Values<B>,
    key: NoiseKey,
) -> Values<B> {
    noise(key, &log_sigma) * log_sigma.exp() * gradient
}

/// Rows of a sample, of which no other row is drawn; `ids` are the same on the host and on the device.
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

/// The gradient of each of the rows to its log sigma; still to be added up where an id occurs twice.
pub(in crate::engine) fn row_gradients<B: Backend>(
    gradient: Values<B>,
    log_sigma: Values<B>,
    ids: (&[u32], IntTensor<B>),
    key: NoiseKey,
) -> Values<B> {
    let noise = row_noise(key, ids.0, &log_sigma);
    noise * Values(B::float_select(log_sigma.0, 0, ids.1)).exp() * gradient
}
