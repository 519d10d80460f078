//! The custom ops behind one trait.
//!
//! [`Ops`] names what the models need beyond plain tensor arithmetic: noisy weights, the penalty, the recurrence, the
//! cross entropy and Adam. [`Composed`] builds each out of Burn's own ops, on any backend; it is the version that
//! tests trust. [`FlexOps`] runs fused kernels on the CPU and must agree with it.
//!
//! Every matrix is a `Tensor<2>`; a vector of `n` numbers has shape `[1, n]`. Sequences are time-major and
//! without padding; [`RecurrenceInputs`] says how.

mod composed;
mod extension;
mod flex;
pub mod noise;
mod ops;
mod real;
mod vectorized;

pub use composed::Composed;
pub use flex::FlexOps;
pub use noise::{Noise, NoiseKey};
pub use ops::{AdamStep, Moments, Ops, RecurrenceInputs};

use burn::tensor::Device;

use crate::spec::types::Backend;

/// A backend this build does not contain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("backend `{wanted}` is not in this build, which has: {}", .compiled.join(", "))]
pub struct NotCompiled {
    /// What was asked for.
    pub wanted: String,
    /// What there is.
    pub compiled: Vec<&'static str>,
}

/// Names of the backends in this build.
pub fn compiled_backends() -> Vec<&'static str> {
    vec!["flex"]
}

/// The device and the ops of a backend.
///
/// # Errors
/// [`NotCompiled`] when this build lacks it.
pub fn open(backend: Backend) -> Result<(Device, &'static dyn Ops), NotCompiled> {
    let missing = |wanted: &str| NotCompiled { wanted: wanted.to_owned(), compiled: compiled_backends() };
    match backend {
        Backend::Flex => Ok((Device::flex(), &FlexOps)),
        Backend::Wgpu => Err(missing("wgpu")),
        Backend::Tch => Err(missing("tch")),
    }
}
