//! AVX-512 VNNI.

#![expect(unsafe_code, reason = "intrinsics, and loads without a bounds check each")]
#![expect(clippy::needless_range_loop, reason = "factors and sums share the index")]

use core::arch::x86_64::{
    __m512, __m512i, _mm512_add_epi32, _mm512_add_ps, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512, _mm512_storeu_ps,
};

use super::{ColumnsEnd, LanesEnd, Tile};
use crate::runtime::order::WIDTH;

/// Proof that the processor has the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vnni(());

/// Partial sums of a tile of few vectors: an instruction may start each cycle, and takes four.
const PARTS: usize = 4;

impl Vnni {
    pub fn detect() -> Option<Self> {
        #[cfg(feature = "std")]
        let found = std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512vnni");
        #[cfg(not(feature = "std"))]
        let found = cfg!(all(target_feature = "avx512bw", target_feature = "avx512vnni"));
        found.then_some(Self(()))
    }

    /// Computes the columns of a tile, whose places must exist; see [`super::Int8Path::columns`].
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "a value of this type proves that the processor has the instructions")]
    pub fn columns<const V: usize, const N: usize>(self, tile: &Tile<'_>, end: &ColumnsEnd<'_, N>, out: &mut [f32]) {
        let size = V * WIDTH;
        assert!(end.corrections.len() >= size && end.scales.len() >= size && end.base.len() >= size);
        assert!(out.len() >= N * size);
        // SAFETY: `self` proves that the processor has the instructions, and all places exist.
        unsafe {
            if V * N < PARTS { columns::<V, N, PARTS>(tile, end, out) } else { columns::<V, N, 1>(tile, end, out) }
        }
    }

    /// Adds the lanes of a tile, whose places must exist, to `sums`; see [`super::Int8Path::lanes`].
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "a value of this type proves that the processor has the instructions")]
    pub fn lanes<const G: usize, const N: usize>(
        self,
        tile: &Tile<'_>,
        end: &LanesEnd<'_, G>,
        (sums, stride): (&mut [f32], usize),
    ) {
        assert!(end.corrections.len() == end.scales.len() && end.scales.len() <= N);
        assert!((G - 1) * stride + end.scales.len() * WIDTH <= sums.len());
        // SAFETY: `self` proves that the processor has the instructions, and all places exist.
        unsafe { lanes::<G, N>(tile, end, (sums, stride)) }
    }
}

/// Sums in `U` partial sums over every `U`th place. `UNSIGNED_VECTORS`: the vectors are the states.
///
/// # Safety
/// The processor must have the instructions, and all places of the tile must exist.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
unsafe fn sums<const V: usize, const N: usize, const U: usize, const UNSIGNED_VECTORS: bool>(
    tile: &Tile<'_>,
) -> [[__m512i; V]; N] {
    let mut parts = [[[_mm512_setzero_si512(); V]; N]; U];
    let (mut vectors, mut words) = (tile.vectors.as_ptr(), tile.words.as_ptr());
    let mut add = |part: &mut [[__m512i; V]; N]| {
        let mut row = [_mm512_setzero_si512(); V];
        for v in 0..V {
            // SAFETY: guaranteed by the caller.
            row[v] = unsafe { _mm512_loadu_si512(vectors.add(v * tile.vector_gap).cast()) };
        }
        for n in 0..N {
            // SAFETY: guaranteed by the caller.
            let word = _mm512_set1_epi32(unsafe { *words.add(n * tile.word_gap) } as i32);
            for v in 0..V {
                let (unsigned, signed) = if UNSIGNED_VECTORS { (row[v], word) } else { (word, row[v]) };
                part[n][v] = _mm512_dpbusd_epi32(part[n][v], unsigned, signed);
            }
        }
        vectors = vectors.wrapping_add(tile.vector_step);
        words = words.wrapping_add(tile.word_step);
    };
    for _ in 0..tile.depth / U {
        for u in 0..U {
            add(&mut parts[u]);
        }
    }
    for _ in 0..tile.depth % U {
        add(&mut parts[0]);
    }
    for u in 1..U {
        for n in 0..N {
            for v in 0..V {
                parts[0][n][v] = _mm512_add_epi32(parts[0][n][v], parts[u][n][v]);
            }
        }
    }
    parts[0]
}

/// A sum as the product that it stands for.
#[target_feature(enable = "avx512f")]
#[inline]
fn product(sum: __m512i, correction: __m512i, scale: __m512) -> __m512 {
    _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(sum, correction)), scale)
}

/// # Safety
/// As for [`sums`]; `out` must have room for the tile, and `end` as many columns.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn columns<const V: usize, const N: usize, const U: usize>(
    tile: &Tile<'_>,
    end: &ColumnsEnd<'_, N>,
    out: &mut [f32],
) {
    // SAFETY: guaranteed by the caller.
    let sums = unsafe { sums::<V, N, U, false>(tile) };
    for v in 0..V {
        // SAFETY: guaranteed by the caller.
        let (correction, scale, base) = unsafe {
            let at = v * WIDTH;
            (
                _mm512_loadu_si512(end.corrections.as_ptr().add(at).cast()),
                _mm512_loadu_ps(end.scales.as_ptr().add(at)),
                _mm512_loadu_ps(end.base.as_ptr().add(at)),
            )
        };
        for n in 0..N {
            let scale = _mm512_mul_ps(scale, _mm512_set1_ps(end.state_scales[n]));
            let found = _mm512_add_ps(base, product(sums[n][v], correction, scale));
            // SAFETY: guaranteed by the caller.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr().add((n * V + v) * WIDTH), found) };
        }
    }
}

/// # Safety
/// As for [`sums`]; the buffer must have room for the columns of `end` in all groups.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn lanes<const G: usize, const N: usize>(
    tile: &Tile<'_>,
    end: &LanesEnd<'_, G>,
    (all, stride): (&mut [f32], usize),
) {
    // SAFETY: guaranteed by the caller.
    let sums = unsafe { sums::<G, N, 1, true>(tile) };
    for g in 0..G {
        // SAFETY: an array of sixteen floats.
        let state_scales = unsafe { _mm512_loadu_ps(end.state_scales[g].as_ptr()) };
        for (n, sums) in sums.iter().enumerate().take(end.scales.len()) {
            let scale = _mm512_mul_ps(_mm512_set1_ps(end.scales[n]), state_scales);
            let product = product(sums[g], _mm512_set1_epi32(end.corrections[n]), scale);
            // SAFETY: guaranteed by the caller.
            unsafe {
                let to = all.as_mut_ptr().add(g * stride + n * WIDTH);
                _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), product));
            }
        }
    }
}
