//! The kernels as Burn backend extensions.
//!
//! [`Kernels`] is what a backend brings, forward and backward on its own tensors. [`SparseOps`] is what Burn routes to the
//! backend a tensor lives on; outside autodiff it calls the kernels, inside it registers their backward too.

mod autodiff;
mod kernels;
mod primitives;
mod routing;

pub use kernels::Kernels;
pub use primitives::{
    AdamPrimitives, Factor, MomentPrimitives, PenaltyPrimitives, RecurrenceGradients, RecurrencePrimitives,
    RecurrenceSaved,
};
pub use routing::SparseOps;
