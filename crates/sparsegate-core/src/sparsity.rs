//! Sparsification levels.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A sparsity level: which quantities carry a log-uniform prior. `vocabulary`, `inputs`, `neurons` and `gates` are group
/// variables (one factor an input word, an embedding dimension, a hidden unit, a preactivation). The last two keys are
/// baselines, which prune a network without noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
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

impl Sparsity {
    /// Whether this is a baseline, which prunes by setting weights to exactly zero.
    pub fn is_baseline(&self) -> bool {
        self.magnitude.is_some() || self.group_lasso.is_some()
    }
}

/// The prior of one kind of quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
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

/// Gradual magnitude pruning (M. Zhu and S. Gupta, arXiv 1710.01878): in each weight matrix the weights of smallest
/// magnitude are set to zero for good, their share rising from 0 to `share` along a cubic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
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
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupLasso {
    /// Factor of the penalty, above 0.
    pub strength: f64,
}
