//! Noisy weights with counted noise, made again in the backward pass instead of kept.

use burn::backend::Flex;
use burn::backend::tensor::{FloatTensor, IntTensor};
use rayon::prelude::*;

use super::tensor::{contiguous, dims, ids as id_values, matrix};
use crate::engine::noise::{NoiseKey, fill_row};
use crate::engine::real::Real;
use crate::engine::vectorized::vectorized;

/// One row: `out = mean + noise * exp(log_sigma)`.
#[inline(always)]
fn sample_row<T: Real>(out: &mut [T], means: &[T], log_sigmas: &[T], key: NoiseKey, row: usize) {
    fill_row(out, key, row as u32);
    let count = out.len();
    let (means, log_sigmas) = (&means[..count], &log_sigmas[..count]);
    for i in 0..count {
        out[i] = out[i].fma(log_sigmas[i].exponential(), means[i]);
    }
}

/// One row of the gradient to log sigma: `out = gradient * noise * exp(log_sigma)`.
#[inline(always)]
fn gradient_row<T: Real>(out: &mut [T], gradient: &[T], log_sigmas: &[T], key: NoiseKey, row: usize) {
    fill_row(out, key, row as u32);
    let count = out.len();
    let (gradient, log_sigmas) = (&gradient[..count], &log_sigmas[..count]);
    for i in 0..count {
        out[i] = out[i].mul(gradient[i]).mul(log_sigmas[i].exponential());
    }
}

/// A sample of all weights.
pub(super) fn sample<T: Real>(
    mean: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    key: NoiseKey,
) -> FloatTensor<Flex> {
    let shape = dims(&mean);
    let (mean, log_sigma) = (contiguous(mean), contiguous(log_sigma));
    let mut out = vec![T::default(); shape[0] * shape[1]];
    out.par_chunks_mut(shape[1])
        .zip(mean.storage::<T>().par_chunks(shape[1]).zip(log_sigma.storage::<T>().par_chunks(shape[1])))
        .enumerate()
        .for_each(|(row, (out, (means, sigmas)))| {
            vectorized(
                #[inline(always)]
                || sample_row(out, means, sigmas, key, row),
            );
        });
    matrix(out, shape)
}

/// The gradient of a sample to log sigma.
pub(super) fn sample_gradient<T: Real>(
    gradient: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    key: NoiseKey,
) -> FloatTensor<Flex> {
    let shape = dims(&log_sigma);
    let (gradient, log_sigma) = (contiguous(gradient), contiguous(log_sigma));
    let mut out = vec![T::default(); shape[0] * shape[1]];
    out.par_chunks_mut(shape[1])
        .zip(gradient.storage::<T>().par_chunks(shape[1]).zip(log_sigma.storage::<T>().par_chunks(shape[1])))
        .enumerate()
        .for_each(|(row, (out, (gradient, sigmas)))| {
            vectorized(
                #[inline(always)]
                || gradient_row(out, gradient, sigmas, key, row),
            );
        });
    matrix(out, shape)
}

/// The places of each id in a batch, in order: `places[starts[id]..starts[id + 1]]`.
struct Places {
    starts: Vec<usize>,
    places: Vec<usize>,
}

impl Places {
    fn new(ids: &[usize], count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        for id in ids {
            starts[id + 1] += 1;
        }
        for id in 0..count {
            starts[id + 1] += starts[id];
        }
        let mut next = starts.clone();
        let mut places = vec![0; ids.len()];
        for (place, id) in ids.iter().enumerate() {
            places[next[*id]] = place;
            next[*id] += 1;
        }
        Self { starts, places }
    }

    fn of(&self, id: usize) -> &[usize] {
        &self.places[self.starts[id]..self.starts[id + 1]]
    }
}

/// The rows of a sample that a batch reads; no other row is ever drawn.
pub(super) fn rows_forward<T: Real>(
    mean: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    ids: IntTensor<Flex>,
    key: NoiseKey,
) -> FloatTensor<Flex> {
    let columns = dims(&mean)[1];
    let (mean, log_sigma, ids) = (contiguous(mean), contiguous(log_sigma), id_values(&ids));
    let (means, sigmas) = (mean.storage::<T>(), log_sigma.storage::<T>());
    let mut out = vec![T::default(); ids.len() * columns];
    out.par_chunks_mut(columns).zip(&ids).for_each(|(out, &id)| {
        let row = id * columns..(id + 1) * columns;
        let (means, sigmas) = (&means[row.clone()], &sigmas[row]);
        vectorized(
            #[inline(always)]
            || sample_row(out, means, sigmas, key, id),
        );
    });
    matrix(out, [ids.len(), columns])
}

/// Gradients of the rows to mean and log sigma; zero for rows the batch did not read.
pub(super) fn rows_backward<T: Real>(
    gradient: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    ids: IntTensor<Flex>,
    key: NoiseKey,
) -> (FloatTensor<Flex>, FloatTensor<Flex>) {
    let shape @ [rows, columns] = dims(&log_sigma);
    let (gradient, log_sigma, ids) = (contiguous(gradient), contiguous(log_sigma), id_values(&ids));
    let gradients = gradient.storage::<T>();
    let places = Places::new(&ids, rows);
    let mut mean_out = vec![T::default(); rows * columns];
    let mut sigma_out = vec![T::default(); rows * columns];
    mean_out
        .par_chunks_mut(columns)
        .zip(sigma_out.par_chunks_mut(columns))
        .zip(log_sigma.storage::<T>().par_chunks(columns))
        .enumerate()
        .for_each(|(row, ((mean_out, sigma_out), sigmas))| {
            if places.of(row).is_empty() {
                return;
            }
            for place in places.of(row) {
                for (sum, value) in mean_out.iter_mut().zip(&gradients[place * columns..(place + 1) * columns]) {
                    *sum = sum.add(*value);
                }
            }
            vectorized(
                #[inline(always)]
                || gradient_row(sigma_out, mean_out, sigmas, key, row),
            );
        });
    (matrix(mean_out, shape), matrix(sigma_out, shape))
}
