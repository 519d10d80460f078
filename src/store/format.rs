//! The files of a run folder as types, each with its format version.
//!
//! `metrics.jsonl` and `structure.json` hold no clock and no host, so that an interrupted and resumed run leaves
//! the same bytes as one never interrupted; times are in `summary.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spec::types::RunSpec;

/// Version of every file described here; raised when a reader of the old version would misread the new one.
pub const FORMAT: u32 = 1;

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
    /// Validation metric with means and pruned weights: perplexity or bits per character.
    pub valid: f64,
    /// The same on the test stream.
    pub test: f64,
    /// What survives pruning at this point.
    pub counts: Counts,
}

/// Something counted: how many survive of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kept {
    /// Survivors.
    pub kept: u64,
    /// All of them.
    pub total: u64,
}

/// What survives pruning (method: log alpha below 3), by layer and kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// All weights over surviving weights, the embedding's among them, biases not counted, as the authors print it.
    pub compression: f64,
    /// The same with the weights that feed a gate killed by its group counted as zero.
    pub compression_exact: f64,
    /// Weights of the embedding, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding_weights: Option<Kept>,
    /// Input-to-hidden weights.
    pub input_weights: Kept,
    /// Hidden-to-hidden weights.
    pub recurrent_weights: Kept,
    /// Output layer weights.
    pub output_weights: Kept,
    /// Embedding, input-to-hidden, hidden-to-hidden and output weights that survive when dead gates' weights count as
    /// zero.
    pub weights_kept_exact: u64,
    /// Input symbols.
    pub vocabulary: Kept,
    /// Dimensions of the embedding, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Kept>,
    /// Hidden units.
    pub neurons: Kept,
    /// Gates that still depend on the input or the state, by kind in the cell's order (LSTM: i, f, g, o).
    pub gates: Vec<GateCount>,
}

/// Surviving gates of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateCount {
    /// The cell's name for it, such as `f`.
    pub kind: String,
    /// Whether it is information flow rather than a gate: what passes, not what lets it pass. False in files of
    /// sparsegate 0.1, which did not say.
    #[serde(default)]
    pub flow: bool,
    /// Gates of this kind that are not constant.
    pub kept: u64,
    /// All gates of this kind.
    pub total: u64,
}

/// `structure.json`: which parts survive, unit by unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// [`FORMAT`].
    pub format: u32,
    /// The counts.
    pub counts: Counts,
    /// Indices of kept hidden units, ascending.
    pub neurons: Vec<u32>,
    /// Indices of kept input symbols, ascending.
    pub vocabulary: Vec<u32>,
    /// For each kept input symbol, in the order of `vocabulary`, a number to rank them by: the Euclidean norm of what is
    /// kept of its row, in the embedding or else in the input matrix, times the magnitude of its factor. Empty in files
    /// of sparsegate 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strengths: Vec<f64>,
    /// Indices of kept dimensions of the embedding, ascending; empty without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<u32>,
    /// The kinds of gates, in the cell's order: what the places of `constant` mean. Empty in files of sparsegate 0.1,
    /// whose kinds are those of the counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<GateKind>,
    /// For each kept hidden unit, in the order of `neurons`, each gate kind's state.
    pub gates: Vec<UnitGates>,
}

/// A kind of gates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateKind {
    /// The cell's name for it, such as `f`.
    pub name: String,
    /// What it does in the cell.
    pub role: GateRole,
}

/// What a kind of gates does in the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateRole {
    /// Lets something through or not.
    Gate,
    /// What passes: information flow.
    Flow,
}

/// The gates of one kept hidden unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitGates {
    /// Index of the unit.
    pub unit: u32,
    /// In the cell's gate order: the constant value (after the activation) of a constant gate, `null` for one that
    /// moves. That is a live one, or one that neither input nor state reaches but which another gate of its unit moves,
    /// as the reset gate of a GRU moves its candidate; the latter counts as not kept all the same.
    pub constant: Vec<Option<f64>>,
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
    /// Name of the metric: `perplexity` or `bits_per_char`.
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
