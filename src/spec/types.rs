//! The experiment file as a typed tree: what a YAML file may say, and what each value means.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::backend::Backend;
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

/// What a network predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// The next symbol of a stream.
    LanguageModel,
    /// The class of a text.
    Classification,
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

/// Activation of the gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GateActivation {
    /// `1 / (1 + exp(-x))`.
    #[default]
    Sigmoid,
    /// `clip(x / 5 + 1 / 2, 0, 1)`: zero gradient outside (-2.5, 2.5).
    HardSigmoid,
}

/// Initialisation of weight matrices. Embeddings start uniform in (-0.05, 0.05), biases at zero but for
/// `model.forget_bias`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Orthonormal rows or columns, whichever are fewer.
    #[default]
    Orthogonal,
    /// Input and output matrices uniform by Glorot and Bengio (2010), recurrent ones orthogonal with gain 1.1.
    Glorot,
}

/// How noise reaches the output layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputNoise {
    /// One weight sample a mini-batch.
    Weights,
    /// Gaussian outputs with the matching mean and variance, the same draw for all steps of a sequence.
    LocalReparameterization,
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

/// Adam's constants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adam {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the first moment.
    #[serde(default = "beta1")]
    pub beta1: f64,
    /// Decay of the second moment.
    #[serde(default = "beta2")]
    pub beta2: f64,
    /// Added to the root of the second moment, not bias-corrected.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
}

fn beta1() -> f64 {
    0.9
}
fn beta2() -> f64 {
    0.999
}
fn epsilon() -> f64 {
    1e-8
}

/// A sparsity level: which quantities carry a log-uniform prior. `vocabulary`, `inputs`, `neurons` and `gates` are group
/// variables (one factor an input word, an embedding dimension, a hidden unit, a preactivation). The last two keys are
/// baselines, which prune a network without noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sparsity {
    /// Shown in tables and figures.
    pub name: String,
    /// Embedding, input-to-hidden and hidden-to-hidden weights.
    #[serde(default)]
    pub weights: Prior,
    /// One factor an input symbol and sequence.
    #[serde(default)]
    pub vocabulary: Prior,
    /// One factor an embedding dimension and sequence; classification only.
    #[serde(default, skip_serializing_if = "Prior::is_none")]
    pub inputs: Prior,
    /// One factor a hidden unit and sequence, on its output.
    #[serde(default)]
    pub neurons: Prior,
    /// One factor a preactivation and sequence, before the bias.
    #[serde(default)]
    pub gates: Prior,
    /// Weights of the output layer.
    #[serde(default)]
    pub output: Prior,
    /// Gradual magnitude pruning of single weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub magnitude: Option<Magnitude>,
    /// A penalty that removes whole hidden units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_lasso: Option<GroupLasso>,
}

/// Gradual magnitude pruning (M. Zhu and S. Gupta, arXiv 1710.01878): in each weight matrix the weights of smallest
/// magnitude are set to zero for good, their share rising from 0 to `share` along a cubic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Magnitude {
    /// Share of the weights removed in the end, above 0 and below 1.
    pub share: f64,
    /// Share of the run's steps after which pruning begins.
    #[serde(default = "begin")]
    pub begin: f64,
    /// Share of the run's steps after which no more is pruned.
    #[serde(default = "end")]
    pub end: f64,
    /// Steps between two prunings.
    #[serde(default = "every")]
    #[schemars(range(min = 1))]
    pub every: u64,
}

fn begin() -> f64 {
    0.1
}
fn end() -> f64 {
    0.7
}
fn every() -> u64 {
    50
}

/// Group lasso over hidden units: `strength` times the sum over units of the Euclidean norm of all weights that read the
/// unit, recurrent and output, by a proximal step after each step of the optimiser. A unit whose norm reaches zero is
/// gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupLasso {
    /// Factor of the penalty, above 0.
    pub strength: f64,
}

/// The prior of one kind of quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// Not variational: a plain parameter, or, for a group variable, the constant one.
    #[default]
    None,
    /// Log-uniform prior, normal posterior with learned mean and log sigma.
    LogUniform,
}

impl Prior {
    /// Whether the quantity is not variational.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
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
