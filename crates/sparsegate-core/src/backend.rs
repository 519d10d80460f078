//! The backend that a run trains on.

#[cfg(feature = "schema")]
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The device of the tensors and the kernels used, as written in a spec: `flex`, `wgpu`, `wgpu:1`, `tch`, `tch:cuda`,
/// `tch:cuda:1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Backend {
    /// Pure Rust on the CPU.
    #[default]
    Flex,
    /// A GPU through Vulkan, Metal or DirectX 12, or a software Vulkan; requires the cargo feature `wgpu`.
    Wgpu {
        /// Index of the adapter; `None` leaves the choice to the driver.
        adapter: Option<usize>,
    },
    /// libtorch; requires the cargo feature `tch`.
    Tch {
        /// Index of the CUDA device; `None` for the CPU.
        cuda: Option<usize>,
    },
}

impl Backend {
    /// The kind of backend, without a device index: `flex`, `wgpu`, `tch` or `tch:cuda`.
    pub fn kind(self) -> &'static str {
        match self {
            Backend::Flex => "flex",
            Backend::Wgpu { .. } => "wgpu",
            Backend::Tch { cuda: None } => "tch",
            Backend::Tch { cuda: Some(_) } => "tch:cuda",
        }
    }

    /// The backend without its device index, as it enters a run's key: devices of one kind are assumed to give the same
    /// results.
    #[must_use]
    pub fn any_device(self) -> Self {
        match self {
            Backend::Flex | Backend::Tch { cuda: None } => self,
            Backend::Wgpu { .. } => Backend::Wgpu { adapter: None },
            Backend::Tch { cuda: Some(_) } => Backend::Tch { cuda: Some(0) },
        }
    }

    /// The cargo feature that enables this backend; `None` if it is always available.
    pub fn feature(self) -> Option<&'static str> {
        match self {
            Backend::Flex => None,
            Backend::Wgpu { .. } => Some("wgpu"),
            Backend::Tch { .. } => Some("tch"),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Backend::Wgpu { adapter: Some(index) } => write!(f, "wgpu:{index}"),
            // `tch:cuda` without an index means the first device.
            Backend::Tch { cuda: Some(index @ 1..) } => write!(f, "tch:cuda:{index}"),
            _ => f.write_str(self.kind()),
        }
    }
}

/// Error for a text that is not the name of a backend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown backend `{0}`; known are flex, wgpu, wgpu:N, tch, tch:cuda and tch:cuda:N, N counting devices from 0")]
pub struct UnknownBackend(String);

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(text: &str) -> Result<Self, UnknownBackend> {
        let unknown = || UnknownBackend(text.to_owned());
        let index = |digits: &str| digits.parse().map_err(|_| unknown());
        match text.split(':').collect::<Vec<_>>().as_slice() {
            ["flex"] => Ok(Backend::Flex),
            ["wgpu"] => Ok(Backend::Wgpu { adapter: None }),
            ["wgpu", digits] => Ok(Backend::Wgpu { adapter: Some(index(digits)?) }),
            ["tch"] => Ok(Backend::Tch { cuda: None }),
            ["tch", "cuda"] => Ok(Backend::Tch { cuda: Some(0) }),
            ["tch", "cuda", digits] => Ok(Backend::Tch { cuda: Some(index(digits)?) }),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for Backend {
    type Error = UnknownBackend;

    fn try_from(text: String) -> Result<Self, UnknownBackend> {
        text.parse()
    }
}

impl From<Backend> for String {
    fn from(backend: Backend) -> Self {
        backend.to_string()
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for Backend {
    fn schema_name() -> Cow<'static, str> {
        "Backend".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The device of the tensors and the kernels used; `:N` is a device index, counted from 0",
            "type": "string",
            "pattern": "^(flex|wgpu(:[0-9]+)?|tch(:cuda(:[0-9]+)?)?)$",
            "default": "flex"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_are_written_as_they_are_read() {
        for text in ["flex", "wgpu", "wgpu:0", "wgpu:2", "tch", "tch:cuda", "tch:cuda:3"] {
            assert_eq!(text.parse::<Backend>().map(|backend| backend.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("tch:cuda:0".parse(), "tch:cuda".parse::<Backend>());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "cuda", "flex:1", "wgpu:", "wgpu:x", "wgpu:1:2", "tch:cpu", "tch:cuda:-1", "Flex"] {
            let error = text.parse::<Backend>().expect_err(text).to_string();
            assert!(error.contains("known are flex"), "{error}");
        }
    }
}
