//! The first pass: the sum of the KL divergences, and the sum of squares of the total gradient.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use rayon::prelude::*;

use super::SUBCHUNK;
use super::data::{DataGradient, RowIndex};
use super::weight::KlTerms;
use crate::engine::extension::VariationalPrimitives;
use crate::engine::flex::CHUNK_SIZE;
use crate::engine::flex::tensor::{contiguous, dims, scalar};
use crate::engine::float::KernelFloat;
use crate::engine::simd::with_simd;

/// Number of partial sums, which avoid a chain of dependent additions.
const LANES: usize = 16;
/// Factors that a lane multiplies before it takes the logarithm of the product, instead of summing their logarithms.
const FACTORS: usize = 8;
const BLOCK: usize = LANES * FACTORS;

/// Intermediate results for each weight of a chunk.
struct ChunkTerms<T> {
    one_plus_r2s: [T; SUBCHUNK],
    logistic_steps: [T; SUBCHUNK],
    squares: [T; SUBCHUNK],
}

impl<T: KernelFloat> ChunkTerms<T> {
    fn new() -> Self {
        let zeros = [T::default(); SUBCHUNK];
        Self { one_plus_r2s: zeros, logistic_steps: zeros, squares: zeros }
    }
}

/// Fills in the intermediate results of a chunk.
#[inline(always)]
fn compute_terms<T: KernelFloat>(
    found: &mut ChunkTerms<T>,
    means: &[T],
    log_sigmas: &[T],
    to_mean: &[T],
    to_sigma: &[T],
    kl_weight: T,
) {
    let count = means.len();
    let (log_sigmas, to_mean, to_sigma) = (&log_sigmas[..count], &to_mean[..count], &to_sigma[..count]);
    let one_plus_r2s = &mut found.one_plus_r2s[..count];
    let logistic_steps = &mut found.logistic_steps[..count];
    let squares = &mut found.squares[..count];
    for i in 0..count {
        let weight = KlTerms::new(means[i], log_sigmas[i], kl_weight);
        let (by_mean, by_sigma) = (to_mean[i].add(weight.to_mean), to_sigma[i].add(weight.to_log_sigma));
        one_plus_r2s[i] = weight.one_plus_r2;
        logistic_steps[i] = weight.logistic_step;
        squares[i] = by_mean.fma(by_mean, by_sigma.mul(by_sigma));
    }
}

/// The sum of the KL divergences and the sum of squared gradients of a chunk of `count` weights.
#[inline(always)]
fn sums<T: KernelFloat>(found: &mut ChunkTerms<T>, count: usize) -> [f64; 2] {
    let padded = count.div_ceil(BLOCK) * BLOCK;
    found.one_plus_r2s[count..padded].fill(T::from_f64(1.0));
    found.logistic_steps[count..padded].fill(T::default());
    found.squares[count..padded].fill(T::default());
    let zeros = [T::default(); LANES];
    let (mut logarithms, mut logistic_steps, mut squares) = (zeros, zeros, zeros);
    for block in found.one_plus_r2s[..padded].chunks_exact(BLOCK) {
        let mut product = [T::from_f64(1.0); LANES];
        for factors in block.chunks_exact(LANES) {
            for lane in 0..LANES {
                product[lane] = product[lane].mul(factors[lane]);
            }
        }
        for lane in 0..LANES {
            logarithms[lane] = logarithms[lane].add(product[lane].logarithm());
        }
    }
    for values in found.logistic_steps[..padded].chunks_exact(LANES) {
        for lane in 0..LANES {
            logistic_steps[lane] = logistic_steps[lane].add(values[lane]);
        }
    }
    for values in found.squares[..padded].chunks_exact(LANES) {
        for lane in 0..LANES {
            squares[lane] = squares[lane].add(values[lane]);
        }
    }
    let [logarithms, logistic_steps, squares] =
        [logarithms, logistic_steps, squares].map(|sums| sums.iter().map(|&sum| KernelFloat::to_f64(sum)).sum::<f64>());
    [0.5 * logarithms - logistic_steps, squares]
}

/// The sum of the KL divergences, `[1]`, and the sum of squares of the total gradients, `[1]`, which are those of the
/// data loss plus `kl_weight` times those of the KL divergence.
pub(in crate::engine::flex) fn kl_and_gradient_norm<T: KernelFloat>(
    inputs: VariationalPrimitives<Flex>,
) -> [FloatTensor<Flex>; 2] {
    let VariationalPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, kl_weight } = inputs;
    let places = rows.map(|rows| RowIndex::new(&rows, dims(&mean)));
    let [mean, log_sigma, to_mean, to_sigma] = [mean, log_sigma, mean_gradient, log_sigma_gradient].map(contiguous);
    let (to_mean, to_sigma) = (to_mean.storage::<T>(), to_sigma.storage::<T>());
    let [to_mean, to_sigma] = [to_mean, to_sigma].map(|values| DataGradient::new(values, places.as_ref()));
    let kl_weight = T::from_f64(kl_weight);
    let pieces: Vec<[f64; 2]> = mean
        .storage::<T>()
        .par_chunks(CHUNK_SIZE)
        .zip(log_sigma.storage::<T>().par_chunks(CHUNK_SIZE))
        .enumerate()
        .map(|(piece, (means, log_sigmas))| {
            let mut found = ChunkTerms::new();
            let mut buffers = [[T::default(); SUBCHUNK]; 2];
            let [buffer, other] = &mut buffers;
            let mut total = [0.0; 2];
            for (chunk, (means, log_sigmas)) in means.chunks(SUBCHUNK).zip(log_sigmas.chunks(SUBCHUNK)).enumerate() {
                let (first, count) = (piece * CHUNK_SIZE + chunk * SUBCHUNK, means.len());
                let (to_mean, to_sigma) = (to_mean.chunk(first, count, buffer), to_sigma.chunk(first, count, other));
                let [kl, squares] = with_simd(
                    #[inline(always)]
                    || {
                        compute_terms(&mut found, means, log_sigmas, to_mean, to_sigma, kl_weight);
                        sums(&mut found, count)
                    },
                );
                total = [total[0] + kl, total[1] + squares];
            }
            total
        })
        .collect();
    [0, 1].map(|which| scalar::<T>(pieces.iter().map(|piece| piece[which]).sum()))
}
