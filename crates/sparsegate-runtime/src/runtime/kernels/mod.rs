//! Inner loops, compiled for the processor's vector unit by whoever calls them: all are inlined into one function that
//! [`pulp::Arch::dispatch`] chose.

pub(crate) mod dense_lanes;
pub(crate) mod dense_panel;
#[cfg(target_arch = "x86_64")]
pub(crate) mod expand;
pub(crate) mod sparse;
pub(crate) mod transpose;

use super::order::WIDTH;

/// A closure as it is: an attribute may stand before an argument, but not before what a variable is set to. A closure in a kernel must
/// be marked as inlined, or it is compiled for the oldest processor.
#[inline(always)]
pub(crate) fn inlined<F>(closure: F) -> F {
    closure
}

/// Sets the sums of [`WIDTH`] sequences, as many numbers for each column, to the columns' biases.
// With vectors by hand: left to itself, the compiler scatters one number of many columns at a time.
#[inline(always)]
pub(crate) fn spread<S: pulp::Simd>(simd: S, bias: &[f32], sums: &mut [f32]) {
    let vectors = WIDTH / S::F32_LANES;
    for (sums, bias) in S::as_mut_simd_f32s(sums).0.chunks_exact_mut(vectors).zip(bias) {
        let bias = simd.splat_f32s(*bias);
        for sum in sums {
            *sum = bias;
        }
    }
}

/// AVX-512, where that is what a kernel is compiled for.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn v4<S: pulp::Simd>(simd: S) -> Option<pulp::x86::V4> {
    (&simd as &dyn core::any::Any).downcast_ref().copied()
}
