//! When dead parts of a network are removed from training.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When pruned words, embedding dimensions, hidden units and, on request, preactivations are removed from the tensors
/// permanently, which makes each step cheaper.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DropDead {
    /// A part is removed when it was noise at the end of this many epochs in a row, at least 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub after: u32,
    /// A weight or a group factor counts as noise here if its log alpha is this or more; at least 3, the limit of
    /// pruning.
    #[cfg_attr(feature = "schema", schemars(range(min = 3)))]
    pub margin: f64,
    /// Whether single preactivations lose their weights, too: those that no weight reaches any more, whose gates are
    /// constants. Default: no.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preactivations: bool,
}
