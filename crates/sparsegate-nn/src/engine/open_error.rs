//! What a build or a machine can lack of a backend, and the cure.

use sparsegate_core::Backend;

/// A backend that cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is not in this build.
    #[error("backend `{wanted}` is not in this build, which has: {}", .compiled.join(", "))]
    NotCompiled {
        /// What was asked for.
        wanted: Backend,
        /// Kinds of the backends there are.
        compiled: Vec<&'static str>,
    },
    /// It finds no device at all.
    #[error("backend `{wanted}`: no device found")]
    NoDevice {
        /// What was asked for.
        wanted: Backend,
    },
    /// There are fewer devices.
    #[error("backend `{wanted}`: there is no such device, but {}", numbered(.found))]
    NoSuchDevice {
        /// What was asked for.
        wanted: Backend,
        /// The devices there are, in the order of their numbers.
        found: Vec<String>,
    },
    /// libtorch was compiled without CUDA.
    #[error("backend `{wanted}`: the libtorch of this build has no CUDA")]
    NoCuda {
        /// What was asked for.
        wanted: Backend,
    },
    /// The system's loader took another libtorch than the one of the build; the two lay tensors out differently.
    #[error("backend `{wanted}`: {library} is of version {found}, and this program was built against {built}")]
    OtherLibtorch {
        /// What was asked for.
        wanted: Backend,
        /// The library's path.
        library: String,
        /// Its version.
        found: String,
        /// The version of the headers of the build.
        built: &'static str,
    },
}

impl OpenError {
    /// What to do about it.
    pub fn cure(&self) -> String {
        match self {
            Self::NotCompiled { wanted, .. } => {
                let feature = wanted.feature().unwrap_or("default");
                let first = if feature == "tch" { "set LIBTORCH (scripts/get-libtorch.sh makes one) and " } else { "" };
                format!("{first}build with `cargo build --release --features {feature}`, or use --backend flex")
            }
            Self::NoDevice { wanted: Backend::Wgpu { .. } } => {
                "install the graphics driver's Vulkan part or, without a \
                GPU, a software Vulkan: on Debian `apt-get install mesa-vulkan-drivers libvulkan1`"
                    .to_owned()
            }
            Self::NoDevice { .. } => {
                "see whether `nvidia-smi` shows a GPU and a driver new enough for this CUDA, and whether \
                 CUDA_VISIBLE_DEVICES hides it"
                    .to_owned()
            }
            Self::NoSuchDevice { .. } => "take one of these; `sparsegate backends` lists them".to_owned(),
            Self::NoCuda { .. } => {
                "build with LIBTORCH naming a libtorch that has lib/libtorch_cuda.so, or use --backend \
                                    tch, which is the CPU"
                    .to_owned()
            }
            Self::OtherLibtorch { built, .. } => format!(
                "unset LD_LIBRARY_PATH, or let it name the lib folder of a libtorch {built}; or build anew against that one"
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
            (OpenError::NotCompiled { wanted: gpu, compiled: vec!["flex"] }, "wgpu:7", "--features wgpu"),
            (OpenError::NotCompiled { wanted: cuda, compiled: vec!["flex"] }, "which has: flex", "get-libtorch.sh"),
            (OpenError::NoDevice { wanted: gpu }, "wgpu:7", "mesa-vulkan-drivers"),
            (OpenError::NoDevice { wanted: cuda }, "tch:cuda:1", "nvidia-smi"),
            (OpenError::NoSuchDevice { wanted: gpu, found: vec!["llvmpipe".into()] }, "0 (llvmpipe)", "backends"),
            (OpenError::NoCuda { wanted: cuda }, "no CUDA", "LIBTORCH"),
        ];
        for (error, what, cure) in errors {
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.cure().contains(cure), "{}", error.cure());
        }
    }
}
