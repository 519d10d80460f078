//! The KL divergence of one weight.

use crate::engine::float::KernelFloat;
use crate::variational::kl::{HIGHEST_RATIO, LOWEST_RATIO, OFFSET, STEP_HEIGHT, STEP_RATIO, STEP_SLOPE};

/// The terms of the KL divergence of one weight, and its derivatives.
///
/// With r = |mean| / sigma, log alpha is -2 ln r, and the approximation of the KL divergence (see
/// [`crate::variational`]) is ln(1 + r^2) / 2 - 0.03 - 0.64 s, where the logistic step s = 1 / (1 + exp(-1.5 (log
/// alpha + 1.3))) equals 1 / (1 + k r^3) with k = exp(-1.95). So a single exponential suffices, that of 1 / sigma.
/// The limits -8 and 8 of log alpha correspond to r = exp(4) and r = exp(-4).
pub(super) struct KlTerms<T> {
    /// 1 + r^2; at most 3,000, so that the product of ten of them does not overflow in single precision.
    pub(super) one_plus_r2: T,
    /// 0.03 + 0.64 s.
    pub(super) logistic_step: T,
    /// Derivative with respect to the mean, times the KL weight; zero beyond the limits.
    pub(super) to_mean: T,
    /// Derivative with respect to log sigma, times the KL weight; zero beyond the limits.
    pub(super) to_log_sigma: T,
}

impl<T: KernelFloat> KlTerms<T> {
    /// `kl_weight` is the KL weight.
    #[inline(always)]
    pub(super) fn new(mean: T, log_sigma: T, kl_weight: T) -> Self {
        let one = T::from_f64(1.0);
        let precision = T::from_f64(0.0).sub(log_sigma).exponential();
        let signed = mean.mul(precision);
        let free = signed.magnitude();
        // With the operands in this order NaN stays NaN, so that it reaches the loss and is detected.
        let r = T::from_f64(HIGHEST_RATIO).at_most(T::from_f64(LOWEST_RATIO).at_least(free));
        let square = r.mul(r);
        let kr = T::from_f64(STEP_RATIO).mul(r);
        let (one_plus_r2, rise) = (one.add(square), kr.fma(square, one));
        // One division for both reciprocals.
        let both = one.div(one_plus_r2.mul(rise));
        let s = both.mul(one_plus_r2);
        // The derivative with respect to log alpha is -(1 / (1 + r^2) / 2 + 0.96 k r s^2) r^2; that of log alpha with
        // respect to the mean is -2 / mean.
        let slope = T::from_f64(2.0 * STEP_SLOPE).mul(kr).fma(s.mul(s), both.mul(rise)).mul(kl_weight);
        let inside = free > T::from_f64(LOWEST_RATIO) && free < T::from_f64(HIGHEST_RATIO);
        let limited = |slope| if inside { slope } else { T::from_f64(0.0) };
        Self {
            one_plus_r2,
            logistic_step: T::from_f64(STEP_HEIGHT).fma(s, T::from_f64(OFFSET)),
            to_mean: limited(signed.mul(precision).mul(slope)),
            to_log_sigma: limited(T::from_f64(0.0).sub(square.mul(slope))),
        }
    }
}
