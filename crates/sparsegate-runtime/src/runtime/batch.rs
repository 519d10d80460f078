//! Batches: language models whose states carry over from call to call, and texts of unequal lengths.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use pulp::{Simd, WithSimd};

use super::Packed;
use super::aligned::AlignedVec;
use super::lanes::GROUPS;
use super::many::{LaneBuffers, LaneState};
use super::order::WIDTH;
use super::outputs::Scratch;
use super::single::Uncontended;
use super::threads::{DisjointWriter, MaybeSync};

/// State of up to [`GROUPS`] groups of sequences, which one thread computes without synchronising with others.
pub(crate) struct BatchBlock {
    groups: usize,
    /// Hidden states before the first and after each of the buffered steps: `[1 + steps, groups, units, WIDTH]`.
    hidden: AlignedVec,
    cell_state: AlignedVec,
    work: LaneBuffers,
    scratch: Scratch,
}

impl BatchBlock {
    fn new(packed: &Packed, groups: usize) -> Self {
        let size = packed.many.size();
        Self {
            groups,
            hidden: AlignedVec::zeros((1 + steps(groups)) * groups * size),
            cell_state: AlignedVec::zeros(groups * size),
            work: packed.many.work(groups),
            scratch: packed.outputs.scratch(),
        }
    }
}

/// Number of steps whose outputs are computed together: as many as share one read of the output weights among
/// [`GROUPS`] groups.
fn steps(groups: usize) -> usize {
    GROUPS / groups.max(1)
}

/// Blocks for `sequences` sequences, at least one per thread if there are enough groups.
pub(crate) fn blocks(packed: &Packed, sequences: usize) -> Vec<Uncontended<BatchBlock>> {
    let groups = sequences.div_ceil(WIDTH);
    let most = groups_of(packed, sequences);
    (0..groups).step_by(most).map(|first| Uncontended::new(BatchBlock::new(packed, most.min(groups - first)))).collect()
}

/// One block per thread; they can process any number of texts.
pub(crate) fn text_blocks(packed: &Packed) -> Vec<Uncontended<BatchBlock>> {
    (0..packed.pool.threads()).map(|_| Uncontended::new(BatchBlock::new(packed, GROUPS))).collect()
}

/// Number of groups in each block for `sequences` sequences; the last block may have fewer.
fn groups_of(packed: &Packed, sequences: usize) -> usize {
    sequences.div_ceil(WIDTH).div_ceil(packed.pool.threads()).clamp(1, GROUPS)
}

/// Resets all states to zero.
pub(crate) fn reset(blocks: &mut [Uncontended<BatchBlock>]) {
    for block in blocks {
        let block = block.get_mut();
        block.hidden.fill(0.0);
        block.cell_state.fill(0.0);
    }
}

/// Distributes the items `0..count` among the threads: each thread takes the next item until none is left. `run` gets
/// the thread's index and the item.
fn for_each_dynamic(packed: &Packed, symbols: usize, count: usize, run: impl Fn(usize, usize) + MaybeSync) {
    let next = AtomicUsize::new(0);
    packed.run_on_threads(symbols as f64 * packed.times.many, |thread, _| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            run(thread, number);
        }
    });
}

/// Writes the logits after each of `symbols` `[T, sequences]` to `out` `[T, sequences, O]`.
pub(crate) fn language_model(
    packed: &Packed,
    blocks: &[Uncontended<BatchBlock>],
    sequences: usize,
    symbols: &[u32],
    out: &mut [f32],
) {
    let out = DisjointWriter::new(out);
    let size = groups_of(packed, sequences) * WIDTH;
    for_each_dynamic(packed, symbols.len(), blocks.len(), |_, number| {
        blocks[number].with(|block| {
            let first = number * size;
            packed.arch.dispatch(LanguageModelPass { packed, block, first, sequences, symbols, out: &out });
        });
    });
}

struct LanguageModelPass<'a, 'b> {
    packed: &'a Packed,
    block: &'a mut BatchBlock,
    first: usize,
    sequences: usize,
    symbols: &'a [u32],
    out: &'a DisjointWriter<'b>,
}

impl WithSimd for LanguageModelPass<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { packed, block, first, sequences, symbols, out } = self;
        let BatchBlock { groups, hidden, cell_state, work, scratch } = block;
        let size = *groups * packed.many.size();
        for (block, symbols) in symbols.chunks(steps(*groups) * sequences).enumerate() {
            let count = symbols.len() / sequences;
            for (step, symbols) in symbols.chunks_exact(sequences).enumerate() {
                hidden.copy_within(step * size..(step + 1) * size, (step + 1) * size);
                let own = &symbols[first..sequences.min(first + *groups * WIDTH)];
                let rows = |group: usize| {
                    core::array::from_fn(|lane| {
                        // Lanes beyond the last sequence read an id without a row.
                        packed.symbols.row(own.get(group * WIDTH + lane).copied().unwrap_or(u32::MAX))
                    })
                };
                let hidden = &mut hidden[(step + 1) * size..][..size];
                packed.many.step(simd, rows, LaneState { groups: *groups, hidden, cell_state, work });
            }
            let row = |group: usize, lane: usize| {
                let (step, sequence) = (group / *groups, first + group % *groups * WIDTH + lane);
                (sequence < sequences).then(|| (block * steps(*groups) + step) * sequences + sequence)
            };
            let states = (&hidden[size..][..count * size], count * *groups);
            // SAFETY: each sequence belongs to one block, and one thread computes each block.
            #[expect(unsafe_code, reason = "threads write disjoint parts of the caller's buffer")]
            unsafe {
                packed.outputs.many(simd, 0..packed.outputs.tiles(), states, scratch, row, out);
            }
            hidden.copy_within(count * size..(count + 1) * size, 0);
        }
    }
}

/// Writes the logits after the last symbol of each text to `out` `[texts, O]`; `order` has the indices of the texts by
/// decreasing length.
pub(crate) fn classify<T: AsRef<[u32]> + Sync>(
    packed: &Packed,
    blocks: &[Uncontended<BatchBlock>],
    texts: &[T],
    order: &[u32],
    out: &mut [f32],
) {
    let out = DisjointWriter::new(out);
    let size = groups_of(packed, texts.len()) * WIDTH;
    let symbols: usize = texts.iter().map(|text| text.as_ref().len()).sum();
    let count = order.len().div_ceil(size);
    for_each_dynamic(packed, symbols, count, |thread, number| {
        blocks[thread].with(|block| {
            let order = &order[number * size..order.len().min((number + 1) * size)];
            packed.arch.dispatch(ClassifyPass { packed, block, all: texts, order, out: &out });
        });
    });
}

struct ClassifyPass<'a, 'b, T> {
    packed: &'a Packed,
    block: &'a mut BatchBlock,
    all: &'a [T],
    /// Indices of the block's texts.
    order: &'a [u32],
    out: &'a DisjointWriter<'b>,
}

impl<T: AsRef<[u32]>> WithSimd for ClassifyPass<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { packed, block, all, order, out } = self;
        let BatchBlock { hidden, cell_state, work, scratch, .. } = block;
        let size = packed.many.size();
        let groups = order.len().div_ceil(WIDTH);
        let mut lanes = [&[][..]; GROUPS * WIDTH];
        for (lane, text) in lanes.iter_mut().zip(order) {
            *lane = all[*text as usize].as_ref();
        }
        hidden[..groups * size].fill(0.0);
        cell_state[..groups * size].fill(0.0);
        let longest = lanes[0].len();
        // Texts are aligned at their ends. Lanes from `begun` on have not started yet.
        let mut begun = 0;
        for left in (0..=longest).rev() {
            // An idle lane in a started group has run steps without input; its text starts now from a zero state.
            while begun < groups * WIDTH && lanes[begun].len() >= left {
                let (group, lane) = (begun / WIDTH, begun % WIDTH);
                for states in [&mut **hidden, &mut **cell_state] {
                    states[group * size..][..size].chunks_exact_mut(WIDTH).for_each(|unit| unit[lane] = 0.0);
                }
                begun += 1;
            }
            if left == 0 {
                break;
            }
            let rows = |group: usize| {
                let mut rows = [0; WIDTH];
                for (row, text) in rows.iter_mut().zip(&lanes[group * WIDTH..][..WIDTH]) {
                    let symbol = text.len().checked_sub(left).map_or(u32::MAX, |at| text[at]);
                    *row = packed.symbols.row(symbol);
                }
                rows
            };
            let groups = begun.div_ceil(WIDTH);
            packed.many.step(simd, rows, LaneState { groups, hidden, cell_state, work });
        }
        let row = |group: usize, lane: usize| order.get(group * WIDTH + lane).map(|text| *text as usize);
        // SAFETY: each text belongs to one block, and one thread computes each block.
        #[expect(unsafe_code, reason = "threads write disjoint parts of the caller's buffer")]
        unsafe {
            packed.outputs.many(simd, 0..packed.outputs.tiles(), (hidden, groups), scratch, row, out);
        }
    }
}
