//! Fused kernels for `CubeCL`, the compiler behind Burn's GPU backends; used here through `wgpu`.
//!
//! `CubeCL` calls a GPU thread a *unit* and a thread block a *cube*. Tensors are `f32`. Elementwise kernels have one
//! thread per element, noise kernels one per four elements; sums over a tensor are tree reductions in two launches.
//! Neighbouring threads access neighbouring columns. Nothing here waits for the device, and the order of every sum is
//! fixed, whatever the order in which the device runs the threads.

mod adam;
mod cells;
mod cross_entropy;
mod device;
mod kl;
mod launch;
mod noise;
mod noisy;
mod recurrence;
mod rows;
mod sum;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_cubecl::CubeBackend;

use super::extension::{
    AdamPrimitives, Kernels, RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved, VariationalMoments,
    VariationalPrimitives,
};
use super::noise::NoiseKey;

pub(super) use device::{devices, open};

impl Kernels for CubeBackend {
    fn recurrence_forward(inputs: RecurrencePrimitives<Self>) -> RecurrenceSaved<Self> {
        recurrence::forward(inputs)
    }

    fn recurrence_backward(gradient: FloatTensor<Self>, saved: RecurrenceSaved<Self>) -> RecurrenceGradients<Self> {
        recurrence::backward(gradient, saved)
    }

    fn noisy_forward(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self> {
        noisy::sample(mean, log_sigma, key)
    }

    fn noisy_backward(gradient: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self> {
        noisy::sample_gradient(gradient, log_sigma, key)
    }

    fn noisy_rows_forward(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> FloatTensor<Self> {
        rows::rows_forward(mean, log_sigma, ids, key)
    }

    fn noisy_rows_backward(
        gradient: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        rows::rows_backward(gradient, log_sigma, ids, key)
    }

    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> [FloatTensor<Self>; 3] {
        cross_entropy::cross_entropy(logits, bias, targets)
    }

    fn cross_entropy_value(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        cross_entropy::mean_cross_entropy(logits, bias, targets)
    }

    fn cross_entropy_backward(
        gradient: FloatTensor<Self>,
        gradients: [FloatTensor<Self>; 2],
    ) -> [FloatTensor<Self>; 2] {
        cross_entropy::cross_entropy_gradient(gradient, gradients)
    }

    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self> {
        sum::square_sum(values)
    }

    fn adam(inputs: AdamPrimitives<Self>) -> [FloatTensor<Self>; 3] {
        adam::adam(inputs)
    }

    fn kl_and_gradient_norm(inputs: VariationalPrimitives<Self>) -> [FloatTensor<Self>; 2] {
        kl::kl_and_gradient_norm(inputs)
    }

    fn adam_variational(
        inputs: VariationalPrimitives<Self>,
        moments: VariationalMoments<Self>,
    ) -> [FloatTensor<Self>; 6] {
        kl::adam_variational(inputs, moments)
    }
}
