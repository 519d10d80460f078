//! Softmax and cross entropy in one pass over the logits, which the gradient overwrites.

use burn::backend::Flex;
use burn::backend::tensor::{FloatTensor, IntTensor};
use rayon::prelude::*;

use super::tensor::{contiguous, dims, ids as id_values, matrix, scalar};
use crate::engine::real::Real;
use crate::engine::vectorized::vectorized;

const LANES: usize = 16;

/// Adds the bias to a row of logits and turns it into `exp(logit - max)`; gives the sum of those and the negative log
/// likelihood of the target.
#[inline(always)]
fn exponentials<T: Real>(row: &mut [T], bias: &[T], target: usize) -> (T, f64) {
    let bias = &bias[..row.len()];
    for (value, bias) in row.iter_mut().zip(bias) {
        *value = value.add(*bias);
    }
    let wanted = row[target];
    let mut largest = [row[0]; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder().iter().fold(row[0], |a, b| a.at_least(*b));
    for chunk in chunks {
        for lane in 0..LANES {
            largest[lane] = largest[lane].at_least(chunk[lane]);
        }
    }
    let largest = largest.iter().fold(rest, |a, b| a.at_least(*b));
    let mut sums = [T::of(0.0); LANES];
    let mut chunks = row.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            chunk[lane] = chunk[lane].sub(largest).exponential();
            sums[lane] = sums[lane].add(chunk[lane]);
        }
    }
    let mut sum = sums.iter().fold(T::of(0.0), |a, b| a.add(*b));
    for value in chunks.into_remainder() {
        *value = value.sub(largest).exponential();
        sum = sum.add(*value);
    }
    (sum, sum.wide().ln() + largest.wide() - wanted.wide())
}

/// Turns a row of logits into the gradient, times `scale`, of the negative log likelihood of `target`; gives that.
#[inline(always)]
fn gradient_row<T: Real>(row: &mut [T], bias: &[T], target: usize, scale: T) -> f64 {
    let (sum, loss) = exponentials(row, bias, target);
    let factor = scale.div(sum);
    for value in row.iter_mut() {
        *value = value.mul(factor);
    }
    row[target] = row[target].sub(scale);
    loss
}

/// Runs `row` over the rows of the logits, in place if nobody else holds them; gives the mean of its results.
fn over_rows<T: Real>(
    logits: &mut FloatTensor<Flex>,
    targets: &IntTensor<Flex>,
    row: impl Fn(&mut [T], usize) -> f64 + Sync,
) -> f64 {
    let [rows, columns] = dims(logits);
    let targets = id_values(targets);
    let losses: Vec<f64> = logits
        .storage_mut::<T>()
        .par_chunks_mut(columns)
        .zip(&targets)
        .map(|(values, &target)| row(values, target))
        .collect();
    losses.iter().sum::<f64>() / rows as f64
}

/// Mean negative log likelihood, and its gradient to the logits.
pub(super) fn cross_entropy<T: Real>(
    logits: FloatTensor<Flex>,
    bias: FloatTensor<Flex>,
    targets: IntTensor<Flex>,
) -> (FloatTensor<Flex>, FloatTensor<Flex>) {
    let (mut logits, bias) = (contiguous(logits), contiguous(bias));
    let scale = T::of(1.0 / dims(&logits)[0] as f64);
    let bias = bias.storage::<T>();
    let loss = over_rows::<T>(&mut logits, &targets, |values, target| {
        vectorized(
            #[inline(always)]
            || gradient_row(values, bias, target, scale),
        )
    });
    (scalar::<T>(loss), logits)
}

/// The mean negative log likelihood alone.
pub(super) fn mean_cross_entropy<T: Real>(
    logits: FloatTensor<Flex>,
    bias: FloatTensor<Flex>,
    targets: IntTensor<Flex>,
) -> FloatTensor<Flex> {
    let (mut logits, bias) = (contiguous(logits), contiguous(bias));
    let bias = bias.storage::<T>();
    let loss = over_rows::<T>(&mut logits, &targets, |values, target| {
        vectorized(
            #[inline(always)]
            || exponentials(values, bias, target).1,
        )
    });
    scalar::<T>(loss)
}

/// Gradients to logits and bias, times the scalar `gradient`.
pub(super) fn cross_entropy_gradient<T: Real>(
    gradient: FloatTensor<Flex>,
    mut logits_gradient: FloatTensor<Flex>,
) -> (FloatTensor<Flex>, FloatTensor<Flex>) {
    /// Columns a thread sums at a time.
    const STRIP: usize = 256;
    let scale = contiguous(gradient).storage::<T>()[0];
    let [_, columns] = dims(&logits_gradient);
    if scale != T::of(1.0) {
        logits_gradient.storage_mut::<T>().par_chunks_mut(columns).for_each(|row| {
            for value in row {
                *value = value.mul(scale);
            }
        });
    }
    let mut bias = vec![T::default(); columns];
    let values = logits_gradient.storage::<T>();
    bias.par_chunks_mut(STRIP).enumerate().for_each(|(strip, sums)| {
        let first = strip * STRIP;
        for row in values.chunks_exact(columns) {
            for (sum, value) in sums.iter_mut().zip(&row[first..]) {
                *sum = sum.add(*value);
            }
        }
    });
    (logits_gradient, matrix(bias, [1, columns]))
}
