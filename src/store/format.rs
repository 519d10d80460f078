//! The files of a run folder as types, with their format versions.
//!
//! `metrics.jsonl` and `structure.json` contain no times and no host names, so that a resumed run leaves the same bytes
//! as an uninterrupted one. Times are in `summary.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spec::types::RunSpec;

/// Version of the files described here. It is raised when a reader of the old version would misread the new one.
pub const FORMAT: u32 = 1;

/// `run.json`: spec and provenance of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`FORMAT`].
    pub format: u32,
    /// The run's key, also the name of its folder.
    pub key: String,
    /// The parts that the key is computed from: `spec`, `dataset`, `vectors` if used, and `numerics`; each a blake3
    /// hash or a number as text.
    pub key_parts: BTreeMap<String, String>,
    /// The resolved spec.
    pub spec: RunSpec,
    /// Git revision, dirty flag, host, CPU, versions.
    pub provenance: BTreeMap<String, String>,
}

/// One line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Finished epochs, from 1.
    pub epoch: u32,
    /// Finished optimiser steps.
    pub step: u64,
    /// Mean objective over the epoch's steps: data loss plus KL term, nats per target.
    pub train_objective: f64,
    /// Mean data loss over the epoch's steps, nats per target.
    pub train_loss: f64,
    /// Mean of the gradient's global norm over the epoch's steps, before rescaling.
    pub gradient_norm: f64,
    /// Validation metric of the pruned network at the means: perplexity, bits per character or accuracy.
    pub valid: f64,
    /// The same metric on the test data.
    pub test: f64,
    /// Counts of what survives pruning after this epoch.
    pub counts: Counts,
}

/// How many elements survive, out of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kept {
    /// Surviving elements.
    pub kept: u64,
    /// All elements.
    pub total: u64,
}

/// Counts of what survives pruning (log alpha below 3; for a pruning baseline: not zero), by layer and kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Compression as the authors print it: all weights, including those of the embedding, over the surviving weights.
    /// Biases are not counted.
    pub compression: f64,
    /// The same, counting the weights that feed a gate with a dead group as zero.
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
    /// Surviving weights of the embedding, input, recurrent and output matrices, counting the weights of dead gates as
    /// zero.
    pub weights_kept_exact: u64,
    /// Input symbols.
    pub vocabulary: Kept,
    /// Dimensions of the embedding, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Kept>,
    /// Hidden units.
    pub neurons: Kept,
    /// Live gates, by kind in the cell's order (LSTM: i, f, g, o).
    pub gates: Vec<GateCount>,
}

/// Surviving gates of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateCount {
    /// The cell's name of the kind, such as `f`.
    pub kind: String,
    /// Whether this kind is information flow, as opposed to a gate. False in files of sparsegate 0.1, which lack the
    /// field.
    #[serde(default)]
    pub flow: bool,
    /// Live gates of this kind.
    pub kept: u64,
    /// All gates of this kind.
    pub total: u64,
}

/// `structure.json`: which units, symbols and gates survive.
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
    /// For each kept input symbol, in the order of `vocabulary`, a number to rank symbols by: the Euclidean norm of the
    /// kept weights in its row of the embedding (of the input matrix without an embedding), times the magnitude of its
    /// group factor. Empty in files of sparsegate 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strengths: Vec<f64>,
    /// Indices of kept embedding dimensions, ascending; empty without an embedding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<u32>,
    /// The kinds of gates in the cell's order, which is the order of `constant`. Empty in files of sparsegate 0.1;
    /// their kinds are those of the counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<GateKind>,
    /// The gates of each kept hidden unit, in the order of `neurons`.
    pub gates: Vec<UnitGates>,
    /// The words of the kept input symbols, in the order of `vocabulary`. Empty if symbols are characters, and in files
    /// of sparsegate 0.1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

/// A kind of gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateKind {
    /// The cell's name of the kind, such as `f`.
    pub name: String,
    /// Its role in the cell.
    pub role: GateRole,
}

/// Role of a kind of gate in the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateRole {
    /// A gate, which controls how much passes.
    Gate,
    /// Information flow, a value that passes.
    Flow,
}

/// The gates of one kept hidden unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitGates {
    /// Index of the unit.
    pub unit: u32,
    /// For each kind of gate, in the cell's order, the value (after the activation) of a constant gate, or `null` for a
    /// gate that varies. A varying gate is either live, or dead but still moved by another gate of its unit, as the
    /// reset gate of a GRU moves its candidate. The latter is nevertheless not counted as kept.
    pub constant: Vec<Option<f64>>,
}

/// `summary.json`: how a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`FORMAT`].
    pub format: u32,
    /// How it ended.
    pub state: RunState,
    /// Finished epochs.
    pub epochs: u32,
    /// Name of the metric: `perplexity`, `bits_per_char` or `accuracy`.
    pub metric: String,
    /// The metrics of the last finished epoch, if there is one.
    pub last: Option<EpochMetrics>,
    /// Seconds spent on training, evaluation and checkpoints, over all processes that worked on the run.
    pub train_seconds: f64,
    /// The error message, if the run failed.
    pub error: Option<String>,
    /// How the kept vocabulary compares with the ground truth of a synthetic language; `None` for other data.
    pub planted: Option<Planted>,
    /// The pretrained vectors that the embedding started from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<VectorsUsed>,
}

/// How much of an embedding was initialised from pretrained vectors; the other symbols started from random vectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorsUsed {
    /// Name of the vectors' manifest.
    pub name: String,
    /// Symbols that were initialised from a vector.
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
    /// Stopped with its state saved; running it again resumes it.
    Interrupted,
    /// Stopped with an error.
    Failed,
}

/// How the kept vocabulary compares with the ground truth of a synthetic language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planted {
    /// Ground-truth symbols, which carry information about what is predicted.
    pub informative: u64,
    /// Of those, how many were kept.
    pub informative_kept: u64,
    /// Symbols that carry no information.
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
