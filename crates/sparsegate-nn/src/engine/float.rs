//! The arithmetic of the CPU kernels for `f32` and `f64`.
//!
//! The `f32` functions are branch-free polynomials, so that the compiler can vectorise loops over them
//! (see [`super::flex`]). The `f64` functions are the standard library's. They are for tests, which compare the kernels
//! with recorded values to 1e-9.

use burn::tensor::Element;
use bytemuck::Pod;

/// A kernel's number type.
pub trait KernelFloat: Element + Pod + Default + PartialOrd + Send + Sync + 'static {
    /// Converts from `f64`, rounding if necessary.
    fn from_f64(value: f64) -> Self;
    /// Converts to `f64` without loss.
    fn to_f64(self) -> f64;
    /// Fused multiply-add: `self * a + b` with one rounding.
    fn fma(self, a: Self, b: Self) -> Self;
    /// The sum.
    fn add(self, other: Self) -> Self;
    /// The difference.
    fn sub(self, other: Self) -> Self;
    /// The product.
    fn mul(self, other: Self) -> Self;
    /// The quotient.
    fn div(self, other: Self) -> Self;
    /// The larger of the two; `other` if either is NaN.
    fn at_least(self, other: Self) -> Self;
    /// The smaller of the two; `other` if either is NaN.
    fn at_most(self, other: Self) -> Self;
    /// Square root.
    fn root(self) -> Self;
    /// Absolute value.
    fn magnitude(self) -> Self;
    /// Exponential. For `f32`, the argument is limited to [-87.3, 88.3] and the relative error is below 2e-7. NaN stays
    /// NaN, so that it reaches the loss and is detected.
    fn exponential(self) -> Self;
    /// Natural logarithm of a positive number. Zero, subnormal and negative numbers and NaN count as the smallest
    /// positive normal number.
    fn logarithm(self) -> Self;
    /// Hyperbolic tangent; absolute error below 5e-7 for `f32`. NaN stays NaN.
    fn tangent(self) -> Self;

    /// `1 / (1 + exp(-x))`.
    #[inline(always)]
    fn logistic(self) -> Self {
        let one = Self::from_f64(1.0);
        one.div(one.add(Self::from_f64(0.0).sub(self).exponential()))
    }
}

macro_rules! arithmetic {
    () => {
        #[inline(always)]
        fn fma(self, a: Self, b: Self) -> Self {
            self.mul_add(a, b)
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            self + other
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            self - other
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            self * other
        }
        #[inline(always)]
        fn div(self, other: Self) -> Self {
            self / other
        }
        // Comparisons instead of `f32::max`, which must treat NaN symmetrically and costs two more instructions per
        // lane.
        #[inline(always)]
        fn at_least(self, other: Self) -> Self {
            if self > other { self } else { other }
        }
        #[inline(always)]
        fn at_most(self, other: Self) -> Self {
            if self < other { self } else { other }
        }
        #[inline(always)]
        fn root(self) -> Self {
            self.sqrt()
        }
        #[inline(always)]
        fn magnitude(self) -> Self {
            self.abs()
        }
    };
}

impl KernelFloat for f64 {
    arithmetic!();
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn exponential(self) -> Self {
        self.exp()
    }
    #[inline(always)]
    fn logarithm(self) -> Self {
        self.max(f64::MIN_POSITIVE).ln()
    }
    #[inline(always)]
    fn tangent(self) -> Self {
        self.tanh()
    }
}

/// `2^23 * 1.5`: adding it to a small float leaves the nearest integer in the low mantissa bits of the sum.
const ROUND: f32 = 12_582_912.0;
/// High part of ln 2, exact in few bits, so that `n * LN2_HIGH` is exact for every exponent `n`.
#[expect(clippy::excessive_precision, reason = "all digits of the exact value")]
const LN2_HIGH: f32 = 0.693_359_375;
/// ln 2 minus [`LN2_HIGH`].
const LN2_LOW: f32 = -2.121_944_4e-4;

/// Horner's rule, highest coefficient first.
#[inline(always)]
fn horner<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[0];
    let mut i = 1;
    while i < N {
        sum = sum.mul_add(x, coefficients[i]);
        i += 1;
    }
    sum
}

impl KernelFloat for f32 {
    arithmetic!();
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounding is the purpose")]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    /// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; the polynomial is Cephes' `expf` (S. Moshier).
    #[inline(always)]
    fn exponential(self) -> Self {
        // With the operands in this order NaN stays NaN, at no extra cost.
        let x = 88.3_f32.at_most((-87.3_f32).at_least(self));
        let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
        let n = shifted - ROUND;
        let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
        let p = horner(r, [1.987_569_2e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5]);
        let fraction = (p * r).mul_add(r, r) + 1.0;
        fraction * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
    }

    /// ln(x) = e ln 2 + ln(m), m in [sqrt 1/2, sqrt 2); the polynomial is Cephes' `logf`.
    #[inline(always)]
    fn logarithm(self) -> Self {
        let bits = self.at_least(f32::MIN_POSITIVE).to_bits();
        let exponent = ((bits >> 23) as i32 - 126) as f32;
        let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f00_0000);
        let low = mantissa < std::f32::consts::FRAC_1_SQRT_2;
        let m = if low { mantissa + mantissa - 1.0 } else { mantissa - 1.0 };
        let e = if low { exponent - 1.0 } else { exponent };
        let z = m * m;
        let p = horner(
            m,
            [
                7.037_683_6e-2,
                -0.115_146_1,
                0.116_769_99,
                -0.124_201_41,
                0.142_493_23,
                -0.166_680_58,
                0.200_007_15,
                -0.249_999_94,
                0.333_333_3,
            ],
        );
        let tail = (-0.5_f32).mul_add(z, e.mul_add(LN2_LOW, p * m * z));
        e.mul_add(LN2_HIGH, m + tail)
    }

    /// Rational approximation with Eigen's coefficients on [-7.9, 7.9]; beyond it tanh is +-1 in single precision.
    #[inline(always)]
    fn tangent(self) -> Self {
        let x = 7.905_311_6_f32.at_most((-7.905_311_6_f32).at_least(self));
        let z = x * x;
        let p = horner(
            z,
            [
                -2.760_768_5e-16,
                2.000_188e-13,
                -8.604_672e-11,
                5.122_297e-8,
                1.485_722_4e-5,
                6.372_619e-4,
                4.893_524_6e-3,
            ],
        );
        let q = horner(z, [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3]);
        x * p / q
    }
}

#[cfg(test)]
mod tests {
    use super::KernelFloat;

    /// Largest error of `ours` against `exact` over 200,001 points of [low, high]; relative or absolute.
    fn worst(low: f64, high: f64, relative: bool, ours: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let count = 200_000;
        (0..=count)
            .map(|i| f32::from_f64(low + (high - low) * f64::from(i) / f64::from(count)))
            .map(|x| {
                let (a, b) = (f64::from(ours(x)), exact(f64::from(x)));
                if relative { ((a - b) / b).abs() } else { (a - b).abs() }
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn single_precision_functions_are_as_accurate_as_they_say() {
        assert!(worst(-87.0, 88.0, true, f32::exponential, f64::exp) < 2e-7);
        assert!(worst(1e-3, 40.0, false, f32::logarithm, f64::ln) < 5e-7);
        assert!(worst(-12.0, 12.0, false, f32::tangent, f64::tanh) < 5e-7);
        assert!(worst(-20.0, 20.0, false, f32::logistic, |x| 1.0 / (1.0 + (-x).exp())) < 2e-7);
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        assert!(f32::NAN.exponential().is_nan());
        assert!(f32::NAN.tangent().is_nan());
        assert!(f32::NAN.logistic().is_nan());
    }

    #[test]
    fn logarithm_of_zero_is_finite() {
        assert!((0.0_f32.logarithm() - f32::MIN_POSITIVE.ln()).abs() < 1e-4);
        assert!(0.0_f64.logarithm().is_finite());
    }
}
