//! The experiment file as a typed tree: what a YAML file may say, and what each value means.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use sparsegate_core::{
    Adam, Backend, GateActivation, GroupLasso, Init, Magnitude, ModelKind, OutputNoise, Prior, Sparsity,
};

pub use super::cell::Cell;
pub use super::tolerance::Tolerance;

/// What one training run is, with every default filled in. Its canonical JSON is part of the run's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// Name of the experiment the run belongs to.
    pub experiment: String,
    /// Name of the dataset manifest, `datasets/<name>.yaml`.
    pub dataset: String,
    /// How the data set's files are read otherwise than its manifest says.
    #[serde(default, skip_serializing_if = "Reading::is_plain")]
    pub reading: Reading,
    /// The network.
    pub model: ModelSpec,
    /// The training loop.
    pub train: TrainSpec,
    /// What is sparsified.
    pub sparsity: Sparsity,
    /// Seed of every random stream of the run.
    pub seed: u64,
    /// Where tensors live.
    pub backend: Backend,
}

/// Oddities of the paper's own programs in reading labelled texts, off unless a spec asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Take the first row of each table for a header, though the manifest says that there is none: it is lost.
    #[serde(default)]
    pub lose_first_row: bool,
    /// Number the words from 4: 0 is padding, 1 `<start>`, 2 `<unk>`, 3 nothing. With `words: N` in the manifest, ids
    /// from N on become 2, and the table has N + 3 rows, of which the last three are never used.
    #[serde(default)]
    pub shift_ids: bool,
}

impl Reading {
    /// Whether everything is read as the manifest says.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// The network of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// What the network predicts.
    pub kind: ModelKind,
    /// The recurrent cell.
    #[serde(default)]
    pub cell: Cell,
    /// Number of hidden units.
    #[schemars(range(min = 1))]
    pub hidden: usize,
    /// The embedding of input symbols; classification only, and there required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<EmbeddingSpec>,
    /// Activation of the gates; information flow goes through tanh.
    #[serde(default)]
    pub gate_activation: GateActivation,
    /// How weight matrices are initialised.
    #[serde(default)]
    pub init: Init,
    /// Initial bias of the gates that keep the state: forget gate (LSTM), update gate (GRU).
    #[serde(default)]
    pub forget_bias: f64,
    /// Noise of the output layer; without it, `weights` when the state is carried and
    /// `local-reparameterization` when it is not, as the authors do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_noise: Option<OutputNoise>,
}

/// The embedding of a classifier's input symbols.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// Dimensions of a symbol's vector.
    #[schemars(range(min = 1))]
    pub size: usize,
    /// Where vectors start: `none` for random ones, or the name of a manifest of pretrained vectors,
    /// `datasets/<name>.yaml`; words that it lacks start at random. Written out, so that it is never forgotten.
    pub vectors: String,
}

impl EmbeddingSpec {
    /// The manifest of the pretrained vectors, if there are any.
    pub fn pretrained(&self) -> Option<&str> {
        (self.vectors != "none").then_some(self.vectors.as_str())
    }
}

/// The training loop of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainSpec {
    /// Number of passes over the training stream.
    #[schemars(range(min = 1))]
    pub epochs: u32,
    /// Sequences in a mini-batch.
    #[schemars(range(min = 1))]
    pub batch: usize,
    /// Predicted symbols in a window; language models only, and there required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub sequence: Option<usize>,
    /// `true`: parallel streams, state carried from window to window, no shuffling (word-level).
    /// `false`: independent windows from a zero state, shuffled, with one random offset an epoch (character-level).
    /// Language models only, and there required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry_state: Option<bool>,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Largest global L2 norm of the gradient of the whole objective; absent: no rescaling.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// Stop after this many optimiser steps, if the epochs have not ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
}

impl TrainSpec {
    /// Predicted symbols in a window; 0 for a classifier.
    pub fn window(&self) -> usize {
        self.sequence.unwrap_or_default()
    }

    /// Optimiser steps of a whole run whose epochs have so many batches.
    pub fn total_steps(&self, batches: u64) -> u64 {
        let all = batches * u64::from(self.epochs);
        self.max_steps.map_or(all, |most| most.min(all))
    }

    /// Whether the state is carried from window to window.
    pub fn carries_state(&self) -> bool {
        self.carry_state.unwrap_or_default()
    }
}

/// The optimiser, one key naming its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Optimizer {
    /// Adam in Lasagne's form: epsilon outside the bias correction.
    Adam(Adam),
}

/// One value claim or ordering of the `expect:` section, to be held against measured runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Which runs the value claims are about: column of the results to value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#where: Option<BTreeMap<String, serde_json::Value>>,
    /// Published values with tolerances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ValueClaim>,
    /// An ordering between runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<OrderClaim>,
}

/// A published number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueClaim {
    /// `test.perplexity`, `test.bits_per_char`, `test.accuracy`, `compression`, `gates.kept`, `neurons.kept`, ...
    pub metric: String,
    /// The published value.
    pub value: f64,
    /// `3%` relative or `0.02` absolute.
    pub tolerance: Tolerance,
    /// What it says, in words, for tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// An ordering: `less: [a, b]` says that a's metric is below b's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderClaim {
    /// Two references, the first expected to be the smaller.
    pub less: [MetricRef; 2],
    /// What it says, in words, for tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether the authors' own figures show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authors: Option<InAuthorsFigures>,
}

/// What the authors' own figures say about an ordering that their text claims or suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InAuthorsFigures {
    /// They show it.
    Holds,
    /// They show the opposite: ours is reported, and `check` never fails because of it.
    Contradicted,
}

/// A metric of the runs that match a filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricRef {
    /// Which metric.
    pub metric: String,
    /// Which run.
    #[serde(default)]
    pub r#where: BTreeMap<String, serde_json::Value>,
}
