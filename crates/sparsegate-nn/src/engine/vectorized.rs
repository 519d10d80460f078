//! Compiling a loop for the widest vector unit the processor has.

/// Runs `kernel` compiled for AVX-512, AVX2 or NEON, whichever the processor has.
///
/// `kernel` must be an `#[inline(always)]` closure over `#[inline(always)]` functions: only what is inlined here is
/// compiled for the vector unit. It is called through `FnMut`, because a closure's `FnOnce` goes through a shim that
/// is not inlined: the kernel is then compiled for the oldest processor, with a function call for each fused multiply-add.
pub(super) fn vectorized<R>(kernel: impl FnMut() -> R) -> R {
    struct Kernel<F>(F);

    impl<R, F: FnMut() -> R> pulp::WithSimd for Kernel<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }

    pulp::Arch::new().dispatch(Kernel(kernel))
}
