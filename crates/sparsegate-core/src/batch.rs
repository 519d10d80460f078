//! Mini-batches of symbol ids, and the trait of the sources that produce them.

/// A mini-batch: sequences of symbol ids, time-major and without padding.
///
/// All sequences end at the last step T; a sequence shorter than the longest one starts later. Sequences are sorted by
/// length in descending order, so the sequences active at step `t` are rows `0..active[t]`. Only their ids are stored,
/// step by step. The result equals left padding with a step mask, but stores no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of sequences, B.
    pub rows: usize,
    /// Number of active sequences at each of the T steps: at least 1, non-decreasing, B at the last step.
    pub active: Vec<usize>,
    /// Input ids, `[N]` with N the sum of `active`: the ids of step 0, then those of step 1, and so on.
    pub inputs: Vec<u32>,
    /// Prediction targets. Language model: the id that follows each input, `[N]`. Classifier: the class of each
    /// sequence, `[B]`.
    pub targets: Vec<u32>,
}

impl Batch {
    /// A batch of `rows` sequences of equal length: the id of row `b` at step `t` is at index `t * rows + b`.
    pub fn even(rows: usize, inputs: Vec<u32>, targets: Vec<u32>) -> Self {
        let steps = inputs.len() / rows.max(1);
        Self { rows, active: vec![rows; steps], inputs, targets }
    }

    /// Number of time steps, T.
    pub fn steps(&self) -> usize {
        self.active.len()
    }

    /// The row (sequence index) of each input, `[N]`.
    pub fn sequences(&self) -> impl Iterator<Item = usize> {
        self.active.iter().flat_map(|active| 0..*active)
    }
}

/// The batches of one pass over the training, validation or test data.
///
/// A batch depends on its index alone, so an interrupted pass can resume at any index.
pub trait BatchSource: Send + Sync {
    /// Number of batches.
    fn len(&self) -> usize;
    /// Whether there are no batches.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The batch at `index`, which must be below [`BatchSource::len`].
    fn batch(&self, index: usize) -> Batch;
    /// Number of targets over all batches: predicted symbols (language model) or texts (classifier).
    fn targets(&self) -> usize;
    /// Whether the hidden state at the end of a batch is the initial state of the next batch.
    fn carries_state(&self) -> bool;
}
