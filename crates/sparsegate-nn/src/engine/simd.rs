//! Compiles a loop for the widest vector instructions that the processor has.

/// Runs `kernel` compiled for AVX-512, AVX2 or NEON, whichever the processor has.
///
/// `kernel` must be an `#[inline(always)]` closure over `#[inline(always)]` functions, because only inlined code is
/// compiled for these instructions. It is an `FnMut`, because a call through a closure's `FnOnce` uses a shim that is
/// not inlined; the kernel would then be compiled for the baseline processor, with a function call per fused
/// multiply-add.
pub(super) fn with_simd<R>(kernel: impl FnMut() -> R) -> R {
    struct SimdClosure<F>(F);

    impl<R, F: FnMut() -> R> pulp::WithSimd for SimdClosure<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }

    pulp::Arch::new().dispatch(SimdClosure(kernel))
}
