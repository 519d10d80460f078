//! Mini-batches of symbol ids, and what hands them out.

/// A mini-batch: sequences of symbol ids, time-major and without padding.
///
/// Sequences end together. A sequence shorter than the longest one starts later, and sequences are in the order of
/// falling length, so that the ones under way at a step are always the first: rows `0..active[t]`. Only their ids are
/// stored, step after step; this is what left padding and a step mask stand for, without the padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of sequences, B.
    pub rows: usize,
    /// Sequences under way at each of the T steps: at least 1, never falling, B at the last.
    pub active: Vec<usize>,
    /// Input ids, `[N]`, N the sum of `active`: those of step 0, then those of step 1, ...
    pub inputs: Vec<u32>,
    /// What is predicted: of a language model the id after each input, `[N]`; of a classifier the class of each
    /// sequence, `[B]`.
    pub targets: Vec<u32>,
}

impl Batch {
    /// A batch of `rows` sequences that are all as long: the id of row `b` at step `t` is at `t * rows + b`.
    pub fn even(rows: usize, inputs: Vec<u32>, targets: Vec<u32>) -> Self {
        let steps = inputs.len() / rows.max(1);
        Self { rows, active: vec![rows; steps], inputs, targets }
    }

    /// Number of time steps, T.
    pub fn steps(&self) -> usize {
        self.active.len()
    }

    /// The sequence that each input belongs to, `[N]`.
    pub fn sequences(&self) -> impl Iterator<Item = usize> {
        self.active.iter().flat_map(|active| 0..*active)
    }
}

/// The batches of one pass over one part of the data. Each is a function of its index alone, so a pass can go on from
/// anywhere.
pub trait BatchSource: Send + Sync {
    /// Number of batches.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The batch at `index`, below [`BatchSource::len`].
    fn batch(&self, index: usize) -> Batch;
    /// Number of targets over all batches: predicted symbols, or texts.
    fn targets(&self) -> usize;
    /// Whether the state of one batch's end starts the next batch.
    fn carries_state(&self) -> bool;
}
