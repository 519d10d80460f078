//! Kernels for libtorch: the portable ones, and libtorch's own ops where these do more in one call.

#![expect(deprecated, reason = "Burn drops its libtorch backend after 0.22; Burn is pinned to that version")]

mod adam;
mod library;
mod noisy;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::Device;
use burn_tch::LibTorch;

pub(super) use library::describe;

use super::backends::Engine;
use super::extension::{
    AdamPrimitives, Kernels, RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved, VariationalMoments,
    VariationalPrimitives,
};
use super::fused::FusedOps;
use super::noise::NoiseKey;
use super::open_error::OpenError;
use super::portable::{self, Primitive};
use sparsegate_core::Backend;

/// Opens the engine on the CPU or on a CUDA device.
///
/// # Errors
/// If the loaded libtorch has another version than the build's, libtorch has no CUDA, or there is no such device.
pub(super) fn open(cuda: Option<usize>) -> Result<Engine, OpenError> {
    let wanted = Backend::Tch { cuda };
    library::check(wanted)?;
    let Some(index) = cuda else {
        // On the CPU ops are synchronous, so that reading does not wait.
        return Ok(Engine { device: Device::libtorch(), name: describe("CPU"), ops: &FusedOps, metrics_interval: 1 });
    };
    if !cfg!(libtorch_cuda) {
        return Err(OpenError::NoCuda { backend: wanted });
    }
    let found = cuda_devices();
    if found.is_empty() {
        return Err(OpenError::NoDevice { backend: wanted });
    }
    if index >= found.len() {
        return Err(OpenError::NoSuchDevice { backend: wanted, found });
    }
    let name = describe(&found[index]);
    Ok(Engine { device: Device::libtorch_cuda(index), name, ops: &FusedOps, metrics_interval: METRICS_INTERVAL })
}

/// Steps between host reads of the step metrics; a read waits for all work submitted to the GPU before it.
const METRICS_INTERVAL: usize = 16;

/// The CUDA devices that libtorch sees, numbered, since libtorch reports only their count.
pub(super) fn cuda_devices() -> Vec<String> {
    let count = if cfg!(libtorch_cuda) && ::tch::Cuda::is_available() { ::tch::Cuda::device_count() } else { 0 };
    (0..count).map(|index| format!("CUDA device {index}")).collect()
}

impl Kernels for LibTorch {
    fn recurrence_forward(inputs: RecurrencePrimitives<Self>) -> RecurrenceSaved<Self> {
        portable::forward(inputs)
    }

    fn recurrence_backward(gradient: FloatTensor<Self>, saved: RecurrenceSaved<Self>) -> RecurrenceGradients<Self> {
        portable::backward(Primitive(gradient), saved)
    }

    fn noisy_forward(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self> {
        portable::sample::<Self>(Primitive(mean), Primitive(log_sigma), key).0
    }

    fn noisy_backward(gradient: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self> {
        portable::sample_gradient::<Self>(Primitive(gradient), Primitive(log_sigma), key).0
    }

    fn noisy_rows_forward(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> FloatTensor<Self> {
        let host = noisy::host(&ids);
        portable::rows::<Self>(Primitive(mean), Primitive(log_sigma), (&host, ids), key).0
    }

    fn noisy_rows_backward(
        gradient: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (host, rows) = (noisy::host(&ids), log_sigma.tensor.size()[0]);
        let mean = noisy::scatter(&gradient, &ids, rows);
        let of_rows =
            portable::row_gradients::<Self>(Primitive(gradient), Primitive(log_sigma), (&host, ids.clone()), key);
        (mean, noisy::scatter(&of_rows.0, &ids, rows))
    }

    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> [FloatTensor<Self>; 3] {
        portable::cross_entropy::<Self>(Primitive(logits), Primitive(bias), targets).map(|values| values.0)
    }

    fn cross_entropy_value(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        portable::cross_entropy_value::<Self>(Primitive(logits), Primitive(bias), targets).0
    }

    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self> {
        adam::square_sum(&values)
    }

    fn adam(inputs: AdamPrimitives<Self>) -> [FloatTensor<Self>; 3] {
        adam::adam(inputs)
    }

    fn kl_and_gradient_norm(inputs: VariationalPrimitives<Self>) -> [FloatTensor<Self>; 2] {
        portable::kl_and_gradient_norm(inputs)
    }

    fn adam_variational(
        inputs: VariationalPrimitives<Self>,
        moments: VariationalMoments<Self>,
    ) -> [FloatTensor<Self>; 6] {
        portable::adam_variational(inputs, moments)
    }
}
