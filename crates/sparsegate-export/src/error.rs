//! Errors of the export.

use sparsegate_compact::NotFinite;
use sparsegate_runtime::format::FormatError;

/// A model that cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The dense matrices exceed the limit of a protobuf message.
    #[error(
        "the model's dense matrices take {bytes} bytes, and {} is the limit; export it as `compact`, which stores \
         only non-zero weights",
        super::dense::MAX_BYTES
    )]
    TooLarge {
        /// Size of the dense matrices.
        bytes: u128,
    },
    /// PyTorch has no module that computes the model's cell.
    #[error("PyTorch has no module for the cell `{cell}`; export it as `onnx`, or as `compact`")]
    NoModule {
        /// Name of the cell.
        cell: String,
    },
    /// PyTorch's recurrent modules have no 8-bit weights.
    #[error("PyTorch's modules have no 8-bit weights; export it as `onnx` or as `compact`")]
    NoInt8,
    /// The details of the compact file cannot be decoded, or the description cannot be encoded.
    #[error("cannot read or write the words and classes as JSON: {0}")]
    Details(#[from] serde_json::Error),
    /// The model is not consistent.
    #[error(transparent)]
    Model(#[from] FormatError),
    /// The model's outputs are not finite.
    #[error(transparent)]
    Outputs(#[from] NotFinite),
    /// The safetensors container cannot be written.
    #[error("cannot write the safetensors container: {0}")]
    Container(#[from] safetensors::SafeTensorError),
}
