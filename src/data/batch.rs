//! Mini-batches of symbol ids, and what hands them out.

/// A mini-batch of a language model: `steps` time steps of `rows` sequences, time-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of sequences, B.
    pub rows: usize,
    /// Number of time steps, T.
    pub steps: usize,
    /// Input ids, shape `[T, B]` flattened: the id of row `b` at step `t` is at `t * rows + b`.
    pub inputs: Vec<u32>,
    /// Ids to predict, same layout.
    pub targets: Vec<u32>,
}

/// The batches of one pass over one stream. Each is a function of its index alone, so a pass can go on from anywhere.
pub trait BatchSource: Send + Sync {
    /// Number of batches.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The batch at `index`, below [`BatchSource::len`].
    fn batch(&self, index: usize) -> Batch;
    /// Number of predicted symbols over all batches.
    fn symbols(&self) -> usize;
    /// Whether the state of one batch's end starts the next batch.
    fn carries_state(&self) -> bool;
}
