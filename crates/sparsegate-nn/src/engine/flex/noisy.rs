//! Noisy weights. The counter-based noise is regenerated in the backward pass instead of stored.

use burn::backend::Flex;
use burn::backend::tensor::{FloatTensor, IntTensor};

use super::tensor::{by_rows, contiguous, dims, ids as id_values};
use crate::engine::float::KernelFloat;
use crate::engine::noise::{NoiseKey, fill_row};
use crate::engine::simd::with_simd;

/// Samples one row: `out = mean + noise * exp(log_sigma)`.
#[inline(always)]
fn sample_row<T: KernelFloat>(out: &mut [T], means: &[T], log_sigmas: &[T], key: NoiseKey, row: usize) {
    fill_row(out, key, row as u32);
    let count = out.len();
    let (means, log_sigmas) = (&means[..count], &log_sigmas[..count]);
    for i in 0..count {
        out[i] = out[i].fma(log_sigmas[i].exponential(), means[i]);
    }
}

/// One row of the gradient with respect to log sigma: `out = gradient * noise * exp(log_sigma)`.
#[inline(always)]
fn gradient_row<T: KernelFloat>(out: &mut [T], gradient: &[T], log_sigmas: &[T], key: NoiseKey, row: usize) {
    fill_row(out, key, row as u32);
    let count = out.len();
    let (gradient, log_sigmas) = (&gradient[..count], &log_sigmas[..count]);
    for i in 0..count {
        out[i] = out[i].mul(gradient[i]).mul(log_sigmas[i].exponential());
    }
}

/// A sample of all weights.
pub(super) fn sample<T: KernelFloat>(
    mean: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    key: NoiseKey,
) -> FloatTensor<Flex> {
    let shape @ [_, columns] = dims(&mean);
    let (mean, log_sigma) = (contiguous(mean), contiguous(log_sigma));
    let (means, sigmas) = (mean.storage::<T>(), log_sigma.storage::<T>());
    by_rows(shape, |row, out| {
        let (means, sigmas) = (&means[row * columns..][..columns], &sigmas[row * columns..][..columns]);
        with_simd(
            #[inline(always)]
            || sample_row(out, means, sigmas, key, row),
        );
    })
}

/// The gradient of a sample with respect to log sigma.
pub(super) fn sample_gradient<T: KernelFloat>(
    gradient: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    key: NoiseKey,
) -> FloatTensor<Flex> {
    let shape @ [_, columns] = dims(&log_sigma);
    let (gradient, log_sigma) = (contiguous(gradient), contiguous(log_sigma));
    let (gradients, sigmas) = (gradient.storage::<T>(), log_sigma.storage::<T>());
    by_rows(shape, |row, out| {
        let (gradient, sigmas) = (&gradients[row * columns..][..columns], &sigmas[row * columns..][..columns]);
        with_simd(
            #[inline(always)]
            || gradient_row(out, gradient, sigmas, key, row),
        );
    })
}

/// The distinct ids of a batch in ascending order, each with its positions in the batch.
struct PositionsById {
    ids: Vec<usize>,
    /// The positions of `ids[i]` are `order[starts[i]..starts[i + 1]]`, in ascending order.
    starts: Vec<usize>,
    order: Vec<usize>,
}

impl PositionsById {
    fn new(read: &[usize]) -> Self {
        let mut order: Vec<usize> = (0..read.len()).collect();
        order.sort_by_key(|place| read[*place]);
        let (mut ids, mut starts) = (Vec::new(), Vec::new());
        for (at, place) in order.iter().enumerate() {
            if ids.last() != Some(&read[*place]) {
                ids.push(read[*place]);
                starts.push(at);
            }
        }
        starts.push(order.len());
        Self { ids, starts, order }
    }

    fn of(&self, index: usize) -> &[usize] {
        &self.order[self.starts[index]..self.starts[index + 1]]
    }
}

/// The rows of a sample that a batch reads; other rows are not drawn.
pub(super) fn rows_forward<T: KernelFloat>(
    mean: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    ids: IntTensor<Flex>,
    key: NoiseKey,
) -> FloatTensor<Flex> {
    let columns = dims(&mean)[1];
    let (mean, log_sigma, ids) = (contiguous(mean), contiguous(log_sigma), id_values(&ids));
    let (means, sigmas) = (mean.storage::<T>(), log_sigma.storage::<T>());
    by_rows([ids.len(), columns], |place, out| {
        let row = ids[place];
        let (means, sigmas) = (&means[row * columns..][..columns], &sigmas[row * columns..][..columns]);
        with_simd(
            #[inline(always)]
            || sample_row(out, means, sigmas, key, row),
        );
    })
}

/// Gradients with respect to mean and log sigma, only for the rows that the batch read, each once and in ascending
/// order.
pub(super) fn rows_backward<T: KernelFloat>(
    gradient: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    ids: IntTensor<Flex>,
    key: NoiseKey,
) -> (FloatTensor<Flex>, FloatTensor<Flex>) {
    let columns = dims(&log_sigma)[1];
    let (gradient, log_sigma, places) =
        (contiguous(gradient), contiguous(log_sigma), PositionsById::new(&id_values(&ids)));
    let (gradients, log_sigmas) = (gradient.storage::<T>(), log_sigma.storage::<T>());
    let shape = [places.ids.len(), columns];
    let to_mean = by_rows(shape, |index, out: &mut [T]| {
        for place in places.of(index) {
            for (sum, value) in out.iter_mut().zip(&gradients[place * columns..][..columns]) {
                *sum = sum.add(*value);
            }
        }
    });
    let to_means = to_mean.storage::<T>();
    let to_sigma = by_rows(shape, |index, out: &mut [T]| {
        let row = places.ids[index];
        let (gradient, sigmas) = (&to_means[index * columns..][..columns], &log_sigmas[row * columns..][..columns]);
        with_simd(
            #[inline(always)]
            || gradient_row(out, gradient, sigmas, key, row),
        );
    });
    (to_mean, to_sigma)
}
