//! From the name of a backend to a device and its ops.

use burn::tensor::Device;

use super::fused::Fused;
use super::open_error::OpenError;
use super::ops::Ops;
use sparsegate_core::Backend;

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

/// The engine of a backend.
///
/// # Errors
/// [`OpenError`] when this build or this machine lacks something.
pub fn open(backend: Backend) -> Result<Engine, OpenError> {
    match backend {
        Backend::Flex => Ok(Engine { device: Device::flex(), ops: &Fused, reading: 1 }),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu { adapter } => super::cube::open(adapter),
        #[cfg(feature = "tch")]
        Backend::Tch { cuda } => super::tch::open(cuda),
        #[cfg(not(all(feature = "wgpu", feature = "tch")))]
        wanted => Err(OpenError::NotCompiled { wanted, compiled: compiled_backends() }),
    }
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

/// What there is of one kind of backend.
#[derive(Debug, Clone)]
pub struct Found {
    /// As [`Backend::kind`] writes it.
    pub kind: &'static str,
    /// Its devices: how a spec names each, and what it is.
    pub devices: Vec<(Backend, String)>,
    /// Why it has none.
    pub missing: Option<OpenError>,
}

/// All kinds of backends, with what there is of them in this build on this machine.
pub fn survey() -> Vec<Found> {
    let found = |wanted: Backend, devices: Vec<(Backend, String)>| {
        let missing = if devices.is_empty() { open(wanted).err() } else { None };
        Found { kind: wanted.kind(), devices, missing }
    };
    let cpu = vec![(Backend::Flex, "CPU".to_owned())];
    vec![
        found(Backend::Flex, cpu),
        found(Backend::Wgpu { adapter: None }, adapters()),
        found(Backend::Tch { cuda: None }, libtorch()),
        found(Backend::Tch { cuda: Some(0) }, cuda_devices()),
    ]
}

fn adapters() -> Vec<(Backend, String)> {
    #[cfg(feature = "wgpu")]
    let names = super::cube::devices();
    #[cfg(not(feature = "wgpu"))]
    let names: Vec<String> = Vec::new();
    names.into_iter().enumerate().map(|(index, name)| (Backend::Wgpu { adapter: Some(index) }, name)).collect()
}

fn libtorch() -> Vec<(Backend, String)> {
    #[cfg(feature = "tch")]
    if super::tch::open(None).is_ok() {
        return vec![(Backend::Tch { cuda: None }, super::tch::describe())];
    }
    Vec::new()
}

fn cuda_devices() -> Vec<(Backend, String)> {
    #[cfg(feature = "tch")]
    let names = super::tch::cuda_devices();
    #[cfg(not(feature = "tch"))]
    let names: Vec<String> = Vec::new();
    names.into_iter().enumerate().map(|(index, name)| (Backend::Tch { cuda: Some(index) }, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_devices_that_open_or_a_reason() {
        for found in survey() {
            assert_eq!(found.devices.is_empty(), found.missing.is_some(), "{found:?}");
            for (backend, name) in &found.devices {
                assert!(open(*backend).is_ok(), "{backend} {name}");
                assert_eq!(backend.kind(), found.kind);
            }
        }
    }
}
