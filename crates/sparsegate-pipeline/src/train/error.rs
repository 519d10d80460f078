//! Errors of training.

use camino::Utf8PathBuf;

use sparsegate_core::trainer::NonFinite;
use sparsegate_data::DataError;
use sparsegate_spec::types::{Optimizer, TrainSpec};
use sparsegate_store::StoreError;

/// A run that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Training diverged: a loss, metric or parameter is not finite.
    #[error("training diverged: {cause}; {hint}")]
    NonFinite {
        /// Which tensor or metric, at which step.
        cause: NonFinite,
        /// What to change in the spec.
        hint: String,
    },
    /// A stream too short for one mini-batch.
    #[error(
        "the {stream} stream is too short for one mini-batch; lower train.batch (now {batch}) or train.sequence (now \
         {sequence})"
    )]
    NoBatches {
        /// `training`, `validation` or `test`.
        stream: &'static str,
        /// Sequences in a mini-batch.
        batch: usize,
        /// Predicted symbols in a window.
        sequence: usize,
    },
    /// A warm-up in steps is longer than the training.
    #[error(
        "the warm-up of {warm_up} steps in {key} is longer than the training of {steps} steps; shorten it or raise \
         train.epochs"
    )]
    WarmUp {
        /// The key of the spec.
        key: &'static str,
        /// Steps of the warm-up.
        warm_up: u64,
        /// Steps of the whole run.
        steps: u64,
    },
    /// The checkpoint is intact, but belongs to another model.
    #[error("{path} does not fit the model ({problem}); run again with --force to start from the first epoch")]
    Checkpoint {
        /// The checkpoint.
        path: Utf8PathBuf,
        /// Which tensor does not fit, and why.
        problem: String,
    },
    /// An error of the data, such as a stream too short for one mini-batch.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An error of the run folder.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TrainError {
    /// A divergence error that names the spec values to lower.
    pub(super) fn diverged(cause: NonFinite, spec: &TrainSpec) -> Self {
        let Optimizer::Adam(adam) = &spec.optimizer;
        let clip = match spec.clip_norm {
            Some(norm) => format!("lower train.clip_norm (now {norm})"),
            None => "set train.clip_norm, such as 10".to_owned(),
        };
        Self::NonFinite { cause, hint: format!("lower train.optimizer.adam.lr (now {:?}) or {clip}", adam.lr) }
    }
}
