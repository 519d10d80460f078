//! What can be wrong with a file.

use alloc::string::String;
use core::fmt;

use super::FORMAT;
use crate::model::Invalid;

/// Why bytes are no compact model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatError {
    /// It is not safetensors.
    Container(String),
    /// It is safetensors, but not of a compact model.
    Foreign,
    /// A newer version.
    Newer(u32),
    /// The entry `sparsegate-compact` of the metadata.
    Header(String),
    /// A tensor that is missing, or not of the type or shape that it should have.
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Parts that do not fit each other.
    Model(Invalid),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(problem) => write!(f, "not a safetensors file: {problem}"),
            Self::Foreign => f.write_str(
                "a safetensors file, but not of a compact model: its metadata has no entry `sparsegate-compact`",
            ),
            Self::Newer(found) => {
                write!(f, "format {found} is newer than {FORMAT}, the newest this program reads; use a newer program")
            }
            Self::Header(problem) => write!(f, "its metadata entry `sparsegate-compact` is damaged: {problem}"),
            Self::Tensor { name, problem } => write!(f, "tensor `{name}` {problem}"),
            Self::Model(invalid) => write!(f, "{invalid}"),
        }
    }
}

impl core::error::Error for FormatError {}

impl From<Invalid> for FormatError {
    fn from(invalid: Invalid) -> Self {
        Self::Model(invalid)
    }
}
