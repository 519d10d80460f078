//! Kernels built from a backend's primitive ops, with handwritten backward passes, for backends without own kernels.
//!
//! Differences to autodiff over the composed ops: the backward pass of the recurrence is linear in the number of steps;
//! the gradient of the recurrent weights is one product over all steps; the values that steps computed from their
//! preactivations are recomputed by a few ops over all steps; and noise is regenerated instead of stored. Few large ops
//! are used, because on a GPU each op is a launch.

mod cross_entropy;
mod gate;
mod kl;
mod noisy;
mod recurrence;
mod values;

pub(super) use cross_entropy::{cross_entropy, cross_entropy_value};
pub(super) use kl::{adam_variational, kl_and_gradient_norm};
pub(super) use noisy::{row_gradients, rows, sample, sample_gradient};
pub(super) use recurrence::{backward, forward};
pub(super) use values::Primitive;
