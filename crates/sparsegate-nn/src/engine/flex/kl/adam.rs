//! The second pass: the Adam step of the means and log sigmas of a variational parameter.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use rayon::prelude::*;

use super::SUBCHUNK;
use super::data::{DataGradient, RowIndex};
use super::weight::KlTerms;
use crate::engine::extension::{VariationalMoments, VariationalPrimitives};
use crate::engine::flex::CHUNK_SIZE;
use crate::engine::flex::adam::AdamConstants;
use crate::engine::flex::tensor::{contiguous, dims};
use crate::engine::float::KernelFloat;
use crate::engine::simd::with_simd;

/// The means or the log sigmas, with their Adam moments.
struct ParameterSlices<'a, T> {
    values: &'a mut [T],
    first: &'a mut [T],
    second: &'a mut [T],
}

impl<'a, T: KernelFloat> ParameterSlices<'a, T> {
    fn pieces(of: [&'a mut FloatTensor<Flex>; 3]) -> impl IndexedParallelIterator<Item = Self> {
        let [values, first, second] = of.map(|tensor| tensor.storage_mut::<T>().par_chunks_mut(CHUNK_SIZE));
        values.zip(first.zip(second)).map(|(values, (first, second))| ParameterSlices { values, first, second })
    }

    fn chunks(self, size: usize) -> impl Iterator<Item = ParameterSlices<'a, T>> {
        let moments = self.first.chunks_mut(size).zip(self.second.chunks_mut(size));
        self.values.chunks_mut(size).zip(moments).map(|(values, (first, second))| ParameterSlices {
            values,
            first,
            second,
        })
    }
}

/// The Adam step of a chunk of weights.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the compiler knows only of argument slices that they do not overlap")]
fn step_chunk<T: KernelFloat>(
    means: &mut [T],
    mean_first: &mut [T],
    mean_second: &mut [T],
    sigmas: &mut [T],
    sigma_first: &mut [T],
    sigma_second: &mut [T],
    to_mean: &[T],
    to_sigma: &[T],
    kl_weight: T,
    constants: AdamConstants<T>,
) {
    let count = means.len();
    let (mean_first, mean_second) = (&mut mean_first[..count], &mut mean_second[..count]);
    let (sigmas, sigma_first, sigma_second) =
        (&mut sigmas[..count], &mut sigma_first[..count], &mut sigma_second[..count]);
    let (to_mean, to_sigma) = (&to_mean[..count], &to_sigma[..count]);
    for i in 0..count {
        let weight = KlTerms::new(means[i], sigmas[i], kl_weight);
        let (by_mean, by_sigma) = (to_mean[i].add(weight.to_mean), to_sigma[i].add(weight.to_log_sigma));
        constants.step(&mut means[i], by_mean, &mut mean_first[i], &mut mean_second[i]);
        constants.step(&mut sigmas[i], by_sigma, &mut sigma_first[i], &mut sigma_second[i]);
    }
}

/// The Adam step of a variational parameter; returns means, their first and second moment, log sigmas, their first and
/// second moment, updated in place if their buffers are not shared.
pub(in crate::engine::flex) fn adam_variational<T: KernelFloat>(
    inputs: VariationalPrimitives<Flex>,
    moments: VariationalMoments<Flex>,
) -> [FloatTensor<Flex>; 6] {
    let VariationalPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, kl_weight } = inputs;
    let VariationalMoments { mean_first, mean_second, log_sigma_first, log_sigma_second, scale, step } = moments;
    let places = rows.map(|rows| RowIndex::new(&rows, dims(&mean)));
    let [to_mean, to_sigma] = [mean_gradient, log_sigma_gradient].map(contiguous);
    let [to_mean, to_sigma] =
        [&to_mean, &to_sigma].map(|tensor| DataGradient::new(tensor.storage::<T>(), places.as_ref()));
    let (kl_weight, constants) = (T::from_f64(kl_weight), AdamConstants::new(step, scale));
    let mut moved = [mean, mean_first, mean_second, log_sigma, log_sigma_first, log_sigma_second].map(contiguous);
    let [mean, mean_first, mean_second, sigma, sigma_first, sigma_second] = &mut moved;
    ParameterSlices::pieces([mean, mean_first, mean_second])
        .zip(ParameterSlices::pieces([sigma, sigma_first, sigma_second]))
        .enumerate()
        .for_each(|(piece, (means, sigmas))| {
            let mut buffers = [[T::default(); SUBCHUNK]; 2];
            let [buffer, other] = &mut buffers;
            for (chunk, (means, sigmas)) in means.chunks(SUBCHUNK).zip(sigmas.chunks(SUBCHUNK)).enumerate() {
                let (first, count) = (piece * CHUNK_SIZE + chunk * SUBCHUNK, means.values.len());
                let (to_mean, to_sigma) = (to_mean.chunk(first, count, buffer), to_sigma.chunk(first, count, other));
                let ParameterSlices { values: mean, first: mean_first, second: mean_second } = means;
                let ParameterSlices { values: sigma, first: sigma_first, second: sigma_second } = sigmas;
                with_simd(
                    #[inline(always)]
                    || {
                        step_chunk(
                            mean,
                            mean_first,
                            mean_second,
                            sigma,
                            sigma_first,
                            sigma_second,
                            to_mean,
                            to_sigma,
                            kl_weight,
                            constants,
                        );
                    },
                );
            }
        });
    moved
}
