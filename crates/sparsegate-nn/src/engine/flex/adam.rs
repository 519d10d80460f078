//! In-place Adam in Lasagne's form, and the sum of squares for the global gradient norm.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use rayon::prelude::*;

use super::CHUNK_SIZE;
use super::tensor::{contiguous, scalar};
use crate::engine::extension::AdamPrimitives;
use crate::engine::float::KernelFloat;
use crate::engine::ops::AdamStep;
use crate::engine::simd::with_simd;

/// The constants of an Adam step in the kernel's number type.
#[derive(Clone, Copy)]
pub(super) struct AdamConstants<T> {
    rate: T,
    beta1: T,
    beta2: T,
    rest1: T,
    rest2: T,
    epsilon: T,
    scale: T,
}

impl<T: KernelFloat> AdamConstants<T> {
    /// From a step and `scale` (`[1]`), the factor that gradients are multiplied by.
    pub(super) fn new(step: AdamStep, scale: FloatTensor<Flex>) -> Self {
        Self {
            rate: T::from_f64(step.rate),
            beta1: T::from_f64(step.beta1),
            beta2: T::from_f64(step.beta2),
            rest1: T::from_f64(1.0 - step.beta1),
            rest2: T::from_f64(1.0 - step.beta2),
            epsilon: T::from_f64(step.epsilon),
            scale: contiguous(scale).storage::<T>()[0],
        }
    }

    /// Updates one parameter and its moments.
    #[inline(always)]
    pub(super) fn step(&self, parameter: &mut T, gradient: T, first: &mut T, second: &mut T) {
        let g = gradient.mul(self.scale);
        *first = self.beta1.fma(*first, self.rest1.mul(g));
        *second = self.beta2.fma(*second, self.rest2.mul(g).mul(g));
        *parameter = parameter.sub(self.rate.mul(*first).div(second.root().add(self.epsilon)));
    }
}

#[inline(always)]
fn update<T: KernelFloat>(
    parameter: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    constants: AdamConstants<T>,
) {
    let count = parameter.len();
    let (gradient, first, second) = (&gradient[..count], &mut first[..count], &mut second[..count]);
    for i in 0..count {
        constants.step(&mut parameter[i], gradient[i], &mut first[i], &mut second[i]);
    }
}

/// One Adam step; returns the parameter, its first and second moment, updated in place if their buffers are not shared.
pub(super) fn adam<T: KernelFloat>(inputs: AdamPrimitives<Flex>) -> [FloatTensor<Flex>; 3] {
    let AdamPrimitives { parameter, gradient, first, second, scale, step } = inputs;
    let constants = AdamConstants::new(step, scale);
    let gradient = contiguous(gradient);
    let (mut parameter, mut first, mut second) = (contiguous(parameter), contiguous(first), contiguous(second));
    parameter
        .storage_mut::<T>()
        .par_chunks_mut(CHUNK_SIZE)
        .zip(gradient.storage::<T>().par_chunks(CHUNK_SIZE))
        .zip(
            first
                .storage_mut::<T>()
                .par_chunks_mut(CHUNK_SIZE)
                .zip(second.storage_mut::<T>().par_chunks_mut(CHUNK_SIZE)),
        )
        .for_each(|((parameter, gradient), (first, second))| {
            with_simd(
                #[inline(always)]
                || update(parameter, gradient, first, second, constants),
            );
        });
    [parameter, first, second]
}

#[inline(always)]
fn piece_square_sum<T: KernelFloat>(values: &[T]) -> f64 {
    const LANES: usize = 16;
    let mut sums = [T::from_f64(0.0); LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().map(|value| value.to_f64() * value.to_f64()).sum();
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] = chunk[lane].fma(chunk[lane], sums[lane]);
        }
    }
    sums.iter().map(|&sum| KernelFloat::to_f64(sum)).sum::<f64>() + rest
}

/// Sum of squares, `[1]`.
pub(super) fn square_sum<T: KernelFloat>(values: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let values = contiguous(values);
    let pieces: Vec<f64> = values
        .storage::<T>()
        .par_chunks(CHUNK_SIZE)
        .map(|piece| {
            with_simd(
                #[inline(always)]
                || piece_square_sum(piece),
            )
        })
        .collect();
    scalar::<T>(pieces.iter().sum())
}
