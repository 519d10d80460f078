//! The KL divergence from the log-uniform prior, computed in the two passes of a step over all parameters.
//!
//! The first pass needs its value and the square of the total gradient, the second needs the gradient. Both compute
//! them from mean and log sigma, which takes a few instructions per weight; a full-size gradient would have to be
//! written to memory and read back. If the data loss reads only some rows, its gradient is read and added only there.

mod adam;
mod data;
mod kl_and_norm;
mod weight;

pub(super) use adam::adam_variational;
pub(super) use kl_and_norm::kl_and_gradient_norm;

/// Weights that a kernel processes at a time: few enough for their intermediate results to stay in the first-level
/// cache.
const SUBCHUNK: usize = 512;
