//! NEON.

#![expect(unsafe_code, reason = "intrinsics, and loads without a bounds check each")]
#![expect(clippy::needless_range_loop, reason = "factors and sums share the index")]

use core::arch::aarch64::{
    vdup_n_u32, vdupq_n_s32, vget_high_s8, vget_low_s8, vld1q_u32, vmull_s8, vpadalq_s16, vpaddq_s32,
    vreinterpret_s8_u32, vreinterpretq_s8_u32, vst1q_s32,
};

use super::{Sums, Tile};
use crate::runtime::order::WIDTH;

/// Words of a register.
const WORDS: usize = 4;

/// Proof that the processor has the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neon(());

impl Neon {
    pub fn detect() -> Option<Self> {
        cfg!(all(target_feature = "neon", target_endian = "little")).then_some(Self(()))
    }

    /// Computes a tile, whose places must exist.
    #[inline(always)]
    pub fn tile<const V: usize, const N: usize>(self, tile: &Tile<'_>, sums: &mut Sums<V, N>) {
        for (n, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `self` proves that the processor has the instructions, and the caller has checked the places.
            unsafe { row(tile, n, sums) };
        }
    }
}

/// Computes the sums of one word.
///
/// # Safety
/// The processor must have the instructions, and all places of the tile must exist.
#[target_feature(enable = "neon")]
unsafe fn row<const V: usize>(tile: &Tile<'_>, n: usize, sums: &mut [[i32; WIDTH]; V]) {
    for v in 0..V {
        // Of each register of words, the sums of the pairs of the first and of the last two words.
        let mut totals = [[vdupq_n_s32(0); 2]; WIDTH / WORDS];
        for k in 0..tile.depth {
            // SAFETY: guaranteed by the caller.
            let word = unsafe { *tile.words.as_ptr().add(n * tile.word_gap + k * tile.word_step) };
            let word = vreinterpret_s8_u32(vdup_n_u32(word));
            for quarter in 0..WIDTH / WORDS {
                let place = v * tile.vector_gap + k * tile.vector_step + quarter * WORDS;
                // SAFETY: guaranteed by the caller.
                let vector = vreinterpretq_s8_u32(unsafe { vld1q_u32(tile.vectors.as_ptr().add(place)) });
                let [low, high] = &mut totals[quarter];
                *low = vpadalq_s16(*low, vmull_s8(vget_low_s8(vector), word));
                *high = vpadalq_s16(*high, vmull_s8(vget_high_s8(vector), word));
            }
        }
        for (quarter, [low, high]) in totals.into_iter().enumerate() {
            // SAFETY: each quarter has four i32.
            unsafe { vst1q_s32(sums[v].as_mut_ptr().add(quarter * WORDS), vpaddq_s32(low, high)) };
        }
    }
}
