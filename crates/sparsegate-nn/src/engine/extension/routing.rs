//! The ops that Burn routes to the backend of their tensors.

#![cfg_attr(
    feature = "tch",
    expect(deprecated, reason = "Burn drops its libtorch backend after 0.22; Burn is pinned to that version")
)]
#![expect(clippy::type_complexity, reason = "Burn's macro needs the tuples of tensors spelled out")]

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Flex, backend_extension};

use super::kernels::Kernels;
use super::primitives::{
    AdamPrimitives, MatmulOperand, RecurrencePrimitives, VariationalMoments, VariationalPrimitives,
};
use crate::engine::noise::NoiseKey;

/// The ops, routed by Burn to the backend that holds the tensors. All but the last four are differentiable.
#[backend_extension(Flex, LibTorch: cfg(feature = "tch"), Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait RoutedOps: Backend {
    /// A matrix product.
    fn product(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Hidden states after each step, `[N, H]` (differentiable), and second states, `[N, H]`, or `[N, 0]` for a cell
    /// with one state (not differentiable).
    fn recurrence(#[extension_type] inputs: RecurrencePrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// A sample of all weights; `seed`, `step` and `stream` are the fields of a [`NoiseKey`].
    fn noisy(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        seed: u64,
        step: u32,
        stream: u32,
    ) -> FloatTensor<Self>;
    /// Rows of a sample.
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
    /// Sum of the KL divergences, `[1]`, and sum of squares of the total gradients, `[1]`.
    fn kl_and_gradient_norm(
        #[extension_type] inputs: VariationalPrimitives<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// Means, their first and second moment, log sigmas, their first and second moment, after an Adam step on the total
    /// gradients.
    fn adam_variational(
        #[extension_type] inputs: VariationalPrimitives<Self>,
        #[extension_type] moments: VariationalMoments<Self>,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    );
    /// Parameter, first and second moment after an Adam step.
    fn adam(
        #[extension_type] inputs: AdamPrimitives<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Implements the ops of a backend outside autodiff by its kernels.
macro_rules! impl_ops_from_kernels {
    ($backend:ty) => {
        impl RoutedOps for $backend {
            fn product(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> {
                <Self as Kernels>::product(MatmulOperand::plain(&left), MatmulOperand::plain(&right))
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

            fn kl_and_gradient_norm(inputs: VariationalPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
                <Self as Kernels>::kl_and_gradient_norm(inputs).into()
            }

            fn adam_variational(
                inputs: VariationalPrimitives<Self>,
                moments: VariationalMoments<Self>,
            ) -> (
                FloatTensor<Self>,
                FloatTensor<Self>,
                FloatTensor<Self>,
                FloatTensor<Self>,
                FloatTensor<Self>,
                FloatTensor<Self>,
            ) {
                <Self as Kernels>::adam_variational(inputs, moments).into()
            }

            fn adam(inputs: AdamPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                <Self as Kernels>::adam(inputs).into()
            }
        }
    };
}

impl_ops_from_kernels!(Flex);
#[cfg(feature = "tch")]
impl_ops_from_kernels!(burn_tch::LibTorch);
#[cfg(feature = "wgpu")]
impl_ops_from_kernels!(burn_cubecl::CubeBackend);
