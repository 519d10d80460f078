//! The ops as Burn routes them to a backend.

#![cfg_attr(
    feature = "tch",
    expect(deprecated, reason = "libtorch leaves Burn after 0.22, which is why Burn is pinned")
)]
#![expect(clippy::type_complexity, reason = "Burn's macro routes tuples of tensors as they are written")]

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Flex, backend_extension};

use super::kernels::Kernels;
use super::primitives::{AdamPrimitives, Factor, MomentPrimitives, PenaltyPrimitives, RecurrencePrimitives};
use crate::engine::noise::NoiseKey;

/// The ops, routed by Burn to the backend a tensor lives on; all but the last four are differentiable.
#[backend_extension(Flex, LibTorch: cfg(feature = "tch"), Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait SparseOps: Backend {
    /// A product of matrices.
    fn product(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Hidden states (differentiable), `[N, H]`, and the states beside them (not), `[N, H]`, or `[N, 0]` of a cell with
    /// one state.
    fn recurrence(#[extension_type] inputs: RecurrencePrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// A weight sample; the key's fields in order.
    fn noisy(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        seed: u64,
        step: u32,
        stream: u32,
    ) -> FloatTensor<Self>;
    /// Rows of a weight sample.
    fn noisy_rows(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        seed: u64,
        step: u32,
        stream: u32,
    ) -> FloatTensor<Self>;
    /// Mean negative log likelihood, `[1]`.
    fn cross_entropy(logits: FloatTensor<Self>, bias: FloatTensor<Self>, targets: IntTensor<Self>)
    -> FloatTensor<Self>;
    /// Sum of squares, `[1]`.
    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self>;
    /// The penalty, `[1]`, and the sum of squares of the data loss's gradients with the penalty's, `[1]`.
    fn penalize(#[extension_type] inputs: PenaltyPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// Means, log sigmas, each with first and second moment, after a step on the gradients of data loss and penalty.
    fn adam_penalized(
        #[extension_type] inputs: PenaltyPrimitives<Self>,
        #[extension_type] moments: MomentPrimitives<Self>,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    );
    /// Parameter, first and second moment after a step.
    fn adam(
        #[extension_type] inputs: AdamPrimitives<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// A backend's ops outside autodiff, from its kernels.
macro_rules! outside_autodiff {
    ($backend:ty) => {
        impl SparseOps for $backend {
            fn product(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> {
                <Self as Kernels>::product(Factor::plain(&left), Factor::plain(&right))
            }

            fn recurrence(inputs: RecurrencePrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
                let saved = Self::recurrence_forward(inputs);
                (saved.hidden, saved.second)
            }

            fn noisy(
                mean: FloatTensor<Self>,
                log_sigma: FloatTensor<Self>,
                seed: u64,
                step: u32,
                stream: u32,
            ) -> FloatTensor<Self> {
                Self::noisy_forward(mean, log_sigma, NoiseKey { seed, step, stream })
            }

            fn noisy_rows(
                mean: FloatTensor<Self>,
                log_sigma: FloatTensor<Self>,
                ids: IntTensor<Self>,
                seed: u64,
                step: u32,
                stream: u32,
            ) -> FloatTensor<Self> {
                Self::noisy_rows_forward(mean, log_sigma, ids, NoiseKey { seed, step, stream })
            }

            fn cross_entropy(
                logits: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                targets: IntTensor<Self>,
            ) -> FloatTensor<Self> {
                Self::cross_entropy_value(logits, bias, targets)
            }

            fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self> {
                <Self as Kernels>::square_sum(values)
            }

            fn penalize(inputs: PenaltyPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
                <Self as Kernels>::penalize(inputs).into()
            }

            fn adam_penalized(
                inputs: PenaltyPrimitives<Self>,
                moments: MomentPrimitives<Self>,
            ) -> (
                FloatTensor<Self>,
                FloatTensor<Self>,
                FloatTensor<Self>,
                FloatTensor<Self>,
                FloatTensor<Self>,
                FloatTensor<Self>,
            ) {
                <Self as Kernels>::adam_penalized(inputs, moments).into()
            }

            fn adam(inputs: AdamPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                <Self as Kernels>::adam(inputs).into()
            }
        }
    };
}

outside_autodiff!(Flex);
#[cfg(feature = "tch")]
outside_autodiff!(burn_tch::LibTorch);
#[cfg(feature = "wgpu")]
outside_autodiff!(burn_cubecl::CubeBackend);
