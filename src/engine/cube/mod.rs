//! Reserved: CubeCL.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::{Device, DeviceKind};

use super::backends::Engine;
use super::extension::{AdamPrimitives, Kernels, RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved};
use super::fused::Fused;
use super::noise::NoiseKey;

/// The engine.
pub(super) fn open(adapter: Option<usize>) -> Engine {
    let _ = adapter;
    Engine { device: Device::wgpu(DeviceKind::DefaultDevice), ops: &Fused, reading: 16 }
}

impl Kernels for burn_cubecl::CubeBackend {
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
