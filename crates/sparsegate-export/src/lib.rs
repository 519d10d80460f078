//! A compact model for other programs: as an ONNX graph, or as a layer of PyTorch.
//!
//! ```text
//! Model --dense--> matrices of whole gates --+--onnx-----> graph of standard operators
//!                                            +--pytorch--> tensors with the names of nn.LSTM
//! ```
//!
//! Both hold the network that is left: its units, its dimensions, the symbols that have a row. What is sparse inside them is
//! written with its zeros, since neither has a sparse recurrent layer; a gate that is constant has zero weights, so that it is
//! its bias.
//!
//! | file | idea |
//! |---|---|
//! | `dense` | the matrices with zeros, gate by gate, and how symbols become vectors |
//! | `description` | the JSON beside the numbers: words, classes, sizes |
//! | `onnx` | the graph |
//! | `pytorch` | the tensors |

mod dense;
mod description;
mod error;
mod onnx;
mod pytorch;
#[cfg(test)]
mod tests;

use sparsegate_runtime::format::File;

pub use error::ExportError;
use sparsegate_compact::Details;

/// What a model can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Our own: the smallest, what `predict` and `generate` read.
    Compact,
    /// An ONNX graph, for ONNX Runtime and others.
    Onnx,
    /// A dense layer with PyTorch's names, as safetensors.
    Safetensors,
}

impl Format {
    /// Ending of the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Compact => "compact.safetensors",
            Self::Onnx => "onnx",
            Self::Safetensors => "safetensors",
        }
    }

    /// The bytes of the file, the same for the same model.
    ///
    /// # Errors
    /// A model whose dense matrices are too large, or whose details are not [`Details`]; without details there are no words
    /// in the file.
    pub fn write(self, file: &File) -> Result<Vec<u8>, ExportError> {
        let details = || -> Result<Option<Details>, ExportError> {
            if file.details.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_str(&file.details)?)) }
        };
        match self {
            Self::Compact => Ok(file.write()?),
            Self::Onnx => onnx::write(&file.model, details()?.as_ref()),
            Self::Safetensors => pytorch::write(&file.model, details()?.as_ref()),
        }
    }
}
