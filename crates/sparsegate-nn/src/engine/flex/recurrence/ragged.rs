//! Row layout of a batch of sequences of different lengths, and its division into blocks for threads.

use std::ops::Range;

/// The layout of a batch of sequences aligned at their ends; see [`crate::engine::RecurrenceInputs`].
pub(super) struct RaggedLayout<'a> {
    /// Number of active sequences at each step.
    active: &'a [usize],
    /// First row of each step.
    offsets: Vec<usize>,
    /// The sequences, split into blocks.
    pub(super) blocks: Vec<Range<usize>>,
}

/// Number of blocks, a function of the batch size alone: enough to share a small batch between threads, but few enough
/// for the recurrent product of a block to be bound by arithmetic and not by reading the weights.
fn block_count(rows: usize) -> usize {
    if rows <= 32 { 2 } else { rows.div_ceil(32) }
}

/// Splits the sequences into blocks with about the same total number of steps, so a block of short sequences has more
/// of them.
fn blocks(active: &[usize], rows: usize, total: usize) -> Vec<Range<usize>> {
    let count = block_count(rows);
    let mut blocks: Vec<Range<usize>> = Vec::with_capacity(count);
    let (mut current, mut done) = (usize::MAX, 0);
    for sequence in 0..rows {
        let length = active.len() - active.partition_point(|active| *active <= sequence);
        // A sequence belongs to the block that contains its middle step.
        let block = (2 * done + length) * count / (2 * total);
        match blocks.last_mut() {
            Some(last) if block == current => last.end = sequence + 1,
            _ => blocks.push(sequence..sequence + 1),
        }
        (current, done) = (block, done + length);
    }
    blocks
}

impl<'a> RaggedLayout<'a> {
    /// # Panics
    /// Unless `active` describes `rows` sequences with `total` steps altogether.
    pub(super) fn new(active: &'a [usize], rows: usize, total: usize) -> Self {
        assert!(active.is_sorted() && active.last() == Some(&rows), "active sequences must rise to {rows}");
        let offsets: Vec<usize> = active
            .iter()
            .scan(0, |offset, active| {
                *offset += active;
                Some(*offset - active)
            })
            .collect();
        assert_eq!(active.iter().sum::<usize>(), total, "rows of a ragged batch");
        Self { active, offsets, blocks: blocks(active, rows, total) }
    }

    /// Number of steps.
    pub(super) fn steps(&self) -> usize {
        self.active.len()
    }

    /// Number of active sequences of a block at a step; they are the first of the block.
    pub(super) fn here(&self, block: &Range<usize>, step: usize) -> usize {
        self.active[step].min(block.end).saturating_sub(block.start)
    }

    /// Row of a sequence at a step at which it is active.
    pub(super) fn row(&self, step: usize, sequence: usize) -> usize {
        self.offsets[step] + sequence
    }

    /// State of a sequence before a step at which it is active, `[width]`, taken from the states after each step,
    /// `[N, width]`, or from the initial states, `[B, width]`.
    #[inline(always)]
    pub(super) fn before<'v, T>(
        &self,
        step: usize,
        sequence: usize,
        states: &'v [T],
        initial: &'v [T],
        width: usize,
    ) -> &'v [T] {
        let (values, row) = match step.checked_sub(1) {
            Some(previous) if sequence < self.active[previous] => (states, self.offsets[previous] + sequence),
            _ => (initial, sequence),
        };
        &values[row * width..(row + 1) * width]
    }

    /// The states before each step, `[N, width]`.
    pub(super) fn all_before<T: Copy>(&self, states: &[T], initial: &[T], width: usize) -> Vec<T> {
        let mut before = Vec::with_capacity(states.len());
        let (mut from, mut continued) = (0, 0);
        for &active in self.active {
            before.extend_from_slice(&states[from * width..(from + continued) * width]);
            before.extend_from_slice(&initial[continued * width..active * width]);
            (from, continued) = (from + continued, active);
        }
        before
    }

    /// Splits an array with `width` values per row into slices by block and step: `cut[block][step]`.
    pub(super) fn cut<'v, T>(&self, mut values: &'v mut [T], width: usize) -> Vec<Vec<&'v mut [T]>> {
        let mut cut: Vec<Vec<&mut [T]>> = self.blocks.iter().map(|_| Vec::with_capacity(self.steps())).collect();
        for step in 0..self.steps() {
            for (block, cut) in self.blocks.iter().zip(&mut cut) {
                let (here, rest) = values.split_at_mut(self.here(block, step) * width);
                cut.push(here);
                values = rest;
            }
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_about_as_many_steps_and_every_sequence_once() {
        let mut active = vec![1; 50];
        active.extend(vec![40; 10]);
        active.extend(vec![100; 40]);
        let total = active.iter().sum();
        let ragged = RaggedLayout::new(&active, 100, total);
        assert_eq!(ragged.blocks.iter().cloned().flatten().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        let work = |block: &Range<usize>| (0..100).map(|step| ragged.here(block, step)).sum::<usize>();
        for block in &ragged.blocks {
            assert!(work(block).abs_diff(total / 4) <= 50, "{block:?} has {} of {total} steps", work(block));
        }
    }

    #[test]
    fn even_batches_are_cut_evenly() {
        let sizes = |rows: usize| {
            let active = [rows; 3];
            RaggedLayout::new(&active, rows, 3 * rows).blocks.iter().map(Range::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(32), [16, 16]);
        assert_eq!(sizes(33), [16, 17]);
        assert_eq!(sizes(64), [32, 32]);
    }

    #[test]
    fn a_sequence_that_starts_begins_with_its_initial_state() {
        let active = [1, 3, 3];
        let ragged = RaggedLayout::new(&active, 3, 7);
        let (states, initial) = ([10, 20, 21, 22, 30, 31, 32], [0, 1, 2]);
        assert_eq!(ragged.all_before(&states, &initial, 1), [0, 10, 1, 2, 20, 21, 22]);
        for (step, sequence, wanted) in [(0, 0, 0), (1, 0, 10), (1, 2, 2), (2, 2, 22)] {
            assert_eq!(ragged.before(step, sequence, &states, &initial, 1), [wanted]);
        }
    }

    #[test]
    fn cutting_gives_each_block_its_rows_of_each_step() {
        let active = [1, 2, 2];
        let ragged = RaggedLayout::new(&active, 2, 5);
        let mut values = [0, 10, 11, 20, 21];
        let cut = ragged.cut(&mut values, 1);
        assert_eq!(cut, [vec![&[0][..], &[10], &[20]], vec![&[], &[11], &[21]]]);
    }
}
