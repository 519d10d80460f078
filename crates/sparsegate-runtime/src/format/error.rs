//! Errors of reading and writing the file format.

use alloc::string::String;
use core::fmt;

use super::FORMAT;
use crate::model::InvalidModel;

/// Why bytes cannot be read as a compact model, or a model cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatError {
    /// Not a valid safetensors file.
    Container(String),
    /// A safetensors file that is not a compact model.
    NotCompact,
    /// A newer version of the format.
    TooNew(u32),
    /// The metadata entry `sparsegate-compact` is invalid.
    Header(String),
    /// A tensor is missing, or has the wrong type or shape.
    Tensor {
        /// Name of the tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The parts of the model are inconsistent.
    Model(InvalidModel),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container(problem) => write!(f, "not a safetensors file: {problem}"),
            Self::NotCompact => f.write_str(
                "a safetensors file, but not a compact model: its metadata has no entry `sparsegate-compact`",
            ),
            Self::TooNew(found) => {
                write!(f, "format {found} is newer than {FORMAT}, the newest this program reads; use a newer program")
            }
            Self::Header(problem) => write!(f, "its metadata entry `sparsegate-compact` is damaged: {problem}"),
            Self::Tensor { name, problem } => write!(f, "tensor `{name}` {problem}"),
            Self::Model(invalid) => write!(f, "{invalid}"),
        }
    }
}

impl core::error::Error for FormatError {}

impl From<InvalidModel> for FormatError {
    fn from(invalid: InvalidModel) -> Self {
        Self::Model(invalid)
    }
}
