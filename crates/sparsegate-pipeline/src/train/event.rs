//! Progress events of the training loop.

use serde::{Deserialize, Serialize};

use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::{Collapse, EpochMetrics, RunState};

/// A progress event of a run. `Started` comes first, then `Step`, `Evaluating`, `Epoch` and `Saved` as they happen,
/// then `Ended`; `Collapsed` follows the `Epoch` in which it was first seen. Between processes each event is one line
/// of JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainEvent {
    /// The loop starts or resumes.
    Started {
        /// Epochs of the spec.
        epochs: u32,
        /// Steps done by earlier processes; 0 for a fresh run.
        step: u64,
        /// The metric.
        metric: EvaluationMetric,
        /// The metrics of the last finished epoch, if the run resumes.
        last: Option<EpochMetrics>,
    },
    /// An optimiser step is done.
    Step {
        /// The current epoch, from 1.
        epoch: u32,
        /// Batches of this epoch done so far.
        batch: u64,
        /// Batches per epoch.
        batches: u64,
        /// Steps done so far, over the whole run.
        step: u64,
        /// Objective of the step: data loss plus KL term, nats per target.
        objective: f64,
        /// Data loss of the step, nats per target.
        loss: f64,
        /// Estimated seconds until the end of the run.
        seconds_left: f64,
    },
    /// Evaluation on the validation and test data starts.
    Evaluating {
        /// The current epoch, from 1.
        epoch: u32,
    },
    /// An epoch is finished and its line of `metrics.jsonl` is written.
    Epoch {
        /// The epoch's metrics.
        metrics: EpochMetrics,
        /// Estimated seconds until the end of the run.
        seconds_left: f64,
    },
    /// `train.early_stop` ends the run.
    StoppedEarly {
        /// The last epoch, after which the run ended.
        epoch: u32,
        /// The first epoch with the best validation metric.
        best: u32,
    },
    /// The network has learned nothing, which the epoch before did not show, or showed for another reason. Training
    /// goes on.
    Collapsed {
        /// The epoch, from 1.
        epoch: u32,
        /// How it was seen.
        collapse: Collapse,
        /// What to change in the spec.
        hint: String,
    },
    /// A checkpoint has been written.
    Saved {
        /// Steps done so far.
        step: u64,
    },
    /// The loop has ended.
    Ended {
        /// How it ended.
        state: RunState,
        /// The error message, if it failed.
        error: Option<String>,
    },
}
