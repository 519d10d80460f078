//! Variational weights: posterior, prior, KL divergence and pruning threshold.
//!
//! A variational parameter w (a weight, or the factor of a group of weights) has the posterior N(mean, sigma^2), of
//! which the mean and `log_sigma = ln sigma` are learned, and the log-uniform prior p(|w|) ~ 1 / |w|. Its
//! noise-to-signal ratio
//!
//! ```text
//! log_alpha = 2 log_sigma - ln(mean^2)
//! ```
//!
//! decides whether it is pruned: above [`LOG_ALPHA_LIMIT`](sparsegate_core::LOG_ALPHA_LIMIT) it counts as noise, and
//! evaluation sets it to zero. The Kullback-Leibler (KL) divergence of the posterior from the prior is approximated, up
//! to a constant, by
//!
//! ```text
//! 0.5 ln(1 + exp(-a)) - 0.03 - 0.64 s(1.5 (a + 1.3)),   a = clamp(log_alpha, -8, 8),   s(x) = 1 / (1 + exp(-x))
//! ```
//!
//! (the published code of arXiv 1812.05692, including its constants; at a = 8 the value is -0.66983, not zero). [`kl`]
//! has the constants and the formula for one weight. `docs/method.md` describes the method. In the code, `kl` and
//! `kl_divergence` are this approximation of the KL divergence.

pub mod kl;
mod matrix;

pub use matrix::{CreateTensor, VariationalMatrix};

/// The KL divergence of a parameter that is pure noise: its value at the upper end of the clamp, where it is lowest. A
/// mean of zero, whose log alpha is infinite, reaches that end.
pub(crate) fn kl_of_noise() -> f64 {
    kl::divergence(0.0, 0.0)
}

/// Initial value of every log sigma.
pub const INITIAL_LOG_SIGMA: f64 = -3.0;
