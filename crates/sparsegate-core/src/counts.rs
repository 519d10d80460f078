//! What survives pruning, counted by layer and kind.

use serde::{Deserialize, Serialize};

/// How many elements survive, out of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeptCount {
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
    pub embedding_weights: Option<KeptCount>,
    /// Input-to-hidden weights.
    pub input_weights: KeptCount,
    /// Hidden-to-hidden weights.
    pub recurrent_weights: KeptCount,
    /// Output layer weights.
    pub output_weights: KeptCount,
    /// Surviving weights of the embedding, input, recurrent and output matrices, counting the weights of dead gates as
    /// zero.
    pub weights_kept_exact: u64,
    /// Input symbols.
    pub vocabulary: KeptCount,
    /// Dimensions of the embedding, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<KeptCount>,
    /// Hidden units.
    pub neurons: KeptCount,
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
