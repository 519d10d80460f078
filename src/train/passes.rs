//! What a run reads: the batches of its epochs, and the streams it is judged by.

use crate::data::batch::BatchSource;
use crate::data::corpus::Unit;

/// The data of a run, batched.
pub struct Passes<'a> {
    /// The training batches of the epoch with this index, from 0.
    pub train: Box<dyn Fn(u32) -> Box<dyn BatchSource> + 'a>,
    /// The validation stream.
    pub valid: Box<dyn BatchSource>,
    /// The test stream.
    pub test: Box<dyn BatchSource>,
    /// What a symbol is.
    pub unit: Unit,
    /// For a generated language: whether each symbol carries information about what follows.
    pub informative: Option<&'a [bool]>,
}
