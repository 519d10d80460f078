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
    /// Biases are not counted. Without surviving weights this is a huge number without a meaning; what people read
    /// comes from [`Counts::compression_ratio`].
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

impl Counts {
    /// Surviving weights of all layers, without biases.
    pub fn weights_kept(&self) -> u64 {
        self.layers().map(|layer| layer.kept).sum()
    }

    /// Weights of all layers, without biases.
    pub fn weights_total(&self) -> u64 {
        self.layers().map(|layer| layer.total).sum()
    }

    /// Whether nothing that the network reads reaches its output, because it has no weight, no hidden unit, no input
    /// symbol or no dimension of the embedding left. Its answer is then the same for all inputs of equal length.
    pub fn nothing_is_left(&self) -> bool {
        let inputs = self.inputs.map_or(1, |inputs| inputs.kept);
        [self.weights_kept(), self.neurons.kept, self.vocabulary.kept, inputs].contains(&0)
    }

    /// [`Counts::compression`]; `None` if nothing is left, since the ratio would be one over zero.
    pub fn compression_ratio(&self) -> Option<f64> {
        (!self.nothing_is_left()).then_some(self.compression)
    }

    /// [`Counts::compression_exact`]; `None` if nothing is left, or only weights that feed dead gates.
    pub fn exact_compression_ratio(&self) -> Option<f64> {
        (!self.nothing_is_left() && self.weights_kept_exact > 0).then_some(self.compression_exact)
    }

    fn layers(&self) -> impl Iterator<Item = KeptCount> {
        self.embedding_weights.into_iter().chain([self.input_weights, self.recurrent_weights, self.output_weights])
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_over_nothing_is_no_number() {
        let part = |kept| KeptCount { kept, total: 4 };
        let full = Counts {
            compression: 2.0,
            compression_exact: 3.0,
            embedding_weights: Some(part(2)),
            input_weights: part(2),
            recurrent_weights: part(2),
            output_weights: part(2),
            weights_kept_exact: 6,
            vocabulary: part(3),
            inputs: Some(part(1)),
            neurons: part(1),
            gates: Vec::new(),
        };
        assert_eq!((full.weights_kept(), full.weights_total()), (8, 16));
        assert_eq!((full.compression_ratio(), full.exact_compression_ratio()), (Some(2.0), Some(3.0)));
        let empty = [
            Counts { neurons: part(0), ..full.clone() },
            Counts { vocabulary: part(0), ..full.clone() },
            Counts { inputs: Some(part(0)), ..full.clone() },
            Counts {
                embedding_weights: None,
                input_weights: part(0),
                recurrent_weights: part(0),
                output_weights: part(0),
                ..full.clone()
            },
        ];
        for counts in empty {
            assert!(counts.nothing_is_left(), "{counts:?}");
            assert_eq!((counts.compression_ratio(), counts.exact_compression_ratio()), (None, None));
        }
        let dead = Counts { weights_kept_exact: 0, inputs: None, ..full };
        assert_eq!((dead.compression_ratio(), dead.exact_compression_ratio()), (Some(2.0), None));
    }
}
