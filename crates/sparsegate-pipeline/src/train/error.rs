//! How training fails.

use camino::Utf8PathBuf;

use sparsegate_core::trainee::NonFinite;
use sparsegate_data::DataError;
use sparsegate_spec::types::{Optimizer, TrainSpec};
use sparsegate_store::StoreError;

/// A run that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A number that is not finite: training diverged.
    #[error("training diverged: {cause}; {cure}")]
    NonFinite {
        /// Which number, at which step.
        cause: NonFinite,
        /// What to change in the spec.
        cure: String,
    },
    /// A stream that gives no mini-batch.
    #[error(
        "the {stream} stream gives no mini-batch; lower train.batch (now {batch}) or train.sequence (now {sequence})"
    )]
    NoBatches {
        /// `training`, `validation` or `test`.
        stream: &'static str,
        /// Sequences in a mini-batch.
        batch: usize,
        /// Predicted symbols in a window.
        sequence: usize,
    },
    /// The checkpoint is whole, but was not made by this model.
    #[error("{path} does not fit the model ({problem}); run again with --force to start from the first epoch")]
    Checkpoint {
        /// The checkpoint.
        path: Utf8PathBuf,
        /// Which tensor.
        problem: String,
    },
    /// The data: a stream too short for one mini-batch.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The run folder.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TrainError {
    /// Divergence, with the values that could be lowered.
    pub(super) fn diverged(cause: NonFinite, spec: &TrainSpec) -> Self {
        let Optimizer::Adam(adam) = &spec.optimizer;
        let clip = match spec.clip_norm {
            Some(norm) => format!("lower train.clip_norm (now {norm})"),
            None => "set train.clip_norm, such as 10".to_owned(),
        };
        Self::NonFinite { cause, cure: format!("lower train.optimizer.adam.lr (now {}) or {clip}", adam.lr) }
    }
}
