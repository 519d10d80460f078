//! Batches of independent windows of one stream, each with a zero initial state.

use super::super::DataError;
use super::super::draws::Draws;
use sparsegate_core::{Batch, BatchSource};
use sparsegate_spec::types::TrainSpec;

/// Adjacent windows of `sequence + 1` symbols without overlap, so that one symbol in `sequence + 1` is never predicted.
///
/// There is one window fewer than fits, to leave room for the random offset in training; evaluation uses the same
/// count.
#[derive(Debug)]
pub(super) struct Windowed<'a> {
    /// The stream from the offset on.
    stream: &'a [u32],
    /// Number of windows.
    windows: usize,
    /// The window at each position of the pass; empty for the order of the stream.
    order: Vec<u32>,
    batch: usize,
    sequence: usize,
}

impl<'a> Windowed<'a> {
    /// For evaluation: offset 0, in the order of the stream.
    pub(super) fn in_order(stream: &'a [u32], train: &TrainSpec) -> Result<Self, DataError> {
        Self::check(stream.len(), train)?;
        let windows = stream.len() / (train.window() + 1) - 1;
        Ok(Self { stream, windows, order: Vec::new(), batch: train.batch, sequence: train.window() })
    }

    /// Refuses sizes of zero and streams of too few symbols.
    pub(super) fn check(symbols: usize, train: &TrainSpec) -> Result<(), DataError> {
        super::check(symbols, train, |_, sequence| sequence.saturating_add(1).saturating_mul(2))
    }

    /// For training: one offset for all windows, uniform over the possible offsets, then a random order of the windows.
    pub(super) fn shuffled(stream: &'a [u32], train: &TrainSpec, seed: u64, epoch: u32) -> Result<Self, DataError> {
        let source = Self::in_order(stream, train)?;
        let room = stream.len() - source.windows * (train.window() + 1);
        let mut draws = Draws::new("sparsegate 2026 offset and order of an epoch's windows", &[seed, u64::from(epoch)]);
        let offset = draws.below(room as u32) as usize;
        let order = draws.order(source.windows as u32);
        Ok(Self { stream: &stream[offset..], order, ..source })
    }

    /// The window at position `place` of the pass, `sequence + 1` symbols.
    fn window(&self, place: usize) -> &[u32] {
        let window = self.order.get(place).map_or(place, |&window| window as usize);
        let start = window * (self.sequence + 1);
        &self.stream[start..=start + self.sequence]
    }
}

impl BatchSource for Windowed<'_> {
    fn len(&self) -> usize {
        self.windows.div_ceil(self.batch)
    }

    fn batch(&self, index: usize) -> Batch {
        let first = index * self.batch;
        let rows = self.batch.min(self.windows - first);
        let windows: Vec<&[u32]> = (first..first + rows).map(|place| self.window(place)).collect();
        let ids = |shift: usize| {
            let mut ids = Vec::with_capacity(self.sequence * rows);
            for step in 0..self.sequence {
                ids.extend(windows.iter().map(|window| window[step + shift]));
            }
            ids
        };
        Batch::even(rows, ids(0), ids(1))
    }

    fn targets(&self) -> usize {
        self.windows * self.sequence
    }

    fn carries_state(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use super::*;

    #[test]
    fn evaluation_takes_windows_in_order_and_leaves_the_last_one_out() {
        // 23 symbols, windows of 5: four fit, three are used.
        let stream: Vec<u32> = (0..23).collect();
        let source = Windowed::in_order(&stream, &spec(2, 4, false)).unwrap();
        assert_eq!((source.len(), source.targets(), source.carries_state()), (2, 12, false));
        let first = source.batch(0);
        assert_eq!((first.rows, first.steps()), (2, 4));
        assert_eq!(first.inputs, [0, 5, 1, 6, 2, 7, 3, 8]);
        assert_eq!(first.targets, [1, 6, 2, 7, 3, 8, 4, 9]);
        let last = source.batch(1);
        assert_eq!((last.rows, last.inputs), (1, vec![10, 11, 12, 13]));
    }

    /// Sizes of the authors' character-level Penn Treebank runs: 50,173 windows, 784 batches of 64, the last of 61.
    #[test]
    fn character_level_sizes_are_the_published_ones() {
        let train = vec![0; 5_017_482];
        let source = Windowed::shuffled(&train, &spec(64, 99, false), 0, 0).unwrap();
        assert_eq!((source.windows, source.len(), source.batch(783).rows), (50_173, 784, 61));
        assert_eq!(source.targets(), 4_967_127);
        for (symbols, windows) in [(393_042, 3_929), (442_423, 4_423)] {
            let stream = vec![0; symbols];
            assert_eq!(Windowed::in_order(&stream, &spec(64, 99, false)).unwrap().windows, windows);
        }
    }

    #[test]
    fn training_has_each_window_once_at_one_offset() {
        let stream: Vec<u32> = (0..1_007).collect();
        let train = spec(8, 9, false);
        let mut offsets = Vec::new();
        for epoch in 0..40 {
            let source = Windowed::shuffled(&stream, &train, 5, epoch).unwrap();
            let mut starts: Vec<u32> = (0..source.windows).map(|place| source.window(place)[0]).collect();
            assert!(!starts.is_sorted());
            starts.sort_unstable();
            assert_eq!(starts.len(), 99);
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 10));
            offsets.push(starts[0]);
        }
        offsets.sort_unstable();
        offsets.dedup();
        // Offsets 0 to 16 are possible; 40 draws should hit most of them.
        assert!(offsets.len() > 10 && offsets.iter().all(|&offset| offset < 17), "{offsets:?}");
    }

    #[test]
    fn an_epoch_is_a_function_of_seed_and_epoch() {
        let stream: Vec<u32> = (0..5_000).collect();
        let first = |seed, epoch| Windowed::shuffled(&stream, &spec(4, 9, false), seed, epoch).unwrap().batch(0);
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
    }
}
