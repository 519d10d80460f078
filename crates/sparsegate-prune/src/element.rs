//! The element types for which masks can be computed.

/// A floating-point element, `f32` or `f64`. Log alpha is computed in the type in which the weights are stored.
pub trait Element: Copy + Send + Sync {
    /// `2 * log_sigma - ln(mean^2)`, not clamped. Infinity if the mean is zero or its square underflows.
    fn log_alpha(mean: Self, log_sigma: Self) -> Self;

    /// The number as `f64`.
    fn to_f64(self) -> f64;
}

impl Element for f32 {
    fn log_alpha(mean: Self, log_sigma: Self) -> Self {
        2.0 * log_sigma - (mean * mean).ln()
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Element for f64 {
    fn log_alpha(mean: Self, log_sigma: Self) -> Self {
        2.0 * log_sigma - (mean * mean).ln()
    }

    fn to_f64(self) -> f64 {
        self
    }
}
