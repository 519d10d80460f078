//! What a network is made of, as specs and layers both name it.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a network predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// The next symbol of a stream.
    LanguageModel,
    /// The class of a text.
    Classification,
}

/// Activation of the gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GateActivation {
    /// `1 / (1 + exp(-x))`.
    #[default]
    Sigmoid,
    /// `clip(x / 5 + 1 / 2, 0, 1)`: zero gradient outside (-2.5, 2.5).
    HardSigmoid,
}

/// Initialisation of weight matrices. Embeddings are uniform in (-0.05, 0.05), biases zero except `model.forget_bias`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// Orthonormal rows or orthonormal columns, whichever are fewer.
    #[default]
    Orthogonal,
    /// Input and output matrices uniform by Glorot and Bengio (2010), recurrent ones orthogonal with gain 1.1.
    Glorot,
}

/// How the output layer is sampled in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OutputNoise {
    /// One weight sample for each mini-batch.
    Weights,
    /// Gaussian outputs with the mean and variance that follow from the weight posterior; one draw for all steps of a
    /// sequence.
    LocalReparameterization,
}
