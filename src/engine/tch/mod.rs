//! Reserved: libtorch.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::Device;

use super::backends::Engine;
use super::extension::{AdamPrimitives, Kernels, RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved};
use super::fused::Fused;
use super::noise::NoiseKey;

/// The engine.
pub(super) fn open(cuda: Option<usize>) -> Engine {
    #[expect(deprecated, reason = "the backend leaves Burn after 0.22, which is why Burn is pinned")]
    let device = cuda.map_or_else(Device::libtorch, Device::libtorch_cuda);
    Engine { device, ops: &Fused, reading: 1 }
}

impl Kernels for burn_tch::LibTorch {
    fn recurrence_forward(_: RecurrencePrimitives<Self>) -> RecurrenceSaved<Self> {
        unimplemented!()
    }
    fn recurrence_backward(_: FloatTensor<Self>, _: RecurrenceSaved<Self>) -> RecurrenceGradients<Self> {
        unimplemented!()
    }
    fn penalty_forward(_: FloatTensor<Self>, _: FloatTensor<Self>) -> FloatTensor<Self> {
        unimplemented!()
    }
    fn penalty_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!()
    }
    fn noisy_forward(_: FloatTensor<Self>, _: FloatTensor<Self>, _: NoiseKey) -> FloatTensor<Self> {
        unimplemented!()
    }
    fn noisy_backward(_: FloatTensor<Self>, _: FloatTensor<Self>, _: NoiseKey) -> FloatTensor<Self> {
        unimplemented!()
    }
    fn noisy_rows_forward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: IntTensor<Self>,
        _: NoiseKey,
    ) -> FloatTensor<Self> {
        unimplemented!()
    }
    fn noisy_rows_backward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: IntTensor<Self>,
        _: NoiseKey,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!()
    }
    fn cross_entropy_forward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: IntTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!()
    }
    fn cross_entropy_value(_: FloatTensor<Self>, _: FloatTensor<Self>, _: IntTensor<Self>) -> FloatTensor<Self> {
        unimplemented!()
    }
    fn cross_entropy_backward(_: FloatTensor<Self>, _: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        unimplemented!()
    }
    fn square_sum(_: FloatTensor<Self>) -> FloatTensor<Self> {
        unimplemented!()
    }
    fn adam(_: AdamPrimitives<Self>) -> [FloatTensor<Self>; 3] {
        unimplemented!()
    }
}
