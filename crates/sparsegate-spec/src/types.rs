//! The types of an experiment file's values, and the resolved spec of a run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use sparsegate_core::{
    Adam, Backend, DropDead, GateActivation, GroupLasso, Init, Magnitude, ModelKind, OutputNoise, Prior, Sparsity,
};

pub use super::cell_name::CellName;
pub use super::tolerance::Tolerance;
pub use super::training::{Decay, EarlyStop, Kl, RateSchedule, Select, StartFrom, StepDecay, WarmUp};

/// Full description of one training run, with all defaults filled in. Its canonical JSON is part of the run's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// Name of the experiment the run belongs to.
    pub experiment: String,
    /// Name of the task, for runs of an experiment with tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
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

impl RunSpec {
    /// The part of an experiment within which the run's results can be compared with others: its task, or its data set
    /// if it has no task.
    pub fn part(&self) -> &str {
        self.task.as_deref().unwrap_or(&self.dataset)
    }
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
    pub cell: CellName,
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

/// The embedding of a classifier's input symbols.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// Dimensions of a symbol's vector.
    #[schemars(range(min = 1))]
    pub size: usize,
    /// Initial vectors: `none` for random ones, or the name of a manifest of pretrained vectors,
    /// `datasets/<name>.yaml`; words that it lacks start at random. Required, so that the choice is always explicit.
    pub vectors: String,
    /// What the numbers of pretrained vectors are multiplied by; 1 if absent. Vectors of different origin differ in
    /// scale, and the scale decides how fast words are pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors_scale: Option<f64>,
}

impl EmbeddingSpec {
    /// A scale that has an effect: of pretrained vectors, and not 1.
    #[expect(clippy::float_cmp, reason = "a factor of exactly 1 changes no bit")]
    pub fn effective_scale(&self) -> Option<f64> {
        self.vectors_scale.filter(|scale| *scale != 1.0 && self.pretrained().is_some())
    }

    /// Name of the manifest of pretrained vectors; `None` for random vectors.
    pub fn pretrained(&self) -> Option<&str> {
        (self.vectors != "none").then_some(self.vectors.as_str())
    }
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
    /// The weight of the KL term. Default: the authors' objective, 1/N from the first step on. Has no effect at a level
    /// without variational parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl: Option<Kl>,
    /// How the learning rate changes over the run. Default: `constant`.
    #[serde(default, skip_serializing_if = "RateSchedule::is_constant")]
    pub schedule: RateSchedule,
    /// How long the learning rate first rises linearly to its full value. Default: 0.
    #[serde(default, skip_serializing_if = "WarmUp::is_zero")]
    pub lr_warm_up: WarmUp,
    /// Which epoch's model is kept and reported: `last` or `best` by the validation metric. Default: `last`.
    #[serde(default, skip_serializing_if = "Select::is_last")]
    pub select: Select,
    /// Stops before the last epoch when the validation metric does not improve any more. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<EarlyStop>,
    /// When pruned words, embedding dimensions and hidden units are removed from the tensors permanently, so that
    /// training costs less. Default: never. Has no effect at a level without variational parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_dead: Option<DropDead>,
    /// What the means and biases start from: `init`, or `dense` for those of the trained dense run of the same point.
    /// Default: `init`. Has no effect at the level `dense`.
    #[serde(default, skip_serializing_if = "StartFrom::is_init")]
    pub start_from: StartFrom,
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

/// One entry of the `expect:` section: value claims or an ordering, to be compared with the results of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The runs that the value claims are about: keys of a run with a value or a list of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#where: Option<BTreeMap<String, serde_json::Value>>,
    /// Number of finished seeds that each point must have; with fewer, the claims of this entry are not measured.
    /// Default: one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub seeds: Option<u32>,
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
    pub authors: Option<PublishedOrdering>,
}

/// Whether the authors' published results show an ordering that their text claims or suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "InAuthorsFigures")]
pub enum PublishedOrdering {
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
