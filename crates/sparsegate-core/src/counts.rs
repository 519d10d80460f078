//! What survives pruning, counted by layer and kind.

use serde::{Deserialize, Serialize};

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
