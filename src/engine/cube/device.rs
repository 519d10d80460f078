//! The adapters that wgpu finds, and the engine on one of them.

use burn::tensor::Device;
use burn_cubecl::CubeDevice;
use cubecl::wgpu::{WgpuDevice, WgpuDeviceKind};

use crate::engine::backends::Engine;
use crate::engine::fused::Fused;

/// What to do where no adapter is found.
const CURE: &str = "install the graphics driver's Vulkan part, or a software Vulkan: on Debian `apt-get install \
                    mesa-vulkan-drivers libvulkan1`";

/// Steps whose numbers are read together: reading waits for all that the device was given before.
const READING: usize = 16;

/// An adapter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdapterError {
    /// wgpu finds none at all.
    #[error("no graphics adapter; {CURE}")]
    None,
    /// There are fewer.
    #[error("no graphics adapter {wanted}; there are: {}", .found.join(", "))]
    Missing {
        /// Its number, from 0.
        wanted: usize,
        /// Those there are, as [`devices`] lists them.
        found: Vec<String>,
    },
}

/// The adapters of the graphics API that wgpu picks, in the order in which they are numbered.
fn adapters() -> Vec<WgpuDevice> {
    let devices = CubeDevice::enumerate_all().into_iter();
    devices
        .filter_map(|device| match device {
            CubeDevice::Wgpu(device) => Some(device),
            _ => None,
        })
        .collect()
}

/// The adapters that `wgpu:N` can name, such as `llvmpipe (software)`; none where there is no driver.
pub(in crate::engine) fn devices() -> Vec<String> {
    adapters().into_iter().map(|adapter| describe(&adapter)).collect()
}

/// Name and kind of an adapter, which this opens.
fn describe(adapter: &WgpuDevice) -> String {
    let kind = match adapter.kind {
        WgpuDeviceKind::DiscreteGpu(_) => "discrete GPU",
        WgpuDeviceKind::IntegratedGpu(_) => "integrated GPU",
        WgpuDeviceKind::VirtualGpu(_) => "virtual GPU",
        WgpuDeviceKind::Cpu => "software",
        _ => "of unknown kind",
    };
    let client = CubeDevice::Wgpu(adapter.clone()).client();
    format!("{} ({kind})", client.properties().identity.name)
}

/// The engine on an adapter; without a number, on the one that wgpu takes for the fastest.
///
/// # Errors
/// [`AdapterError`] when there is no such adapter.
pub(in crate::engine) fn open(adapter: Option<usize>) -> Result<Engine, AdapterError> {
    let mut found = adapters();
    if found.is_empty() {
        return Err(AdapterError::None);
    }
    let device = match adapter {
        None => WgpuDevice::new(WgpuDeviceKind::DefaultDevice),
        Some(wanted) if wanted < found.len() => found.swap_remove(wanted),
        Some(wanted) => return Err(AdapterError::Missing { wanted, found: devices() }),
    };
    Ok(Engine { device: Device::new(CubeDevice::Wgpu(device)), ops: &Fused, reading: READING })
}

#[cfg(test)]
mod tests {
    use super::{AdapterError, devices, open};

    #[test]
    fn an_adapter_that_is_not_there_is_named_with_those_that_are() {
        let found = devices();
        let error = open(Some(found.len())).expect_err("one more than there are");
        match found.as_slice() {
            [] => assert_eq!(error, AdapterError::None),
            [first, ..] => assert!(error.to_string().contains(first), "{error}"),
        }
    }
}
