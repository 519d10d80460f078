//! The custom ops behind one trait.
//!
//! [`Ops`] names what the models need beyond plain tensor arithmetic: noisy weights, the penalty, the recurrence, the
//! cross entropy and Adam. [`Composed`] builds each out of Burn's own ops, on any backend; it is the version that
//! tests trust. [`Fused`] runs kernels of the backend that the tensors live on, a folder each, and must agree with it.
//!
//! Every matrix is a `Tensor<2>`; a vector of `n` numbers has shape `[1, n]`. Sequences are time-major and
//! without padding; [`RecurrenceInputs`] says how.

mod backends;
mod composed;
#[cfg(feature = "wgpu")]
mod cube;
mod extension;
mod fault;
mod flex;
mod fused;
pub mod noise;
mod open_error;
mod ops;
#[cfg(feature = "tch")]
mod portable;
mod real;
#[cfg(feature = "tch")]
mod tch;
mod vectorized;

pub use backends::{Engine, Found, compiled_backends, open, survey};
pub use composed::Composed;
pub use fault::{Fault, guarded};
pub use fused::Fused;
pub use noise::{Noise, NoiseKey};
pub use open_error::OpenError;
pub use ops::{AdamStep, DataGradients, Moments, Ops, Penalized, RecurrenceInputs};
