//! From the name of a backend to a device and its ops.

use burn::tensor::Device;

use super::fused::Fused;
use super::ops::Ops;
use crate::spec::types::Backend;

/// A device with its ops.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Where tensors live.
    pub device: Device,
    /// What computes there.
    pub ops: &'static dyn Ops,
    /// Steps whose numbers are read from the device together. 1 where reading costs nothing; more where the host would
    /// wait for a device that otherwise computes beside it.
    pub reading: usize,
}

/// A backend this build does not contain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("backend `{wanted}` is not in this build, which has: {}", .compiled.join(", "))]
pub struct NotCompiled {
    /// What was asked for.
    pub wanted: String,
    /// What there is.
    pub compiled: Vec<&'static str>,
}

/// A backend that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is not in this build.
    #[error(transparent)]
    NotCompiled(#[from] NotCompiled),
    /// wgpu has no such adapter.
    #[cfg(feature = "wgpu")]
    #[error(transparent)]
    Adapter(#[from] super::cube::AdapterError),
}

/// Kinds of the backends in this build; `tch` stands for `tch:cuda` too.
pub fn compiled_backends() -> Vec<&'static str> {
    let mut compiled = vec!["flex"];
    if cfg!(feature = "wgpu") {
        compiled.push("wgpu");
    }
    if cfg!(feature = "tch") {
        compiled.push("tch");
    }
    compiled
}

/// Whether this build has a backend.
///
/// # Errors
/// [`NotCompiled`] when it lacks it.
pub fn check(backend: Backend) -> Result<(), NotCompiled> {
    let compiled = compiled_backends();
    if backend.feature().is_none_or(|feature| compiled.contains(&feature)) {
        return Ok(());
    }
    Err(NotCompiled { wanted: backend.to_string(), compiled })
}

/// The engine of a backend.
///
/// # Errors
/// [`OpenError`] when this build lacks it, or this machine its device.
pub fn open(backend: Backend) -> Result<Engine, OpenError> {
    match backend {
        Backend::Flex => Ok(Engine { device: Device::flex(), ops: &Fused, reading: 1 }),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu { adapter } => Ok(super::cube::open(adapter)?),
        #[cfg(feature = "tch")]
        Backend::Tch { cuda } => Ok(super::tch::open(cuda)),
        #[cfg(not(all(feature = "wgpu", feature = "tch")))]
        other => Err(NotCompiled { wanted: other.to_string(), compiled: compiled_backends() }.into()),
    }
}
