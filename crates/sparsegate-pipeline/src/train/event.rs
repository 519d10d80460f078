//! What the loop tells while it runs.

use serde::{Deserialize, Serialize};

use sparsegate_store::format::{EpochMetrics, RunState};

/// News of a run, in order: `Started`, then `Step`, `Evaluating`, `Epoch` and `Saved` as they happen, then `Ended`. Across processes one JSON
/// line each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The loop begins, or goes on.
    Started {
        /// Epochs of the spec.
        epochs: u32,
        /// Steps done by earlier processes; 0 for a fresh run.
        step: u64,
        /// Name of the metric: `perplexity` or `bits_per_char`.
        metric: String,
        /// The last finished epoch's line, when going on.
        last: Option<EpochMetrics>,
    },
    /// A step of the optimiser is done.
    Step {
        /// The epoch under way, from 1.
        epoch: u32,
        /// Batches done in it.
        batch: u64,
        /// Batches it has.
        batches: u64,
        /// Steps done over the whole run.
        step: u64,
        /// Data loss plus penalty of the step, nats a symbol.
        objective: f64,
        /// Data loss of the step, nats a symbol.
        loss: f64,
        /// Estimated seconds until the run's end.
        seconds_left: f64,
    },
    /// Validation and test begin.
    Evaluating {
        /// The epoch under way, from 1.
        epoch: u32,
    },
    /// An epoch is finished and its line written.
    Epoch {
        /// The line.
        metrics: EpochMetrics,
        /// Estimated seconds until the run's end.
        seconds_left: f64,
    },
    /// A checkpoint is in place.
    Saved {
        /// Steps done.
        step: u64,
    },
    /// The loop is over.
    Ended {
        /// How.
        state: RunState,
        /// Why, if it failed.
        error: Option<String>,
    },
}
