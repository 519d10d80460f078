//! Fused softmax and cross entropy; the gradient overwrites the logits.

use burn::backend::Flex;
use burn::backend::tensor::{FloatTensor, IntTensor};
use rayon::prelude::*;

use super::CHUNK_SIZE;
use super::tensor::{contiguous, dims, ids as id_values, matrix, scalar};
use crate::engine::float::KernelFloat;
use crate::engine::simd::with_simd;

const LANES: usize = 16;

/// Adds the bias to a row of logits and replaces them by `exp(logit - max)`. Returns the sum of these exponentials and
/// the negative log likelihood of the target.
#[inline(always)]
fn exponentials<T: KernelFloat>(row: &mut [T], bias: &[T], target: usize) -> (T, f64) {
    let bias = &bias[..row.len()];
    let first = row[0].add(bias[0]);
    let mut largest = [first; LANES];
    let (whole, biases) = (row.chunks_exact_mut(LANES), bias.chunks_exact(LANES));
    for (chunk, bias) in whole.zip(biases) {
        for lane in 0..LANES {
            chunk[lane] = chunk[lane].add(bias[lane]);
            largest[lane] = largest[lane].at_least(chunk[lane]);
        }
    }
    let head = row.len() / LANES * LANES;
    let mut largest = largest.iter().fold(first, |a, b| a.at_least(*b));
    for (value, bias) in row[head..].iter_mut().zip(&bias[head..]) {
        *value = value.add(*bias);
        largest = largest.at_least(*value);
    }
    let wanted = row[target];
    let mut sums = [T::from_f64(0.0); LANES];
    let mut chunks = row.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for lane in 0..LANES {
            chunk[lane] = chunk[lane].sub(largest).exponential();
            sums[lane] = sums[lane].add(chunk[lane]);
        }
    }
    let mut sum = sums.iter().fold(T::from_f64(0.0), |a, b| a.add(*b));
    for value in chunks.into_remainder() {
        *value = value.sub(largest).exponential();
        sum = sum.add(*value);
    }
    (sum, sum.to_f64().ln() + largest.to_f64() - wanted.to_f64())
}

/// Rows that are added to the column sums together: every pass over the sums loads them into the first-level cache
/// again.
const GROUP: usize = 4;

/// Replaces rows of logits, at most [`GROUP`], by the gradients of the negative log likelihoods of `targets`, times
/// `scale`, and adds them to the column sums `sums`. Returns the sum of the negative log likelihoods.
#[inline(always)]
fn gradient_rows<T: KernelFloat>(rows: &mut [T], sums: &mut [T], bias: &[T], targets: &[usize], scale: T) -> f64 {
    let columns = bias.len();
    let mut factors = [T::default(); GROUP];
    let mut total = 0.0;
    for ((row, &target), factor) in rows.chunks_exact_mut(columns).zip(targets).zip(&mut factors) {
        let (sum, loss) = exponentials(row, bias, target);
        *factor = scale.div(sum);
        total += loss;
    }
    if targets.len() == GROUP {
        let (first, rest) = rows.split_at_mut(columns);
        let (second, rest) = rest.split_at_mut(columns);
        let (third, fourth) = rest.split_at_mut(columns);
        scale_group(first, second, third, fourth, sums, factors);
    } else {
        for (row, factor) in rows.chunks_exact_mut(columns).zip(factors) {
            for (value, sum) in row.iter_mut().zip(sums.iter_mut()) {
                *value = value.mul(factor);
                *sum = sum.add(*value);
            }
        }
    }
    for (row, &target) in rows.chunks_exact_mut(columns).zip(targets) {
        row[target] = row[target].sub(scale);
        sums[target] = sums[target].sub(scale);
    }
    total
}

/// Multiplies each row by its factor and adds all rows to the column sums.
#[inline(always)]
fn scale_group<T: KernelFloat>(
    first: &mut [T],
    second: &mut [T],
    third: &mut [T],
    fourth: &mut [T],
    sums: &mut [T],
    factors: [T; GROUP],
) {
    let count = sums.len();
    let (first, second) = (&mut first[..count], &mut second[..count]);
    let (third, fourth) = (&mut third[..count], &mut fourth[..count]);
    for i in 0..count {
        first[i] = first[i].mul(factors[0]);
        second[i] = second[i].mul(factors[1]);
        third[i] = third[i].mul(factors[2]);
        fourth[i] = fourth[i].mul(factors[3]);
        sums[i] = sums[i].add(first[i].add(second[i]).add(third[i].add(fourth[i])));
    }
}

/// Mean negative log likelihood, and its gradients with respect to logits and bias. The gradient overwrites the logits
/// if their buffer is not shared.
pub(super) fn cross_entropy<T: KernelFloat>(
    logits: FloatTensor<Flex>,
    bias: FloatTensor<Flex>,
    targets: IntTensor<Flex>,
) -> [FloatTensor<Flex>; 3] {
    /// Rows per task; a task sums its rows' gradients for the bias.
    const ROWS: usize = 32;
    let (mut logits, bias, targets) = (contiguous(logits), contiguous(bias), id_values(&targets));
    let [rows, columns] = dims(&logits);
    let scale = T::from_f64(1.0 / rows as f64);
    let bias = bias.storage::<T>();
    let blocks: Vec<(f64, Vec<T>)> = logits
        .storage_mut::<T>()
        .par_chunks_mut(ROWS * columns)
        .zip(targets.par_chunks(ROWS))
        .map(|(block, targets)| {
            let mut sums = vec![T::default(); columns];
            let losses = block.chunks_mut(GROUP * columns).zip(targets.chunks(GROUP)).map(|(rows, targets)| {
                with_simd(
                    #[inline(always)]
                    || gradient_rows(rows, &mut sums, bias, targets, scale),
                )
            });
            (losses.sum(), sums)
        })
        .collect();
    let mut to_bias = vec![T::default(); columns];
    for (_, sums) in &blocks {
        for (sum, value) in to_bias.iter_mut().zip(sums) {
            *sum = sum.add(*value);
        }
    }
    let loss: f64 = blocks.iter().map(|(loss, _)| loss).sum();
    [scalar::<T>(loss / rows as f64), logits, matrix(to_bias, [1, columns])]
}

/// Mean negative log likelihood without gradients.
pub(super) fn mean_cross_entropy<T: KernelFloat>(
    logits: FloatTensor<Flex>,
    bias: FloatTensor<Flex>,
    targets: IntTensor<Flex>,
) -> FloatTensor<Flex> {
    let (mut logits, bias, targets) = (contiguous(logits), contiguous(bias), id_values(&targets));
    let [rows, columns] = dims(&logits);
    let bias = bias.storage::<T>();
    let losses: Vec<f64> = logits
        .storage_mut::<T>()
        .par_chunks_mut(columns)
        .zip(&targets)
        .map(|(row, &target)| {
            with_simd(
                #[inline(always)]
                || exponentials(row, bias, target).1,
            )
        })
        .collect();
    scalar::<T>(losses.iter().sum::<f64>() / rows as f64)
}

/// Multiplies the gradients by the scalar `gradient` of the loss, in place if their buffers are not shared.
pub(super) fn cross_entropy_gradient<T: KernelFloat>(
    gradient: FloatTensor<Flex>,
    gradients: [FloatTensor<Flex>; 2],
) -> [FloatTensor<Flex>; 2] {
    let scale = contiguous(gradient).storage::<T>()[0];
    // The usual case: the loss itself is differentiated.
    if scale == T::from_f64(1.0) {
        return gradients;
    }
    gradients.map(|mut gradient| {
        gradient.storage_mut::<T>().par_chunks_mut(CHUNK_SIZE).for_each(|piece| {
            for value in piece {
                *value = value.mul(scale);
            }
        });
        gradient
    })
}
