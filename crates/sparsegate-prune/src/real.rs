//! The element types that masks can be computed from.

/// A floating-point element, `f32` or `f64`. Pruning is computed in the type that the weights are stored in.
pub trait Real: Copy + Send + Sync {
    /// `2 * log_sigma - ln(mean^2)`, not clamped. Plus infinity for a mean of zero or one whose square underflows.
    fn log_alpha(mean: Self, log_sigma: Self) -> Self;

    /// The number as `f64`.
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    fn log_alpha(mean: Self, log_sigma: Self) -> Self {
        2.0 * log_sigma - (mean * mean).ln()
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn log_alpha(mean: Self, log_sigma: Self) -> Self {
        2.0 * log_sigma - (mean * mean).ln()
    }

    fn to_f64(self) -> f64 {
        self
    }
}
