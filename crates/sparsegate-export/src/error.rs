//! Why a model cannot be exported.

use sparsegate_runtime::format::FormatError;

/// Why a model cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Beyond what a protobuf message may be.
    #[error(
        "the model's matrices with their zeros take {bytes} bytes, and {} is the most; export it as `compact`, which \
         stores what is not zero",
        super::dense::LARGEST
    )]
    TooLarge {
        /// What they take.
        bytes: u128,
    },
    /// The words and classes beside the model.
    #[error("the details of the compact file cannot be read, or not written: {0}")]
    Details(#[from] serde_json::Error),
    /// The model does not hold together.
    #[error(transparent)]
    Model(#[from] FormatError),
    /// The container of tensors.
    #[error("cannot put the tensors together: {0}")]
    Container(#[from] safetensors::SafeTensorError),
}
