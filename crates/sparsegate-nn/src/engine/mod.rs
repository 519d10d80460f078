//! The custom tensor operations, behind one trait.
//!
//! [`Ops`] lists what the models need beyond plain tensor arithmetic: noisy weights, the KL divergence, the recurrence,
//! the cross entropy and Adam. [`ReferenceOps`] builds each of them from Burn's own ops and runs on any backend; it
//! is the reference that tests compare with. [`FusedOps`] runs handwritten kernels of the backend that holds the
//! tensors (one folder per backend) and must give the same results.
//!
//! Every matrix is a `Tensor<2>`; a vector of `n` numbers has shape `[1, n]`. Sequences are time-major and
//! without padding, as described at [`RecurrenceInputs`].

mod backends;
#[cfg(feature = "wgpu")]
mod cube;
mod extension;
mod fault;
mod flex;
mod float;
mod fused;
pub mod noise;
mod open_error;
mod ops;
#[cfg(feature = "tch")]
mod portable;
mod reference;
mod simd;
#[cfg(feature = "tch")]
mod tch;

pub use backends::{BackendDevices, Engine, compiled_backends, list_devices, open, ops_for};
pub use fault::{BackendFailure, catch_backend_panic};
pub use fused::FusedOps;
pub use noise::{Noise, NoiseKey};
pub use open_error::OpenError;
pub use ops::{AdamStep, DataGradients, KlAndNorm, Moments, Ops, RecurrenceInputs};
pub use reference::ReferenceOps;
pub(crate) use reference::kl_divergence;
