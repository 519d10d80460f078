//! The types of an experiment file's values, and the resolved spec of a run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::backend::Backend;
pub use super::cell::Cell;
pub use super::tolerance::Tolerance;

/// Full description of one training run, with all defaults filled in. Its canonical JSON is part of the run's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// Name of the experiment the run belongs to.
    pub experiment: String,
    /// Name of the dataset manifest, `datasets/<name>.yaml`.
    pub dataset: String,
    /// Deviations from the manifest when reading the data set.
    #[serde(default, skip_serializing_if = "Reading::is_plain")]
    pub reading: Reading,
    /// The network.
    pub model: ModelSpec,
    /// The training loop.
    pub train: TrainSpec,
    /// The sparsity level: what is sparsified.
    pub sparsity: Sparsity,
    /// Seed of all random streams of the run.
    pub seed: u64,
    /// Backend and device.
    pub backend: Backend,
}

/// Quirks of the authors' programs when reading labelled texts. Default: off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Discard the first row of each table as if it were a header, although the manifest says that there is none.
    #[serde(default)]
    pub lose_first_row: bool,
    /// Number the words from 4: 0 is padding, 1 `<start>`, 2 `<unk>`, 3 unused. With `words: N` in the manifest, ids
    /// from N on become 2, and the embedding has N + 3 rows, of which the last three are never used.
    #[serde(default)]
    pub shift_ids: bool,
}

impl Reading {
    /// Whether the data set is read exactly as the manifest says.
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
    /// The embedding of input symbols; required for classification, not allowed for language models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<EmbeddingSpec>,
    /// Activation of the gates; the information flow uses tanh.
    #[serde(default)]
    pub gate_activation: GateActivation,
    /// How weight matrices are initialised.
    #[serde(default)]
    pub init: Init,
    /// Initial bias of the gate that keeps the state: forget gate (LSTM), update gate (GRU).
    #[serde(default)]
    pub forget_bias: f64,
    /// Noise of the output layer. Default, as in the authors' programs: `weights` if `train.carry_state` is true,
    /// `local-reparameterization` otherwise.
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
    /// Initial vectors: `none` for random ones, or the name of a manifest of pretrained vectors,
    /// `datasets/<name>.yaml`; words that it lacks start at random. Required, so that the choice is always explicit.
    pub vectors: String,
}

impl EmbeddingSpec {
    /// Name of the manifest of pretrained vectors; `None` for random vectors.
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

/// Initialisation of weight matrices. Embeddings are uniform in (-0.05, 0.05), biases zero except `model.forget_bias`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Orthonormal rows or orthonormal columns, whichever are fewer.
    #[default]
    Orthogonal,
    /// Input and output matrices uniform by Glorot and Bengio (2010), recurrent ones orthogonal with gain 1.1.
    Glorot,
}

/// How the output layer is sampled in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputNoise {
    /// One weight sample for each mini-batch.
    Weights,
    /// Gaussian outputs with the mean and variance that follow from the weight posterior; one draw for all steps of a
    /// sequence.
    LocalReparameterization,
}

/// The training loop of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainSpec {
    /// Number of passes over the training data.
    #[schemars(range(min = 1))]
    pub epochs: u32,
    /// Number of sequences (or texts) in a mini-batch.
    #[schemars(range(min = 1))]
    pub batch: usize,
    /// Number of predicted symbols in a window; required for language models, not allowed for classifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub sequence: Option<usize>,
    /// `true`: parallel streams, state carried from window to window, no shuffling (word level).
    /// `false`: independent windows from a zero state, shuffled, with one random offset an epoch (character level).
    /// Required for language models, not allowed for classifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry_state: Option<bool>,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Maximum global L2 norm of the gradient of the whole objective. Default: no clipping.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// Stop after this many optimiser steps, even if epochs remain. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
}

impl TrainSpec {
    /// Number of predicted symbols in a window; 0 for a classifier.
    pub fn window(&self) -> usize {
        self.sequence.unwrap_or_default()
    }

    /// Number of optimiser steps of a whole run with `batches` batches in an epoch.
    pub fn total_steps(&self, batches: u64) -> u64 {
        let all = batches * u64::from(self.epochs);
        self.max_steps.map_or(all, |most| most.min(all))
    }

    /// Whether the state is carried from window to window; `false` for a classifier.
    pub fn carries_state(&self) -> bool {
        self.carry_state.unwrap_or_default()
    }
}

/// The optimiser: a mapping with its kind as the only key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Optimizer {
    /// Adam as in Lasagne: epsilon is added before the bias correction.
    Adam(Adam),
}

/// Parameters of Adam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adam {
    /// Learning rate.
    pub lr: f64,
    /// Decay rate of the first moment.
    #[serde(default = "beta1")]
    pub beta1: f64,
    /// Decay rate of the second moment.
    #[serde(default = "beta2")]
    pub beta2: f64,
    /// Added to the square root of the second moment, before the bias correction.
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

/// A sparsity level: which parameters are variational, with a log-uniform prior.
///
/// `vocabulary`, `inputs`, `neurons` and `gates` are group variables: one factor for each input word, embedding
/// dimension, hidden unit or preactivation. `magnitude` and `group_lasso` are baselines that prune a network without
/// noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sparsity {
    /// Name in tables and figures.
    pub name: String,
    /// Embedding, input-to-hidden and hidden-to-hidden weights.
    #[serde(default)]
    pub weights: Prior,
    /// Factors of the input symbols, sampled for each sequence.
    #[serde(default)]
    pub vocabulary: Prior,
    /// Factors of the embedding dimensions, sampled for each sequence; classification only.
    #[serde(default, skip_serializing_if = "Prior::is_none")]
    pub inputs: Prior,
    /// Factors of the hidden units' outputs, sampled for each sequence.
    #[serde(default)]
    pub neurons: Prior,
    /// Factors of the preactivations before the bias, sampled for each sequence.
    #[serde(default)]
    pub gates: Prior,
    /// Weights of the output layer.
    #[serde(default)]
    pub output: Prior,
    /// Baseline: gradual magnitude pruning of single weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub magnitude: Option<Magnitude>,
    /// Baseline: group lasso, which removes whole hidden units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_lasso: Option<GroupLasso>,
}

/// Gradual magnitude pruning (M. Zhu and S. Gupta, arXiv 1710.01878).
///
/// In each weight matrix the weights of smallest magnitude are permanently set to zero; their fraction rises from 0 to
/// `share` along a cubic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Magnitude {
    /// Fraction of each weight matrix that is zero at the end, above 0 and below 1.
    pub share: f64,
    /// Fraction of the run's steps after which pruning begins.
    #[serde(default = "begin")]
    pub begin: f64,
    /// Fraction of the run's steps after which pruning ends.
    #[serde(default = "end")]
    pub end: f64,
    /// Number of steps between two prunings.
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

/// Group lasso over hidden units.
///
/// The regulariser is `strength` times the sum over units of the Euclidean norm of all weights that read the unit
/// (recurrent and output), applied by a proximal step after each optimiser step. A unit whose norm reaches zero is
/// removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupLasso {
    /// Weight of the regulariser, above 0.
    pub strength: f64,
}

/// The prior of one kind of parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// Not variational: a deterministic parameter or, for a group variable, the constant 1.
    #[default]
    None,
    /// Log-uniform prior, normal posterior with learned mean and log sigma.
    LogUniform,
}

impl Prior {
    /// Whether the parameter is not variational.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// One entry of the `expect:` section: value claims or an ordering, to be compared with the results of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The runs that the value claims are about: keys of a run with a value or a list of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#where: Option<BTreeMap<String, serde_json::Value>>,
    /// Published values with tolerances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ValueClaim>,
    /// An ordering between runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<OrderClaim>,
}

/// A published value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueClaim {
    /// `test.perplexity`, `test.bits_per_char`, `test.accuracy`, `compression`, `gates.kept`, `neurons.kept`, ...
    pub metric: String,
    /// The published value.
    pub value: f64,
    /// `3%` (relative), `0.02` (absolute) or `2x` (a factor).
    pub tolerance: Tolerance,
    /// Description in words, for tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// An ordering: `less: [a, b]` claims that a's metric is below b's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderClaim {
    /// Two metrics; the first is expected to be smaller.
    pub less: [MetricRef; 2],
    /// Description in words, for tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether the authors' published results show the ordering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authors: Option<InAuthorsFigures>,
}

/// Whether the authors' published results show an ordering that their text claims or suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InAuthorsFigures {
    /// They show the ordering.
    Holds,
    /// They show the opposite: the claim is reported, but never makes `check` fail.
    Contradicted,
}

/// A metric of the runs that match a filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricRef {
    /// Name of the metric.
    pub metric: String,
    /// The runs: keys of a run with a value or a list of values.
    #[serde(default)]
    pub r#where: BTreeMap<String, serde_json::Value>,
}
