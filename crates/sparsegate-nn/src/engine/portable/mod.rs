//! The kernels out of a backend's primitive ops, with a handwritten backward, for a backend without kernels of its own.
//!
//! What autodiff over the composed ops would do otherwise: the backward of the recurrence is linear in the number of
//! steps, the recurrent weights' gradient is one product over all steps, what a step made of its preactivations is made
//! again in a few ops over all steps, and noise is drawn again instead of kept. Ops are few and large: on a GPU each one
//! is a launch.

mod cross_entropy;
mod gate;
mod noisy;
mod penalty;
mod recurrence;
mod values;

pub(super) use cross_entropy::{cross_entropy, cross_entropy_value};
pub(super) use noisy::{row_gradients, rows, sample, sample_gradient};
pub(super) use penalty::{adam_penalized, penalize};
pub(super) use recurrence::{backward, forward};
pub(super) use values::Values;
