//! Vectorised activation functions.
//!
//! `tanh(x) = x P(x²) / Q(x²)`, with polynomials of degree four fitted to minimise the largest relative error (2e-8) up
//! to 9.011, where tanh rounds to one. With f32 rounding the error is at most 3.5e-7, and 6 units in the last place.
//! The polynomials are evaluated with Estrin's scheme, in four dependent steps: at batch size 1 the time of a step is
//! determined by the chain of latencies, not by the number of operations. The sigmoid is `(1 + tanh(x / 2)) / 2`.
//!
//! NaN is preserved: saturation uses a comparison, which is false for NaN, instead of a minimum, which may drop it.

use pulp::Simd;

use crate::Activation;

/// Above this, tanh is one in f32.
const ONE_FROM: f32 = 9.011;
#[expect(clippy::excessive_precision, reason = "the literals round to the nearest f32")]
const P: [f32; 5] = [0.999_999_98, 0.133_803_21, 3.494_750_9e-3, 2.059_526_8e-5, 1.333_541_8e-8];
#[expect(clippy::excessive_precision, reason = "the literals round to the nearest f32")]
const Q: [f32; 5] = [1.0, 0.467_136_37, 0.025_873_799, 3.284_264_2e-4, 7.768_705_7e-7];

/// Hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let square = simd.mul_f32s(x, x);
    let fourth = simd.mul_f32s(square, square);
    let above = simd.mul_f32s(x, polynomial(simd, P, square, fourth));
    let ratio = simd.div_f32s(above, polynomial(simd, Q, square, fourth));
    let sign = simd.splat_f32s(-0.0);
    let one = simd.or_f32s(simd.and_f32s(sign, x), simd.splat_f32s(1.0));
    let beyond = simd.greater_than_f32s(simd.abs_f32s(x), simd.splat_f32s(ONE_FROM));
    simd.select_f32s(beyond, one, ratio)
}

#[inline(always)]
fn polynomial<S: Simd>(simd: S, c: [f32; 5], x: S::f32s, square: S::f32s) -> S::f32s {
    let low = simd.mul_add_f32s(simd.splat_f32s(c[1]), x, simd.splat_f32s(c[0]));
    let middle = simd.mul_add_f32s(simd.splat_f32s(c[3]), x, simd.splat_f32s(c[2]));
    simd.mul_add_f32s(simd.mul_add_f32s(simd.splat_f32s(c[4]), square, middle), square, low)
}

/// Gate value for a preactivation.
#[inline(always)]
pub(crate) fn gate<S: Simd>(simd: S, activation: Activation, x: S::f32s) -> S::f32s {
    let half = simd.splat_f32s(0.5);
    match activation {
        Activation::Sigmoid => simd.mul_add_f32s(half, tanh(simd, simd.mul_f32s(half, x)), half),
        Activation::HardSigmoid => {
            let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
            let line = simd.mul_add_f32s(simd.splat_f32s(0.2), x, half);
            let above = simd.select_f32s(simd.less_than_f32s(line, zero), zero, line);
            simd.select_f32s(simd.greater_than_f32s(above, one), one, above)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use pulp::{Arch, Simd, WithSimd};

    use super::*;

    struct Map<'a, F>(&'a mut [f32], F);

    trait Function {
        fn of<S: Simd>(&self, simd: S, x: S::f32s) -> S::f32s;
    }

    struct Tanh;
    impl Function for Tanh {
        fn of<S: Simd>(&self, simd: S, x: S::f32s) -> S::f32s {
            tanh(simd, x)
        }
    }
    impl Function for Activation {
        fn of<S: Simd>(&self, simd: S, x: S::f32s) -> S::f32s {
            gate(simd, *self, x)
        }
    }

    impl<F: Function> WithSimd for Map<'_, F> {
        type Output = ();
        fn with_simd<S: Simd>(self, simd: S) {
            let (vectors, rest) = S::as_mut_simd_f32s(self.0);
            assert!(rest.is_empty());
            for x in vectors {
                *x = self.1.of(simd, *x);
            }
        }
    }

    /// Values of both signs from tiny to huge, and a fine grid where the functions are curved.
    fn inputs() -> Vec<f32> {
        let mut inputs: Vec<f32> = (-1_200_000..1_200_000).map(|n| n as f32 * 1e-5).collect();
        inputs.extend((0..4000).map(|n| libm::exp2f(n as f32 * 0.06 - 120.0) * if n % 2 == 0 { 1.0 } else { -1.0 }));
        inputs.extend([0.0, -0.0, f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY]);
        inputs.resize(inputs.len().next_multiple_of(16), 0.0);
        inputs
    }

    fn check(function: impl Function, exact: impl Fn(f64) -> f64) {
        let inputs = inputs();
        let mut found = inputs.clone();
        Arch::new().dispatch(Map(&mut found, function));
        for (x, found) in inputs.into_iter().zip(found) {
            let exact = exact(f64::from(x));
            let error = (f64::from(found) - exact).abs();
            let last_place = f64::from(f32::EPSILON) * exact.abs() / 2.0;
            assert!(error <= 3.6e-7 && error <= (6.0 * last_place).max(2e-7), "{x}: {found}, not {exact}");
        }
    }

    #[test]
    fn activations_are_those_of_f64() {
        check(Tanh, libm::tanh);
        check(Activation::Sigmoid, |x| 1.0 / (1.0 + libm::exp(-x)));
        check(Activation::HardSigmoid, |x| (0.2 * x + 0.5).clamp(0.0, 1.0));
    }

    #[test]
    fn nan_stays() {
        for activation in [Activation::Sigmoid, Activation::HardSigmoid] {
            let mut numbers = [f32::NAN; 16];
            Arch::new().dispatch(Map(&mut numbers, activation));
            assert!(numbers.iter().all(|number| number.is_nan()));
        }
    }
}
