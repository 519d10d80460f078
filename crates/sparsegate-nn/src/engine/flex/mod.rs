//! Fused kernels for flex, Burn's CPU backend.
//!
//! Kernels are plain loops over slices, marked `#[inline(always)]` and run inside [`pulp::Arch::dispatch`], which
//! compiles them for the widest vector unit of the processor (AVX-512, AVX2 or NEON, chosen at run time). They take
//! slices as function arguments, not as captures, so that the compiler knows that they do not overlap.
//!
//! Work is split into pieces whose number depends on the data alone, and partial sums are added in a fixed order, so
//! the results do not depend on the number of threads.

/// Calls a generic kernel with the float type of `$tensor`.
macro_rules! by_float_type {
    ($tensor:expr, $kernel:ident($($argument:expr),* $(,)?)) => {
        match $tensor.dtype() {
            DType::F32 => $kernel::<f32>($($argument),*),
            DType::F64 => $kernel::<f64>($($argument),*),
            other => panic!("the flex kernels are for f32 and f64, not {other:?}"),
        }
    };
}

mod adam;
mod cells;
mod cross_entropy;
mod kl;
mod matmul;
mod noisy;
mod recurrence;
mod tensor;

use burn::backend::Flex;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::DType;

use super::extension::{
    AdamPrimitives, Kernels, MatmulOperand, RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved,
    VariationalMoments, VariationalPrimitives,
};
use super::noise::NoiseKey;

/// Elements per task: 32 KiB of `f32`, so that a few arrays fit into the second-level cache together.
const CHUNK_SIZE: usize = 8192;

use adam::{adam, square_sum};
use cross_entropy::{cross_entropy, cross_entropy_gradient, mean_cross_entropy};
use kl::{adam_variational, kl_and_gradient_norm};
use matmul::matmul_operands;
use noisy::{rows_backward, rows_forward, sample, sample_gradient};
use recurrence::{backward, forward};

impl Kernels for Flex {
    fn product(left: MatmulOperand<Self>, right: MatmulOperand<Self>) -> FloatTensor<Self> {
        by_float_type!(left.tensor, matmul_operands(left, right))
    }

    fn recurrence_forward(inputs: RecurrencePrimitives<Self>) -> RecurrenceSaved<Self> {
        by_float_type!(inputs.input, forward(inputs))
    }

    fn recurrence_backward(gradient: FloatTensor<Self>, saved: RecurrenceSaved<Self>) -> RecurrenceGradients<Self> {
        by_float_type!(gradient, backward(gradient, saved))
    }

    fn noisy_forward(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self> {
        by_float_type!(mean, sample(mean, log_sigma, key))
    }

    fn noisy_backward(gradient: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self> {
        by_float_type!(log_sigma, sample_gradient(gradient, log_sigma, key))
    }

    fn noisy_rows_forward(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> FloatTensor<Self> {
        by_float_type!(mean, rows_forward(mean, log_sigma, ids, key))
    }

    fn noisy_rows_backward(
        gradient: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        by_float_type!(log_sigma, rows_backward(gradient, log_sigma, ids, key))
    }

    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> [FloatTensor<Self>; 3] {
        by_float_type!(logits, cross_entropy(logits, bias, targets))
    }

    fn cross_entropy_value(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        by_float_type!(logits, mean_cross_entropy(logits, bias, targets))
    }

    fn cross_entropy_backward(
        gradient: FloatTensor<Self>,
        gradients: [FloatTensor<Self>; 2],
    ) -> [FloatTensor<Self>; 2] {
        by_float_type!(gradient, cross_entropy_gradient(gradient, gradients))
    }

    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self> {
        by_float_type!(values, square_sum(values))
    }

    fn kl_and_gradient_norm(inputs: VariationalPrimitives<Self>) -> [FloatTensor<Self>; 2] {
        by_float_type!(inputs.mean, kl_and_gradient_norm(inputs))
    }

    fn adam(inputs: AdamPrimitives<Self>) -> [FloatTensor<Self>; 3] {
        by_float_type!(inputs.parameter, adam(inputs))
    }

    fn adam_variational(
        inputs: VariationalPrimitives<Self>,
        moments: VariationalMoments<Self>,
    ) -> [FloatTensor<Self>; 6] {
        by_float_type!(inputs.mean, adam_variational(inputs, moments))
    }
}
