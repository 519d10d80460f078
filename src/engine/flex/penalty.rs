//! The penalty of the log-uniform prior: value and gradient, apart and in one pass.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use rayon::prelude::*;

use super::PIECE;
use super::tensor::{contiguous, dims, matrix, scalar};
use crate::engine::extension::PenaltyPrimitives;
use crate::engine::real::Real;
use crate::engine::vectorized::vectorized;

/// Penalty of one weight and its derivative with respect to log alpha, zero where the clamp acts.
#[inline(always)]
fn penalty<T: Real>(mean: T, log_sigma: T) -> (T, T) {
    let unclamped = T::of(2.0).mul(log_sigma).sub(mean.mul(mean).logarithm());
    // In this order NaN passes both limits.
    let log_alpha = T::of(8.0).at_most(T::of(-8.0).at_least(unclamped));
    let decay = T::of(0.0).sub(log_alpha).exponential();
    let one = T::of(1.0);
    let logistic = T::of(1.5).mul(log_alpha.add(T::of(1.3))).logistic();
    let value = T::of(0.5).mul(one.add(decay).logarithm()).sub(T::of(0.03)).sub(T::of(0.64).mul(logistic));
    let slope = T::of(-0.5).mul(decay.div(one.add(decay))).sub(T::of(0.96).mul(logistic).mul(one.sub(logistic)));
    let inside = unclamped > T::of(-8.0) && unclamped < T::of(8.0);
    (value, if inside { slope } else { T::of(0.0) })
}

/// Partial sums, so that a loop has no chain of dependent additions.
const LANES: usize = 16;

/// Sum of the penalties of a piece.
#[inline(always)]
fn piece_total<T: Real>(means: &[T], log_sigmas: &[T]) -> f64 {
    let mut sums = [T::of(0.0); LANES];
    let (head, tail) = means.split_at(means.len() / LANES * LANES);
    let (head_sigma, tail_sigma) = log_sigmas.split_at(head.len());
    for (means, log_sigmas) in head.chunks_exact(LANES).zip(head_sigma.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] = sums[lane].add(penalty(means[lane], log_sigmas[lane]).0);
        }
    }
    let rest: f64 = tail.iter().zip(tail_sigma).map(|(mean, sigma)| penalty(*mean, *sigma).0.wide()).sum();
    sums.iter().map(|sum| sum.wide()).sum::<f64>() + rest
}

/// `-2 slope / mean`, the derivative by the mean of a weight whose derivative by log alpha is `slope`. Where the mean is so
/// small that this would overflow, the slope is zero.
#[inline(always)]
fn by_mean<T: Real>(slope: T, mean: T) -> T {
    T::of(-2.0).mul(slope).mul(mean).div(mean.mul(mean).at_least(T::of(1e-30)))
}

#[inline(always)]
fn piece_gradients<T: Real>(mean_out: &mut [T], sigma_out: &mut [T], means: &[T], log_sigmas: &[T], scale: T) {
    let count = mean_out.len();
    let (sigma_out, means, log_sigmas) = (&mut sigma_out[..count], &means[..count], &log_sigmas[..count]);
    for i in 0..count {
        let slope = penalty(means[i], log_sigmas[i]).1.mul(scale);
        mean_out[i] = by_mean(slope, means[i]);
        sigma_out[i] = T::of(2.0).mul(slope);
    }
}

/// Sum of penalties, `[1]`.
pub(super) fn total<T: Real>(mean: FloatTensor<Flex>, log_sigma: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let (mean, log_sigma) = (contiguous(mean), contiguous(log_sigma));
    let pieces: Vec<f64> = mean
        .storage::<T>()
        .par_chunks(PIECE)
        .zip(log_sigma.storage::<T>().par_chunks(PIECE))
        .map(|(means, sigmas)| {
            vectorized(
                #[inline(always)]
                || piece_total(means, sigmas),
            )
        })
        .collect();
    scalar::<T>(pieces.iter().sum())
}

/// Gradients to mean and log sigma, times the scalar `gradient`.
pub(super) fn gradients<T: Real>(
    mean: FloatTensor<Flex>,
    log_sigma: FloatTensor<Flex>,
    gradient: FloatTensor<Flex>,
) -> (FloatTensor<Flex>, FloatTensor<Flex>) {
    let shape = dims(&mean);
    let (mean, log_sigma) = (contiguous(mean), contiguous(log_sigma));
    let scale = contiguous(gradient).storage::<T>()[0];
    let count = shape[0] * shape[1];
    let (mut mean_out, mut sigma_out) = (vec![T::default(); count], vec![T::default(); count]);
    mean_out
        .par_chunks_mut(PIECE)
        .zip(sigma_out.par_chunks_mut(PIECE))
        .zip(mean.storage::<T>().par_chunks(PIECE).zip(log_sigma.storage::<T>().par_chunks(PIECE)))
        .for_each(|((mean_out, sigma_out), (means, sigmas))| {
            vectorized(
                #[inline(always)]
                || piece_gradients(mean_out, sigma_out, means, sigmas, scale),
            );
        });
    (matrix(mean_out, shape), matrix(sigma_out, shape))
}

/// Adds the penalty's gradients to those in `to_mean` and `to_sigma`; gives the sum of penalties and the sum of squares.
#[inline(always)]
fn piece_penalized<T: Real>(
    to_mean: &mut [T],
    to_sigma: &mut [T],
    means: &[T],
    log_sigmas: &[T],
    share: T,
) -> [f64; 2] {
    let (mut values, mut squares) = ([T::of(0.0); LANES], [T::of(0.0); LANES]);
    let whole = to_mean.len() / LANES * LANES;
    let (mean_head, mean_tail) = to_mean.split_at_mut(whole);
    let (sigma_head, sigma_tail) = to_sigma.split_at_mut(whole);
    let gradients = mean_head.chunks_exact_mut(LANES).zip(sigma_head.chunks_exact_mut(LANES));
    let parameters = means.chunks_exact(LANES).zip(log_sigmas.chunks_exact(LANES));
    for ((to_mean, to_sigma), (means, log_sigmas)) in gradients.zip(parameters) {
        add_penalties(to_mean, to_sigma, means, log_sigmas, share, &mut values, &mut squares);
    }
    let (means, log_sigmas) = (&means[whole..], &log_sigmas[whole..]);
    add_penalties(mean_tail, sigma_tail, means, log_sigmas, share, &mut values, &mut squares);
    [values, squares].map(|sums| sums.iter().map(|sum| sum.wide()).sum())
}

/// The same for at most as many weights as there are lanes, each with sums of its own.
#[inline(always)]
fn add_penalties<T: Real>(
    to_mean: &mut [T],
    to_sigma: &mut [T],
    means: &[T],
    log_sigmas: &[T],
    share: T,
    values: &mut [T; LANES],
    squares: &mut [T; LANES],
) {
    let count = to_mean.len().min(LANES);
    let (to_sigma, means, log_sigmas) = (&mut to_sigma[..count], &means[..count], &log_sigmas[..count]);
    for lane in 0..count {
        let (value, slope) = penalty(means[lane], log_sigmas[lane]);
        let slope = slope.mul(share);
        to_mean[lane] = to_mean[lane].add(by_mean(slope, means[lane]));
        to_sigma[lane] = to_sigma[lane].add(T::of(2.0).mul(slope));
        values[lane] = values[lane].add(value);
        squares[lane] = to_mean[lane].fma(to_mean[lane], to_sigma[lane].fma(to_sigma[lane], squares[lane]));
    }
}

/// The gradients with those of the penalty added in place where nobody else holds them, the sum of penalties, `[1]`, and
/// the gradients' sum of squares, `[1]`.
pub(super) fn penalize<T: Real>(inputs: PenaltyPrimitives<Flex>) -> [FloatTensor<Flex>; 4] {
    let PenaltyPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, share } = inputs;
    let (mean, log_sigma) = (contiguous(mean), contiguous(log_sigma));
    let (mut to_mean, mut to_sigma) = (contiguous(mean_gradient), contiguous(log_sigma_gradient));
    let share = T::of(share);
    let pieces: Vec<[f64; 2]> = to_mean
        .storage_mut::<T>()
        .par_chunks_mut(PIECE)
        .zip(to_sigma.storage_mut::<T>().par_chunks_mut(PIECE))
        .zip(mean.storage::<T>().par_chunks(PIECE).zip(log_sigma.storage::<T>().par_chunks(PIECE)))
        .map(|((to_mean, to_sigma), (means, sigmas))| {
            vectorized(
                #[inline(always)]
                || piece_penalized(to_mean, to_sigma, means, sigmas, share),
            )
        })
        .collect();
    let [penalty, squares] = [0, 1].map(|which| scalar::<T>(pieces.iter().map(|piece| piece[which]).sum()));
    [to_mean, to_sigma, penalty, squares]
}
