//! The penalty of the log-uniform prior in the two passes of a step over all parameters.
//!
//! The first needs of the penalty its value and its gradient's square, the second its gradient. Both work it out anew
//! from mean and log sigma: a few instructions a weight, where a gradient of full size would have to go to memory and
//! back. Where the data loss reads some rows alone, its gradient is read and added only there.

mod data;
mod first;
mod second;
mod weight;

pub(super) use first::penalize;
pub(super) use second::adam_penalized;

/// Weights that a kernel works on at a time, small enough for what it keeps of each to stay in the nearest cache.
const CHUNK: usize = 512;
