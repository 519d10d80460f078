//! Noisy weights. The counter-based noise is generated on the host, and again for the backward pass.

use burn::backend::Backend;
use burn::backend::tensor::IntTensor;

use super::values::Primitive;
use crate::engine::noise::NoiseKey;

/// The noise of a whole matrix.
fn noise<B: Backend>(key: NoiseKey, like: &Primitive<B>) -> Primitive<B> {
    let shape @ [rows, columns] = like.dims();
    Primitive::upload(key.matrix(rows, columns), shape, like)
}

/// The noise of the rows `ids` of a matrix.
fn row_noise<B: Backend>(key: NoiseKey, ids: &[u32], like: &Primitive<B>) -> Primitive<B> {
    let columns = like.dims()[1];
    Primitive::upload(key.rows(ids, columns), [ids.len(), columns], like)
}

/// A sample: `mean + noise * exp(log_sigma)`.
pub(in crate::engine) fn sample<B: Backend>(
    mean: Primitive<B>,
    log_sigma: Primitive<B>,
    key: NoiseKey,
) -> Primitive<B> {
    noise(key, &mean) * log_sigma.exp() + mean
}

/// The gradient of a sample with respect to log sigma: `gradient * noise * exp(log_sigma)`.
pub(in crate::engine) fn sample_gradient<B: Backend>(
    gradient: Primitive<B>,
    log_sigma: Primitive<B>,
    key: NoiseKey,
) -> Primitive<B> {
    noise(key, &log_sigma) * log_sigma.exp() * gradient
}

/// Rows of a sample; other rows are not drawn. `ids` holds the same ids on the host and on the device.
pub(in crate::engine) fn rows<B: Backend>(
    mean: Primitive<B>,
    log_sigma: Primitive<B>,
    ids: (&[u32], IntTensor<B>),
    key: NoiseKey,
) -> Primitive<B> {
    let deviation = Primitive::<B>(B::float_select(log_sigma.0, 0, ids.1.clone())).exp();
    let noise = row_noise(key, ids.0, &mean);
    noise * deviation + Primitive(B::float_select(mean.0, 0, ids.1))
}

/// The gradient of each sampled row with respect to its log sigma; the caller adds up the rows of repeated ids.
pub(in crate::engine) fn row_gradients<B: Backend>(
    gradient: Primitive<B>,
    log_sigma: Primitive<B>,
    ids: (&[u32], IntTensor<B>),
    key: NoiseKey,
) -> Primitive<B> {
    let noise = row_noise(key, ids.0, &log_sigma);
    noise * Primitive(B::float_select(log_sigma.0, 0, ids.1)).exp() * gradient
}
