//! AVX2. `vpmaddubsw` multiplies unsigned by signed bytes and adds pairs of products as i16, saturating. Given |a| and
//! b with the sign of a, the pairs are those of a b, and at most 2 * 127 * 127, which an i16 holds.

#![expect(unsafe_code, reason = "intrinsics, and loads without a bounds check each")]
#![expect(clippy::needless_range_loop, reason = "factors and sums share the index")]

use core::arch::x86_64::{
    _mm256_abs_epi8, _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_sign_epi8, _mm256_storeu_si256,
};

use super::{Sums, Tile};
use crate::runtime::order::WIDTH;

/// Proof that the processor has the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Self> {
        #[cfg(feature = "std")]
        let found = std::arch::is_x86_feature_detected!("avx2");
        #[cfg(not(feature = "std"))]
        let found = cfg!(target_feature = "avx2");
        found.then_some(Self(()))
    }

    /// Computes a tile, whose places must exist.
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "a value of this type proves that the processor has the instructions")]
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
#[target_feature(enable = "avx2")]
unsafe fn row<const V: usize>(tile: &Tile<'_>, n: usize, sums: &mut [[i32; WIDTH]; V]) {
    let ones = _mm256_set1_epi16(1);
    let mut totals = [[_mm256_setzero_si256(); 2]; V];
    for k in 0..tile.depth {
        // SAFETY: guaranteed by the caller.
        let word =
            _mm256_set1_epi32(unsafe { *tile.words.as_ptr().add(n * tile.word_gap + k * tile.word_step) } as i32);
        let size = _mm256_abs_epi8(word);
        for v in 0..V {
            for half in 0..2 {
                let place = v * tile.vector_gap + k * tile.vector_step + half * WIDTH / 2;
                // SAFETY: guaranteed by the caller.
                let vector = unsafe { _mm256_loadu_si256(tile.vectors.as_ptr().add(place).cast()) };
                let pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(vector, word));
                totals[v][half] = _mm256_add_epi32(totals[v][half], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    for v in 0..V {
        for half in 0..2 {
            // SAFETY: each half has eight i32.
            unsafe { _mm256_storeu_si256(sums[v].as_mut_ptr().add(half * WIDTH / 2).cast(), totals[v][half]) };
        }
    }
}
