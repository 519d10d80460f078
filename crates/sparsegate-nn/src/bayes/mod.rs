//! What a variational weight is.
//!
//! A quantity w (a weight, or the factor of a group of weights) has the posterior N(mean, sigma^2) with
//! `log_sigma = ln sigma` learned beside the mean, and a log-uniform prior p(|w|) ~ 1 / |w|. Its noise-to-signal ratio
//!
//! ```text
//! log_alpha = 2 log_sigma - ln(mean^2)
//! ```
//!
//! decides its fate: above [`PRUNE_LIMIT`] it is noise, and zero. The Kullback-Leibler divergence between posterior and
//! prior is approximated, up to a constant, by the penalty
//!
//! ```text
//! 0.5 ln(1 + exp(-a)) - 0.03 - 0.64 s(1.5 (a + 1.3)),   a = clamp(log_alpha, -8, 8),   s(x) = 1 / (1 + exp(-x))
//! ```
//!
//! (arXiv 1812.05692's published code; the constants are its own, and at a = 8 the value is -0.66983, not zero).

mod variational;

pub use variational::{Make, Variational};

/// A quantity whose log alpha is above this is pruned.
pub const PRUNE_LIMIT: f64 = 3.0;

/// Log sigma at the start of training.
pub const INITIAL_LOG_SIGMA: f64 = -3.0;
