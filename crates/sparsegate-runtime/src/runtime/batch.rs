//! Many sequences: language models with states that go on from call to call, and texts of unequal lengths.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use pulp::{Simd, WithSimd};

use super::Packed;
use super::floats::Floats;
use super::lanes::GROUPS;
use super::many::Lanes;
use super::order::WIDTH;
use super::outputs::Outputs;
use super::single::Locked;
use super::threads::Parts;

/// Up to [`GROUPS`] groups of sequences, which one thread computes without waiting for any other.
pub(crate) struct Block {
    groups: usize,
    /// States before and after each of some steps: `[1 + steps, groups, units, WIDTH]`.
    hidden: Floats,
    memory: Floats,
    sums: Floats,
    scratch: Floats,
}

impl Block {
    fn new(packed: &Packed, groups: usize) -> Self {
        let size = packed.many.size();
        Self {
            groups,
            hidden: Floats::zeros((1 + steps(groups)) * groups * size),
            memory: Floats::zeros(groups * size),
            sums: packed.many.sums(groups),
            scratch: Outputs::scratch(),
        }
    }
}

/// Steps whose outputs are computed together: enough to read the output weights for [`GROUPS`] groups at once.
fn steps(groups: usize) -> usize {
    GROUPS / groups.max(1)
}

/// Blocks for so many sequences, at least one for each thread as long as there are groups.
pub(crate) fn blocks(packed: &Packed, sequences: usize) -> Vec<Locked<Block>> {
    let groups = sequences.div_ceil(WIDTH);
    let most = groups_of(packed, sequences);
    (0..groups).step_by(most).map(|first| Locked::new(Block::new(packed, most.min(groups - first)))).collect()
}

/// A block for each thread, for any number of texts.
pub(crate) fn text_blocks(packed: &Packed) -> Vec<Locked<Block>> {
    (0..packed.pool.threads()).map(|_| Locked::new(Block::new(packed, GROUPS))).collect()
}

/// Groups in a block of so many sequences, but for the last one.
fn groups_of(packed: &Packed, sequences: usize) -> usize {
    sequences.div_ceil(WIDTH).div_ceil(packed.pool.threads()).clamp(1, GROUPS)
}

/// Back to zero states.
pub(crate) fn reset(blocks: &mut [Locked<Block>]) {
    for block in blocks {
        let block = block.get_mut();
        block.hidden.fill(0.0);
        block.memory.fill(0.0);
    }
}

/// Has threads take numbers below `count` until there are none left.
fn take_turns(packed: &Packed, symbols: usize, count: usize, run: impl Fn(usize, usize) + Sync) {
    let next = AtomicUsize::new(0);
    packed.share_out(symbols as f64 * packed.times.many, &|thread, _| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            run(thread, number);
        }
    });
}

/// Logits `out` `[T, sequences, O]` after each of `symbols` `[T, sequences]`.
pub(crate) fn language_model(
    packed: &Packed,
    blocks: &[Locked<Block>],
    sequences: usize,
    symbols: &[u32],
    out: &mut [f32],
) {
    let out = Parts::new(out);
    let size = groups_of(packed, sequences) * WIDTH;
    take_turns(packed, symbols.len(), blocks.len(), |_, number| {
        blocks[number].with(|block| {
            let first = number * size;
            packed.arch.dispatch(Go { packed, block, first, sequences, symbols, out: &out });
        });
    });
}

struct Go<'a, 'b> {
    packed: &'a Packed,
    block: &'a mut Block,
    first: usize,
    sequences: usize,
    symbols: &'a [u32],
    out: &'a Parts<'b>,
}

impl WithSimd for Go<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { packed, block, first, sequences, symbols, out } = self;
        let Block { groups, hidden, memory, sums, scratch } = block;
        let size = *groups * packed.many.size();
        for (block, symbols) in symbols.chunks(steps(*groups) * sequences).enumerate() {
            let count = symbols.len() / sequences;
            for (step, symbols) in symbols.chunks_exact(sequences).enumerate() {
                hidden.copy_within(step * size..(step + 1) * size, (step + 1) * size);
                let own = &symbols[first..sequences.min(first + *groups * WIDTH)];
                let rows = |group: usize| {
                    core::array::from_fn(|lane| {
                        // Lanes beyond the last sequence read what has no row.
                        packed.symbols.row(own.get(group * WIDTH + lane).copied().unwrap_or(u32::MAX))
                    })
                };
                let hidden = &mut hidden[(step + 1) * size..][..size];
                packed.many.step(simd, rows, Lanes { groups: *groups, hidden, memory, sums });
            }
            let row = |group: usize, lane: usize| {
                let (step, sequence) = (group / *groups, first + group % *groups * WIDTH + lane);
                (sequence < sequences).then(|| (block * steps(*groups) + step) * sequences + sequence)
            };
            let states = (&hidden[size..][..count * size], count * *groups);
            // SAFETY: each sequence is in one block, and each block is computed by one thread.
            #[expect(unsafe_code, reason = "threads write to different parts of the caller's buffer")]
            unsafe {
                packed.outputs.many(simd, 0..packed.outputs.tiles(), states, scratch, row, out);
            }
            hidden.copy_within(count * size..(count + 1) * size, 0);
        }
    }
}

/// Logits `out` `[texts, O]` after the last symbol of each text; `order` are the texts' numbers, by falling length.
pub(crate) fn classify<T: AsRef<[u32]> + Sync>(
    packed: &Packed,
    blocks: &[Locked<Block>],
    texts: &[T],
    order: &[u32],
    out: &mut [f32],
) {
    let out = Parts::new(out);
    let size = groups_of(packed, texts.len()) * WIDTH;
    let symbols: usize = texts.iter().map(|text| text.as_ref().len()).sum();
    let count = order.len().div_ceil(size);
    take_turns(packed, symbols, count, |thread, number| {
        blocks[thread].with(|block| {
            let order = &order[number * size..order.len().min((number + 1) * size)];
            packed.arch.dispatch(Texts { packed, block, texts, order, out: &out });
        });
    });
}

struct Texts<'a, 'b, T> {
    packed: &'a Packed,
    block: &'a mut Block,
    texts: &'a [T],
    /// Numbers of the block's texts.
    order: &'a [u32],
    out: &'a Parts<'b>,
}

impl<T: AsRef<[u32]>> WithSimd for Texts<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { packed, block, texts, order, out } = self;
        let Block { hidden, memory, sums, scratch, .. } = block;
        let size = packed.many.size();
        let groups = order.len().div_ceil(WIDTH);
        let text = |lane: usize| order.get(lane).map_or(&[][..], |text| texts[*text as usize].as_ref());
        hidden[..groups * size].fill(0.0);
        memory[..groups * size].fill(0.0);
        let longest = text(0).len();
        // Lanes from here on have not begun.
        let mut begun = 0;
        for left in (0..=longest).rev() {
            // A lane that stood still has gone through steps without input: its text begins now, from zero.
            while begun < groups * WIDTH && text(begun).len() >= left {
                let (group, lane) = (begun / WIDTH, begun % WIDTH);
                for states in [&mut **hidden, &mut **memory] {
                    states[group * size..][..size].chunks_exact_mut(WIDTH).for_each(|unit| unit[lane] = 0.0);
                }
                begun += 1;
            }
            if left == 0 {
                break;
            }
            let rows = |group: usize| {
                core::array::from_fn(|lane| {
                    let text = text(group * WIDTH + lane);
                    let symbol = text.len().checked_sub(left).map_or(u32::MAX, |at| text[at]);
                    packed.symbols.row(symbol)
                })
            };
            let groups = begun.div_ceil(WIDTH);
            packed.many.step(simd, rows, Lanes { groups, hidden, memory, sums });
        }
        let row = |group: usize, lane: usize| order.get(group * WIDTH + lane).map(|text| *text as usize);
        // SAFETY: each text is in one block, and each block is computed by one thread.
        #[expect(unsafe_code, reason = "threads write to different parts of the caller's buffer")]
        unsafe {
            packed.outputs.many(simd, 0..packed.outputs.tiles(), (hidden, groups), scratch, row, out);
        }
    }
}
