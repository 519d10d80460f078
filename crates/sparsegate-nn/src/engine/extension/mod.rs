//! The kernels as Burn backend extensions.
//!
//! A backend implements [`Kernels`], forward and backward passes on its own tensors. Burn routes the calls of
//! [`RoutedOps`] to the backend that holds the tensors. Outside autodiff these call the kernels directly; inside
//! autodiff they also register the backward passes.

mod autodiff;
mod kernels;
mod primitives;
mod routing;

pub use kernels::Kernels;
pub use primitives::{
    AdamPrimitives, MatmulOperand, RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved, VariationalMoments,
    VariationalPrimitives,
};
pub use routing::RoutedOps;
