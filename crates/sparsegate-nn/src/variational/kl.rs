//! The approximation of the KL divergence: its constants, and the scalar reference for all kernels.
//!
//! [`super`] states the formula and its source. All kernels use these constants; constants derived from others are
//! computed here. The `CubeCL` kernels repeat them as literals, checked at compile time.

/// Log alpha is clamped to this magnitude.
pub const LOG_ALPHA_CLAMP: f64 = 8.0;
/// Constant offset subtracted from the approximation.
pub const OFFSET: f64 = 0.03;
/// Height of the logistic step.
pub const STEP_HEIGHT: f64 = 0.64;
/// Steepness of the logistic step.
pub const STEP_STEEPNESS: f64 = 1.5;
/// The logistic step is centred at minus this log alpha.
pub const STEP_SHIFT: f64 = 1.3;

/// Factor of s (1 - s) in the derivative with respect to log alpha.
pub(crate) const STEP_SLOPE: f64 = STEP_HEIGHT * STEP_STEEPNESS;
/// |mean| / sigma at which log alpha reaches the lower end of the clamp.
pub(crate) const HIGHEST_RATIO: f64 = exponential(LOG_ALPHA_CLAMP / 2.0);
/// |mean| / sigma at which log alpha reaches the upper end of the clamp.
pub(crate) const LOWEST_RATIO: f64 = exponential(-LOG_ALPHA_CLAMP / 2.0);
/// With r = |mean| / sigma, the logistic step is 1 / (1 + k r^3), and this is k. The power is twice [`STEP_STEEPNESS`].
pub(crate) const STEP_RATIO: f64 = exponential(-STEP_STEEPNESS * STEP_SHIFT);

/// The KL divergence of one weight from the log-uniform prior, up to a constant; NaN if an argument is.
pub fn divergence(mean: f64, log_sigma: f64) -> f64 {
    let log_alpha = log_alpha(mean, log_sigma).clamp(-LOG_ALPHA_CLAMP, LOG_ALPHA_CLAMP);
    0.5 * (-log_alpha).exp().ln_1p() - OFFSET - STEP_HEIGHT * logistic(STEP_STEEPNESS * (log_alpha + STEP_SHIFT))
}

/// Derivatives of [`divergence`] with respect to mean and log sigma; zero beyond the clamp and at a mean of zero.
pub fn gradients(mean: f64, log_sigma: f64) -> [f64; 2] {
    let log_alpha = log_alpha(mean, log_sigma);
    if log_alpha.abs() >= LOG_ALPHA_CLAMP {
        return [0.0, 0.0];
    }
    let step = logistic(STEP_STEEPNESS * (log_alpha + STEP_SHIFT));
    let slope = -0.5 * logistic(-log_alpha) - STEP_SLOPE * step * (1.0 - step);
    [slope * -2.0 / mean, slope * 2.0]
}

/// Infinite for a mean of zero, which counts as noise.
fn log_alpha(mean: f64, log_sigma: f64) -> f64 {
    2.0 * (log_sigma - mean.abs().ln())
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// exp(x), correctly rounded, for a multiple x of 1/1000 from -4 to 4: the power series in fixed point, since the
/// functions of `f64` are not available in constants.
const fn exponential(x: f64) -> f64 {
    const ONE: i128 = 1 << 110;
    let thousandths = (if x < 0.0 { x * 1000.0 - 0.5 } else { x * 1000.0 + 0.5 }) as i128;
    // The greatest common divisor keeps the products small.
    let (mut a, mut b) = (thousandths.abs(), 1000);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let (numerator, denominator) = (thousandths / a, 1000 / a);
    let (mut sum, mut term, mut n) = (ONE, ONE, 1);
    while term != 0 {
        term = term * numerator / (denominator * n);
        sum += term;
        n += 1;
    }
    sum as f64 / ONE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computed_constants_are_the_functions_values() {
        for (found, wanted) in [(HIGHEST_RATIO, 4.0_f64), (LOWEST_RATIO, -4.0), (STEP_RATIO, -1.95)] {
            assert!((found / wanted.exp() - 1.0).abs() <= f64::EPSILON, "exp({wanted}) is not {found}");
        }
        assert_eq!(STEP_SLOPE.to_bits(), 0.96_f64.to_bits());
        assert_eq!(exponential(0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(exponential(1.0).to_bits(), std::f64::consts::E.to_bits());
    }

    /// The ends of the clamp, as `docs/method.md` and the module's page state them.
    #[test]
    fn the_ends_have_their_values() {
        assert!((divergence(0.0, -3.0) + 0.669_83).abs() < 5e-6);
        assert!((divergence(1.0, -20.0) - 3.970_14).abs() < 5e-6);
        assert!(divergence(f64::NAN, 0.0).is_nan() && divergence(1.0, f64::NAN).is_nan());
    }

    #[test]
    fn gradients_are_finite_differences() {
        for mean in [-0.7, 0.02, 1.3] {
            for log_sigma in [-5.0, -3.0, -1.1, 0.4] {
                let found = gradients(mean, log_sigma);
                let h = 1e-6;
                let to_mean = (divergence(mean + h * mean, log_sigma) - divergence(mean - h * mean, log_sigma))
                    / (2.0 * h * mean);
                let to_log_sigma = (divergence(mean, log_sigma + h) - divergence(mean, log_sigma - h)) / (2.0 * h);
                for (found, wanted) in found.iter().zip([to_mean, to_log_sigma]) {
                    assert!((found - wanted).abs() <= 1e-8 * wanted.abs().max(1.0), "{mean} {log_sigma}: {found}");
                }
            }
        }
    }
}
