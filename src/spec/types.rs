//! The experiment file as a typed tree: what a YAML file may say, and what each value means.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::tolerance::Tolerance;

/// What one training run is, with every default filled in. Its canonical JSON is part of the run's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// Name of the experiment the run belongs to.
    pub experiment: String,
    /// Name of the dataset manifest, `datasets/<name>.yaml`.
    pub dataset: String,
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
    /// Activation of the input, forget and output gates.
    #[serde(default)]
    pub gate_activation: GateActivation,
    /// How weight matrices are initialised.
    #[serde(default)]
    pub init: Init,
    /// Initial bias of the forget gate.
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
}

/// The recurrent cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Long short-term memory, gates i, f, g, o, no peepholes.
    #[default]
    Lstm,
}

/// Activation of the input, forget and output gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GateActivation {
    /// `1 / (1 + exp(-x))`.
    #[default]
    Sigmoid,
}

/// Initialisation of weight matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Orthonormal rows or columns, whichever are fewer.
    #[default]
    Orthogonal,
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
    /// Predicted symbols in a window.
    #[schemars(range(min = 1))]
    pub sequence: usize,
    /// `true`: parallel streams, state carried from window to window, no shuffling (word-level).
    /// `false`: independent windows from a zero state, shuffled, with one random offset an epoch (character-level).
    pub carry_state: bool,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Largest global L2 norm of the gradient of the whole objective; absent: no rescaling.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// Stop after this many optimiser steps, if the epochs have not ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
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

/// A sparsity level: which quantities carry a log-uniform prior. `vocabulary`, `neurons` and `gates` are group
/// variables (one factor an input word, a hidden unit, a preactivation).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sparsity {
    /// Shown in tables and figures.
    pub name: String,
    /// Input-to-hidden and hidden-to-hidden weights.
    #[serde(default)]
    pub weights: Prior,
    /// One factor an input symbol and sequence.
    #[serde(default)]
    pub vocabulary: Prior,
    /// One factor a hidden unit and sequence, on its output.
    #[serde(default)]
    pub neurons: Prior,
    /// One factor a preactivation and sequence, before the bias.
    #[serde(default)]
    pub gates: Prior,
    /// Weights of the output layer.
    #[serde(default)]
    pub output: Prior,
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

/// Where tensors live and which kernels run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// Pure Rust on the CPU.
    #[default]
    Flex,
    /// WebGPU; needs a build with the `wgpu` feature.
    Wgpu,
    /// libtorch on the CPU; needs a build with the `tch` feature.
    Tch,
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
    /// `test.perplexity`, `valid.perplexity`, `test.bits_per_char`, `compression`, `gates.kept`, `neurons.kept`, ...
    pub metric: String,
    /// The published value.
    pub value: f64,
    /// `3%` relative or `0.02` absolute.
    pub tolerance: Tolerance,
}

/// An ordering: `less: [a, b]` says that a's metric is below b's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderClaim {
    /// Two references, the first expected to be the smaller.
    pub less: [MetricRef; 2],
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
