//! Sparsification levels.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A weight or group factor is pruned if its log alpha is above this threshold. At exactly the threshold evaluation
/// keeps it, except in the output layer, and counting drops it, as in the authors' program (`docs/method.md`).
pub const LOG_ALPHA_LIMIT: f64 = 3.0;

/// A sparsity level: which parameters are variational, with a log-uniform prior.
///
/// `vocabulary`, `inputs`, `neurons` and `gates` are group variables: one factor for each input word, embedding
/// dimension, hidden unit or preactivation. `magnitude` and `group_lasso` are baselines that prune a network without
/// noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
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

impl Sparsity {
    /// Whether any parameter is variational, so that the objective has a KL term.
    pub fn is_variational(&self) -> bool {
        let priors = [self.weights, self.vocabulary, self.inputs, self.neurons, self.gates, self.output];
        priors.iter().any(|prior| !prior.is_none())
    }

    /// Whether this is a baseline, which prunes by setting weights to exactly zero.
    pub fn is_baseline(&self) -> bool {
        self.magnitude.is_some() || self.group_lasso.is_some()
    }
}

/// The prior of one kind of parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
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

/// Gradual magnitude pruning (M. Zhu and S. Gupta, arXiv 1710.01878).
///
/// In each weight matrix the weights of smallest magnitude are permanently set to zero; their fraction rises from 0 to
/// `share` along a cubic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
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

/// Group lasso over hidden units.
///
/// The regulariser is `strength` times the sum over units of the Euclidean norm of all weights that read the unit
/// (recurrent and output), applied by a proximal step after each optimiser step. A unit whose norm reaches zero is
/// removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupLasso {
    /// Weight of the regulariser, above 0.
    pub strength: f64,
}
