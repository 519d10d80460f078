//! The files of a run folder as types, each with its format version.
//!
//! `metrics.jsonl` and `structure.json` hold no clock and no host, so that an interrupted and resumed run leaves
//! the same bytes as one never interrupted; times are in `summary.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use sparsegate_core::{Counts, FORMAT, GateCount, GateKind, GateRole, Kept, Structure, UnitGates};

use sparsegate_spec::types::RunSpec;

/// `run.json`: what the run is and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`FORMAT`].
    pub format: u32,
    /// The run's key, also the name of its folder.
    pub key: String,
    /// What went into the key, by part: `spec`, `dataset`, `vectors` if used, `numerics`; each a blake3 hash or a number as text.
    pub key_parts: BTreeMap<String, String>,
    /// The resolved spec.
    pub spec: RunSpec,
    /// Git revision, dirty flag, host, CPU, versions.
    pub provenance: BTreeMap<String, String>,
}

/// One line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Epochs finished, from 1.
    pub epoch: u32,
    /// Optimiser steps finished.
    pub step: u64,
    /// Mean over the epoch of data loss plus penalty / train size, nats.
    pub train_objective: f64,
    /// Mean over the epoch of the data loss alone, nats a symbol.
    pub train_loss: f64,
    /// Mean over the epoch of the gradient's global norm, before rescaling.
    pub gradient_norm: f64,
    /// Validation metric with means and pruned weights: perplexity, bits per character or accuracy.
    pub valid: f64,
    /// The same on the test stream.
    pub test: f64,
    /// What survives pruning at this point.
    pub counts: Counts,
}

/// `summary.json`: how a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`FORMAT`].
    pub format: u32,
    /// How it ended.
    pub state: RunState,
    /// Epochs finished.
    pub epochs: u32,
    /// Name of the metric: `perplexity`, `bits_per_char` or `accuracy`.
    pub metric: String,
    /// The last epoch's line, if one was finished.
    pub last: Option<EpochMetrics>,
    /// Seconds of training, evaluation and checkpointing, over all processes that worked on the run.
    pub train_seconds: f64,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// Facts about the planted structure that the kept vocabulary can be judged by; only for embedded languages.
    pub planted: Option<Planted>,
    /// The pretrained vectors that the embedding started from, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<VectorsUsed>,
}

/// How much of an embedding started from pretrained vectors; the other symbols started at random.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorsUsed {
    /// Name of the vectors' manifest.
    pub name: String,
    /// Symbols that got a vector.
    pub initialized: u64,
    /// All symbols.
    pub symbols: u64,
}

/// State of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// All epochs finished.
    Done,
    /// Stopped with its state saved; it goes on when it is run again.
    Interrupted,
    /// Stopped with an error.
    Failed,
}

/// How well the kept vocabulary matches what a generated language was planted with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planted {
    /// Symbols that carry information about what follows.
    pub informative: u64,
    /// Of those, how many were kept.
    pub informative_kept: u64,
    /// Symbols that carry none.
    pub uninformative: u64,
    /// Of those, how many were kept.
    pub uninformative_kept: u64,
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_read_as_they_were_written() {
        for number in [193.059_165_546_760_74, 0.1 + 0.2, f64::MIN_POSITIVE, 1e300 / 3.0] {
            let text = serde_json::to_string(&number).unwrap();
            assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), number.to_bits(), "{text}");
        }
    }
}
