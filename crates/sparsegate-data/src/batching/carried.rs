//! Batches of parallel pieces of one stream, with the hidden state carried from window to window.

use super::super::DataError;
use sparsegate_core::{Batch, BatchSource};
use sparsegate_spec::types::TrainSpec;

/// The stream, cut to a multiple of `batch` and split into `batch` contiguous pieces, one a row.
///
/// Batch `k` holds `sequence` time steps of every piece from step `k * sequence` on; the last batch may be shorter. The
/// first symbol of a piece is never predicted.
#[derive(Debug)]
pub(super) struct Carried<'a> {
    stream: &'a [u32],
    /// Number of pieces, B.
    batch: usize,
    /// Symbols in a piece.
    piece: usize,
    sequence: usize,
}

impl<'a> Carried<'a> {
    pub(super) fn new(stream: &'a [u32], train: &TrainSpec) -> Result<Self, DataError> {
        Self::check(stream.len(), train)?;
        Ok(Self { stream, batch: train.batch, piece: stream.len() / train.batch, sequence: train.window() })
    }

    /// Refuses sizes of zero and streams of too few symbols.
    pub(super) fn check(symbols: usize, train: &TrainSpec) -> Result<(), DataError> {
        super::check(symbols, train, |batch, _| batch.saturating_mul(2))
    }

    /// Ids of `steps` time steps from step `start`, `[T, B]` flattened.
    fn window(&self, start: usize, steps: usize) -> Vec<u32> {
        let mut ids = Vec::with_capacity(steps * self.batch);
        for step in start..start + steps {
            ids.extend((0..self.batch).map(|row| self.stream[row * self.piece + step]));
        }
        ids
    }
}

impl BatchSource for Carried<'_> {
    fn len(&self) -> usize {
        (self.piece - 1).div_ceil(self.sequence)
    }

    fn batch(&self, index: usize) -> Batch {
        let start = index * self.sequence;
        let steps = self.sequence.min(self.piece - 1 - start);
        Batch::even(self.batch, self.window(start, steps), self.window(start + 1, steps))
    }

    fn targets(&self) -> usize {
        (self.piece - 1) * self.batch
    }

    fn carries_state(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use super::*;

    #[test]
    fn pieces_are_contiguous_and_the_last_window_is_short() {
        // 23 symbols, 3 pieces of 7 (two symbols dropped), windows of 4: 4 and 2 predictions.
        let stream: Vec<u32> = (0..23).collect();
        let source = Carried::new(&stream, &spec(3, 4, true)).unwrap();
        assert_eq!((source.len(), source.targets(), source.carries_state()), (2, 18, true));
        let first = source.batch(0);
        assert_eq!((first.rows, first.steps()), (3, 4));
        assert_eq!(first.inputs, [0, 7, 14, 1, 8, 15, 2, 9, 16, 3, 10, 17]);
        assert_eq!(first.targets, [1, 8, 15, 2, 9, 16, 3, 10, 17, 4, 11, 18]);
        let last = source.batch(1);
        assert_eq!((last.rows, last.steps()), (3, 2));
        assert_eq!(last.inputs, [4, 11, 18, 5, 12, 19]);
        assert_eq!(last.targets, [5, 12, 19, 6, 13, 20]);
    }

    /// Sizes of the authors' word-level Penn Treebank runs: 830, 66 and 74 batches; training size 929,536.
    #[test]
    fn word_level_sizes_are_the_published_ones() {
        for (symbols, batches, last, predicted) in
            [(929_589, 830, 33, 929_536), (73_760, 66, 29, 73_728), (82_430, 74, 19, 82_368)]
        {
            let stream = vec![0; symbols];
            let source = Carried::new(&stream, &spec(32, 35, true)).unwrap();
            assert_eq!(source.len(), batches);
            assert_eq!(source.batch(batches - 1).steps(), last);
            assert_eq!(source.targets(), predicted);
        }
    }

    #[test]
    fn targets_are_what_the_batches_hold() {
        let stream: Vec<u32> = (0..101).collect();
        for (batch, sequence) in [(1, 1), (2, 7), (10, 3), (50, 40)] {
            let source = Carried::new(&stream, &spec(batch, sequence, true)).unwrap();
            let held: usize = (0..source.len()).map(|index| source.batch(index).targets.len()).sum();
            assert_eq!(held, source.targets());
        }
    }
}
