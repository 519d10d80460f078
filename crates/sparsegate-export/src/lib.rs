//! Exports a compact model for other programs, as an ONNX graph or as a PyTorch layer.
//!
//! ```text
//! Model --dense--> dense matrices by gate ---+--onnx-----> graph of standard operators
//!                                            +--pytorch--> tensors with the names of nn.LSTM
//! ```
//!
//! Both formats contain the compact network: its units, its dimensions, and the symbols that have a row. Its sparse
//! matrices are written densely, with zeros, because neither format has a sparse recurrent layer. A constant gate has
//! zero weights, so that it equals the activation of its bias.
//!
//! | file | contents |
//! |---|---|
//! | `dense` | dense matrices by gate, and how symbols become vectors |
//! | `description` | the JSON metadata: words, classes, sizes |
//! | `onnx` | the graph |
//! | `pytorch` | the tensors |

mod dense;
mod description;
mod error;
mod onnx;
mod pytorch;
#[cfg(test)]
mod tests;

use sparsegate_runtime::format::{File, FormatError};

pub use error::ExportError;
use sparsegate_compact::{Details, check_outputs};

/// The file formats of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// sparsegate's own format: the smallest; `predict` and `generate` read it.
    Compact,
    /// An ONNX graph, for ONNX Runtime and others.
    Onnx,
    /// A dense layer with PyTorch's names, as safetensors.
    Safetensors,
}

impl ExportFormat {
    /// The extension of the file name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Compact => "compact.safetensors",
            Self::Onnx => "onnx",
            Self::Safetensors => "safetensors",
        }
    }

    /// Encodes a compact file in this format. The same model always gives the same bytes.
    ///
    /// # Errors
    /// A model with weights or outputs that are not finite, whose dense matrices are too large, whose cell PyTorch does
    /// not have, or whose details cannot be decoded as [`Details`]. Without details
    /// the exported file contains no words.
    pub fn write(self, file: &File) -> Result<Vec<u8>, ExportError> {
        let details = || -> Result<Option<Details>, ExportError> {
            if file.details.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_str(&file.details)?)) }
        };
        file.model.check().map_err(FormatError::from)?;
        check_outputs(&file.model)?;
        match self {
            Self::Compact => Ok(file.write()?),
            Self::Onnx => onnx::write(&file.model, details()?.as_ref()),
            Self::Safetensors => pytorch::write(&file.model, details()?.as_ref()),
        }
    }
}

// The example of the README is a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
