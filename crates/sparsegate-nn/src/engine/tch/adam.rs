//! In-place Adam in Lasagne's form, and the sum of squares for the global gradient norm.

use burn_tch::{LibTorch, TchTensor};
use tch::{Device, Tensor};

use crate::engine::extension::AdamPrimitives;

/// Elements that the CPU updates at a time, so that the operands of a piece stay in the cache between ops.
const CHUNK_SIZE: i64 = 1 << 17;

/// The same values in an unshared, contiguous tensor; the tensor itself if it is one.
fn owned(tensor: TchTensor) -> Tensor {
    match (tensor.can_mut(), tensor.tensor.is_contiguous()) {
        (true, true) => tensor.tensor,
        (false, true) => tensor.tensor.copy(),
        (_, false) => tensor.tensor.contiguous(),
    }
}

/// One Adam step; returns the parameter, its first and second moment, updated in place if their buffers are not shared.
pub(super) fn adam(inputs: AdamPrimitives<LibTorch>) -> [TchTensor; 3] {
    let AdamPrimitives { parameter, gradient, first, second, scale, step } = inputs;
    let [parameter, first, second] = [parameter, first, second].map(owned);
    let gradient = gradient.tensor.contiguous();
    let count = parameter.numel() as i64;
    let piece = if parameter.device() == Device::Cpu { CHUNK_SIZE } else { count };
    let flat = [&parameter, &gradient, &first, &second].map(|tensor| tensor.view(-1));
    for start in (0..count).step_by(piece.max(1) as usize) {
        let [mut parameter, gradient, mut first, mut second] =
            flat.each_ref().map(|tensor| tensor.narrow(0, start, piece.min(count - start)));
        let mut gradient = gradient * &scale.tensor;
        let _ = first.lerp_(&gradient, 1.0 - step.beta1);
        let _ = second.lerp_(&gradient.square_(), 1.0 - step.beta2);
        let root = second.sqrt().g_add_scalar_(step.epsilon);
        let _ = parameter.addcdiv_(&(&first * -step.rate), &root);
    }
    [parameter, first, second].map(TchTensor::new)
}

/// Sum of squares, `[1]`.
pub(super) fn square_sum(values: &TchTensor) -> TchTensor {
    TchTensor::new(values.tensor.square().sum(values.tensor.kind()).reshape(1))
}
