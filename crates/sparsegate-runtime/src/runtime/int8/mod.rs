//! Products of 8-bit weights and 8-bit states, see [`crate::int8`].
//!
//! Four integers that are multiplied with four others and summed are one *word*, a u32. A tile is computed from words
//! of one factor as vectors of [`WIDTH`] words, and words of the other factor one at a time:
//!
//! | product | vectors | single words | lanes of the result |
//! |---|---|---|---|
//! | [`columns`], of one state or several | weights | states | columns |
//! | [`lanes`], of groups of sequences | states | weights | sequences |
//!
//! Sums of integers are exact, so every path gives the same bits; the tests demand equality with the definition.
//!
//! | path | instruction | words per instruction |
//! |---|---|---|
//! | `vnni` | `vpdpbusd` (AVX-512 VNNI): unsigned by signed bytes; states are offset by 128, which is subtracted from the sums | 16 |
//! | `avx2` | `vpmaddubsw` on absolute values, whose sums of two products fit an i16 | 8 |
//! | `neon` | `smull`, `sadalp` | 2 |
//! | `portable` | | |

#[cfg(target_arch = "x86_64")]
mod avx2;
pub(crate) mod columns;
pub(crate) mod lanes;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
pub(crate) mod states;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vnni;

use alloc::vec::Vec;

use super::order::WIDTH;

/// What multiplies integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Int8Path {
    /// AVX-512 VNNI.
    #[cfg(target_arch = "x86_64")]
    Vnni(vnni::Vnni),
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    /// NEON.
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
    /// Scalar code.
    Portable,
}

/// What makes products of the sums of columns.
pub(crate) struct ColumnsEnd<'a, const N: usize> {
    /// What is added to the sum of each column, see [`Int8Path::correction`].
    pub corrections: &'a [i32],
    /// Scale of each column.
    pub scales: &'a [f32],
    /// What the products are added to, for each column.
    pub base: &'a [f32],
    /// Scale of each state.
    pub state_scales: &'a [f32; N],
}

/// What makes products of the sums of groups of sequences.
pub(crate) struct LanesEnd<'a, const G: usize> {
    /// What is added to the sums of each column, see [`Int8Path::correction`].
    pub corrections: &'a [i32],
    /// Scale of each column.
    pub scales: &'a [f32],
    /// Scale of each sequence's state, by group.
    pub state_scales: [&'a [f32; WIDTH]; G],
}

/// The factors of a tile: `V` vectors and `N` single words for each of `depth` places. The product with the place
/// `k` of the vector `v` and the word `n` is that of `vectors[v * vector_gap + k * vector_step..][..WIDTH]` and
/// `words[n * word_gap + k * word_step]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tile<'a> {
    pub vectors: &'a [u32],
    pub vector_gap: usize,
    pub vector_step: usize,
    pub words: &'a [u32],
    pub word_gap: usize,
    pub word_step: usize,
    pub depth: usize,
}

impl Tile<'_> {
    /// Checks that all places of `V` vectors and `N` words exist.
    #[inline(always)]
    fn check<const V: usize, const N: usize>(&self) {
        let last = self.depth.saturating_sub(1);
        assert!(
            (V - 1) * self.vector_gap + last * self.vector_step + WIDTH <= self.vectors.len() || self.depth == 0,
            "a tile beyond its vectors"
        );
        assert!(
            (N - 1) * self.word_gap + last * self.word_step < self.words.len() || self.depth == 0,
            "a tile beyond its words"
        );
    }
}

/// The sums of a tile.
type Sums<const V: usize, const N: usize> = [[[i32; WIDTH]; V]; N];

impl Int8Path {
    /// The fastest path that this processor has.
    pub fn detect() -> Self {
        Self::all()[0]
    }

    /// All paths of this processor, the fastest first.
    pub fn all() -> Vec<Self> {
        let mut paths = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            paths.extend(vnni::Vnni::detect().map(Self::Vnni));
            paths.extend(avx2::Avx2::detect().map(Self::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        paths.extend(neon::Neon::detect().map(Self::Neon));
        paths.push(Self::Portable);
        paths
    }

    /// What the bytes of states are combined with by exclusive or: states are unsigned, offset by 128, for the path
    /// whose instruction multiplies unsigned by signed bytes.
    pub fn state_offset(self) -> u32 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(_) => 0x8080_8080,
            _ => 0,
        }
    }

    /// What is to be added to a sum for the offset of its states, given the sum of its weights.
    pub fn correction(self, weights: i32) -> i32 {
        if self.state_offset() == 0 { 0 } else { weights.wrapping_mul(-128) }
    }

    /// `out = base + products` for `V` vectors of columns, given `N` states as single words; `out` has `V` vectors for
    /// each state.
    #[inline(always)]
    pub fn columns<const V: usize, const N: usize>(self, tile: &Tile<'_>, end: &ColumnsEnd<'_, N>, out: &mut [f32]) {
        tile.check::<V, N>();
        #[cfg(target_arch = "x86_64")]
        if let Self::Vnni(path) = self {
            return path.columns::<V, N>(tile, end, out);
        }
        let sums = self.signed::<V, N>(tile);
        for (n, out) in out[..N * V * WIDTH].chunks_exact_mut(V * WIDTH).enumerate() {
            let (sums, scales, base) = (sums[n].as_flattened(), &end.scales[..V * WIDTH], &end.base[..V * WIDTH]);
            for column in 0..V * WIDTH {
                out[column] = base[column] + sums[column] as f32 * (scales[column] * end.state_scales[n]);
            }
        }
    }

    /// Adds the products of `G` groups of sequences, as vectors, with `N` columns at most to `sums`, whose groups are
    /// `stride` apart.
    #[inline(always)]
    pub fn lanes<const G: usize, const N: usize>(
        self,
        tile: &Tile<'_>,
        end: &LanesEnd<'_, G>,
        (all, stride): (&mut [f32], usize),
    ) {
        tile.check::<G, N>();
        #[cfg(target_arch = "x86_64")]
        if let Self::Vnni(path) = self {
            return path.lanes::<G, N>(tile, end, (all, stride));
        }
        let sums = self.signed::<G, N>(tile);
        for (n, (scale, sums)) in end.scales.iter().zip(&sums).enumerate() {
            for g in 0..G {
                let all = &mut all[g * stride + n * WIDTH..][..WIDTH];
                for ((all, sum), state_scale) in all.iter_mut().zip(&sums[g]).zip(end.state_scales[g]) {
                    *all += *sum as f32 * (scale * state_scale);
                }
            }
        }
    }

    /// The sums of a tile of signed integers.
    #[inline(always)]
    fn signed<const V: usize, const N: usize>(self, tile: &Tile<'_>) -> Sums<V, N> {
        let mut sums = [[[0; WIDTH]; V]; N];
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(path) => path.tile(tile, &mut sums),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(path) => path.tile(tile, &mut sums),
            _ => portable::tile(tile, &mut sums),
        }
        sums
    }
}

/// Packs four integers into a word; missing ones are zero.
pub(crate) fn word(integers: &[i8]) -> u32 {
    integers.iter().enumerate().fold(0, |word, (at, integer)| word | u32::from(*integer as u8) << (8 * at))
}
