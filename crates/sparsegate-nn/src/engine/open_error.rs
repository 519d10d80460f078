//! Reasons why a backend cannot be opened, and a hint for each.

use sparsegate_core::Backend;

/// A backend that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// This build does not contain the backend.
    #[error("backend `{backend}` is not in this build, which has: {}", .compiled.join(", "))]
    NotCompiled {
        /// The requested backend.
        backend: Backend,
        /// The kinds of backends that the build contains.
        compiled: Vec<&'static str>,
    },
    /// The backend finds no device.
    #[error("backend `{backend}`: no device found")]
    NoDevice {
        /// The requested backend.
        backend: Backend,
    },
    /// No device has the requested number.
    #[error("backend `{backend}`: no such device; available: {}", numbered(.found))]
    NoSuchDevice {
        /// The requested backend.
        backend: Backend,
        /// The available devices, ordered by number.
        found: Vec<String>,
    },
    /// libtorch was compiled without CUDA.
    #[error("backend `{backend}`: the libtorch of this build has no CUDA")]
    NoCuda {
        /// The requested backend.
        backend: Backend,
    },
    /// The dynamic loader found a libtorch of another version than the build's; the two lay tensors out differently.
    #[error("backend `{backend}`: {library} has version {found}, but this program was built against {built}")]
    LibtorchMismatch {
        /// The requested backend.
        backend: Backend,
        /// The library's path.
        library: String,
        /// Its version.
        found: String,
        /// The version of the headers that the program was built with.
        built: &'static str,
    },
}

impl OpenError {
    /// A hint: how to make the backend available, or what to use instead.
    pub fn hint(&self) -> String {
        match self {
            Self::NotCompiled { backend, .. } => {
                let feature = backend.feature().unwrap_or("default");
                let first = if feature == "tch" { "set LIBTORCH (scripts/get-libtorch.sh gets one) and " } else { "" };
                format!("{first}build with `cargo build --release --features {feature}`, or use --backend flex")
            }
            Self::NoDevice { backend: Backend::Wgpu { .. } } => {
                "install the Vulkan driver of the GPU or, without a GPU, a software Vulkan driver: on Debian \
                 `apt-get install mesa-vulkan-drivers libvulkan1`"
                    .to_owned()
            }
            Self::NoDevice { .. } => {
                "check that `nvidia-smi` shows a GPU and a driver recent enough for this CUDA, and that \
                 CUDA_VISIBLE_DEVICES does not hide the GPU"
                    .to_owned()
            }
            Self::NoSuchDevice { .. } => "use one of these devices; `sparsegate backends` lists them".to_owned(),
            Self::NoCuda { .. } => {
                "build with LIBTORCH naming a libtorch that has lib/libtorch_cuda.so, or use --backend tch, which is \
                 the CPU"
                    .to_owned()
            }
            Self::LibtorchMismatch { built, .. } => format!(
                "unset LD_LIBRARY_PATH, set it to the lib folder of libtorch {built}, or rebuild against the one found"
            ),
        }
    }
}

fn numbered(devices: &[String]) -> String {
    let devices: Vec<String> = devices.iter().enumerate().map(|(number, name)| format!("{number} ({name})")).collect();
    devices.join(", ")
}

#[cfg(test)]
mod tests {
    use super::OpenError;
    use sparsegate_core::Backend;

    #[test]
    fn each_error_names_what_was_asked_for_and_has_a_cure_that_helps() {
        let gpu = Backend::Wgpu { adapter: Some(7) };
        let cuda = Backend::Tch { cuda: Some(1) };
        let errors = [
            (OpenError::NotCompiled { backend: gpu, compiled: vec!["flex"] }, "wgpu:7", "--features wgpu"),
            (OpenError::NotCompiled { backend: cuda, compiled: vec!["flex"] }, "which has: flex", "get-libtorch.sh"),
            (OpenError::NoDevice { backend: gpu }, "wgpu:7", "mesa-vulkan-drivers"),
            (OpenError::NoDevice { backend: cuda }, "tch:cuda:1", "nvidia-smi"),
            (OpenError::NoSuchDevice { backend: gpu, found: vec!["llvmpipe".into()] }, "0 (llvmpipe)", "backends"),
            (OpenError::NoCuda { backend: cuda }, "no CUDA", "LIBTORCH"),
        ];
        for (error, what, hint) in errors {
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.hint().contains(hint), "{}", error.hint());
        }
    }
}
