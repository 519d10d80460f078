//! When dead parts of a network leave training.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When the words, embedding dimensions and hidden units that are noise leave the tensors for good. Training then costs
/// what the smaller tensors cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DropDead {
    /// Number of epochs in a row after which a part must have been noise before it is dropped, at least 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub after: u32,
    /// Log alpha from which on a weight or a group factor counts as noise here; at least 3, the limit of pruning.
    #[cfg_attr(feature = "schema", schemars(range(min = 3)))]
    pub margin: f64,
}
