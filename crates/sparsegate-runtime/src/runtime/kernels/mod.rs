//! Inner loops. All of them are inlined into a function that [`pulp::Arch::dispatch`] chose, and are thus compiled for
//! the SIMD instruction set of the caller.

pub(crate) mod dense_lanes;
pub(crate) mod dense_panel;
#[cfg(target_arch = "x86_64")]
pub(crate) mod expand;
pub(crate) mod sparse;
pub(crate) mod transpose;

use super::order::WIDTH;

/// Returns the closure unchanged. A closure in a kernel needs `#[inline(always)]`, or it is compiled for the oldest
/// supported processor; the attribute is allowed on an argument, but not on the initialiser of a variable.
#[inline(always)]
pub(crate) fn inlined<F>(closure: F) -> F {
    closure
}

/// Sets the preactivations of [`WIDTH`] sequences `[columns, WIDTH]` to the columns' biases.
// Vectorised explicitly: the compiler would scatter single values over many columns.
#[inline(always)]
pub(crate) fn broadcast_bias<S: pulp::Simd>(simd: S, bias: &[f32], sums: &mut [f32]) {
    let vectors = WIDTH / S::F32_LANES;
    for (sums, bias) in S::as_mut_simd_f32s(sums).0.chunks_exact_mut(vectors).zip(bias) {
        let bias = simd.splat_f32s(*bias);
        for sum in sums {
            *sum = bias;
        }
    }
}

/// The AVX-512 token, if the kernel is compiled for AVX-512.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn as_avx512<S: pulp::Simd>(simd: S) -> Option<pulp::x86::V4> {
    (&simd as &dyn core::any::Any).downcast_ref().copied()
}
