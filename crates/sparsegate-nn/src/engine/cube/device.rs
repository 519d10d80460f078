//! Lists the wgpu adapters and opens the engine on one of them.

use burn::tensor::Device;
use burn_cubecl::CubeDevice;
use cubecl::wgpu::{WgpuDevice, WgpuDeviceKind};

use crate::engine::backends::Engine;
use crate::engine::fused::FusedOps;
use crate::engine::open_error::OpenError;
use sparsegate_core::Backend;

/// Steps between host reads of the step metrics; a read waits for all work submitted to the device before it.
const METRICS_INTERVAL: usize = 16;

/// The adapters of the graphics API that wgpu selects, ordered by their numbers.
fn adapters() -> Vec<WgpuDevice> {
    let devices = CubeDevice::enumerate_all().into_iter();
    devices
        .filter_map(|device| match device {
            CubeDevice::Wgpu(device) => Some(device),
            _ => None,
        })
        .collect()
}

/// Names of the adapters that `wgpu:N` can select, such as `llvmpipe (software)`; empty without a driver.
pub(in crate::engine) fn devices() -> Vec<String> {
    adapters().into_iter().map(|adapter| describe(&adapter)).collect()
}

/// Name and kind of an adapter; opens the adapter to read its name.
fn describe(adapter: &WgpuDevice) -> String {
    let kind = match adapter.kind {
        WgpuDeviceKind::DiscreteGpu(_) => "discrete GPU",
        WgpuDeviceKind::IntegratedGpu(_) => "integrated GPU",
        WgpuDeviceKind::VirtualGpu(_) => "virtual GPU",
        WgpuDeviceKind::Cpu => "software",
        WgpuDeviceKind::DefaultDevice => "the default adapter",
        _ => "of unknown kind",
    };
    let client = CubeDevice::Wgpu(adapter.clone()).client();
    format!("{} ({kind})", client.properties().identity.name)
}

/// Opens the engine on an adapter; without a number, on the one that wgpu considers the fastest.
///
/// # Errors
/// [`OpenError`] if there is no such adapter.
pub(in crate::engine) fn open(adapter: Option<usize>) -> Result<Engine, OpenError> {
    let mut found = adapters();
    if found.is_empty() {
        return Err(OpenError::NoDevice { backend: Backend::Wgpu { adapter } });
    }
    let device = match adapter {
        None => WgpuDevice::new(WgpuDeviceKind::DefaultDevice),
        Some(wanted) if wanted < found.len() => found.swap_remove(wanted),
        Some(_) => {
            return Err(OpenError::NoSuchDevice { backend: Backend::Wgpu { adapter }, found: devices() });
        }
    };
    let name = describe(&device);
    let device = Device::new(CubeDevice::Wgpu(device));
    Ok(Engine { device, name, ops: &FusedOps, metrics_interval: METRICS_INTERVAL })
}

#[cfg(test)]
mod tests {
    use super::{OpenError, devices, open};

    #[test]
    fn an_adapter_that_is_not_there_is_named_with_those_that_are() {
        let found = devices();
        let error = open(Some(found.len())).expect_err("one more than there are");
        match found.as_slice() {
            [] => assert!(matches!(error, OpenError::NoDevice { .. })),
            [first, ..] => assert!(error.to_string().contains(first), "{error}"),
        }
    }
}
