//! Opens a backend by name and lists the available ones.

use burn::backend::DispatchDevice;
use burn::tensor::Device;

use super::fused::FusedOps;
use super::open_error::OpenError;
use super::ops::Ops;
use super::reference::ReferenceOps;
use sparsegate_core::Backend;

/// A device and the ops that run on it.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The device that holds the tensors.
    pub device: Device,
    /// What the device is: the name of an adapter, or libtorch with its version.
    pub name: String,
    /// The ops that run on it.
    pub ops: &'static dyn Ops,
    /// Steps between host reads of the step metrics; 1 on the CPU. On a device that computes asynchronously a read
    /// makes the host wait, so the metrics of several steps are read together.
    pub metrics_interval: usize,
}

/// Opens a backend.
///
/// # Errors
/// [`OpenError`] if the backend is not in this build, or this machine has no such device.
pub fn open(backend: Backend) -> Result<Engine, OpenError> {
    match backend {
        Backend::Flex => {
            Ok(Engine { device: Device::flex(), name: "CPU".to_owned(), ops: &FusedOps, metrics_interval: 1 })
        }
        #[cfg(feature = "wgpu")]
        Backend::Wgpu { adapter } => super::cube::open(adapter),
        #[cfg(feature = "tch")]
        Backend::Tch { cuda } => super::tch::open(cuda),
        #[cfg(not(all(feature = "wgpu", feature = "tch")))]
        wanted => Err(OpenError::NotCompiled { backend: wanted, compiled: compiled_backends() }),
    }
}

/// The ops for tensors of a device: fused kernels where this build has them for the device's backend, otherwise the
/// composed ops, which run on every backend.
pub fn ops_for(device: &Device) -> &'static dyn Ops {
    match device.clone().inner().as_dispatch() {
        DispatchDevice::Flex(_) => &FusedOps,
        #[cfg(feature = "wgpu")]
        DispatchDevice::Cube(_) => &FusedOps,
        #[cfg(feature = "tch")]
        DispatchDevice::LibTorch(_) => &FusedOps,
        _ => &ReferenceOps,
    }
}

/// The kinds of backends in this build; `tch` covers `tch:cuda`.
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

/// The devices available for one kind of backend.
#[derive(Debug, Clone)]
pub struct BackendDevices {
    /// The kind, as in [`Backend::kind`].
    pub kind: &'static str,
    /// Its devices: the backend as specs name it, and a description.
    pub devices: Vec<(Backend, String)>,
    /// Why there are no devices; `None` if there are some.
    pub error: Option<OpenError>,
}

/// Lists all kinds of backends with their devices, as available in this build and on this machine.
pub fn list_devices() -> Vec<BackendDevices> {
    let found = |wanted: Backend, devices: Vec<(Backend, String)>| {
        let error = if devices.is_empty() { open(wanted).err() } else { None };
        BackendDevices { kind: wanted.kind(), devices, error }
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
        return vec![(Backend::Tch { cuda: None }, super::tch::describe("CPU"))];
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
        for found in list_devices() {
            assert_eq!(found.devices.is_empty(), found.error.is_some(), "{found:?}");
            for (backend, name) in &found.devices {
                assert!(open(*backend).is_ok(), "{backend} {name}");
                assert_eq!(backend.kind(), found.kind);
            }
        }
    }
}
