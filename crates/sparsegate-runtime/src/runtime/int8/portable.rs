//! Scalar code, and what the other paths are compared with.

use super::{Sums, Tile};
use crate::runtime::order::WIDTH;

/// Computes a tile.
#[expect(clippy::needless_range_loop, reason = "offsets and sums share the index")]
pub(super) fn tile<const V: usize, const N: usize>(tile: &Tile<'_>, sums: &mut Sums<V, N>) {
    *sums = [[[0; WIDTH]; V]; N];
    for n in 0..N {
        for v in 0..V {
            for k in 0..tile.depth {
                let vector = &tile.vectors[v * tile.vector_gap + k * tile.vector_step..][..WIDTH];
                let word = tile.words[n * tile.word_gap + k * tile.word_step];
                for (sum, other) in sums[n][v].iter_mut().zip(vector) {
                    *sum = sum.wrapping_add(product(word, *other));
                }
            }
        }
    }
}

/// The sum of the products of four signed integers.
#[inline(always)]
fn product(a: u32, b: u32) -> i32 {
    let of = |word: u32, at: u32| i32::from((word >> (8 * at)) as i8);
    (0..4).map(|at| of(a, at) * of(b, at)).sum()
}
