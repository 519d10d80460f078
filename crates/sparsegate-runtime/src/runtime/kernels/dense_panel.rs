//! Product of a dense matrix and one vector, sixteen to sixty-four columns at a time.

#![expect(clippy::needless_range_loop, reason = "vectors and sums share the index")]

use pulp::Simd;

use crate::runtime::order::WIDTH;

/// `out = base + hidden * weights`; `weights` is row-major with `out.len()` columns, at most four times [`WIDTH`].
#[inline(always)]
pub(crate) fn dense_panel<S: Simd>(simd: S, weights: &[f32], hidden: &[f32], base: &[f32], out: &mut [f32]) {
    let slots = out.len() / WIDTH;
    let panel = Panel { simd, weights, hidden, base, stride: slots * WIDTH / S::F32_LANES };
    // The processor starts two additions per cycle, each with a latency of four. With fewer than eight independent
    // sums, several rows are therefore summed side by side.
    match (S::F32_LANES, slots) {
        (16, 1) => panel.run::<1, 8>(0, out),
        (16, 2) => panel.run::<2, 4>(0, out),
        (16, 3) => panel.run::<3, 3>(0, out),
        (16, 4) => panel.run::<4, 2>(0, out),
        (8, _) => (0..slots).for_each(|slot| panel.run::<2, 4>(slot * 2, out)),
        (4, _) => (0..slots).for_each(|slot| panel.run::<4, 2>(slot * 4, out)),
        (lanes, _) => (0..slots * WIDTH / lanes).for_each(|vector| panel.run::<1, 4>(vector, out)),
    }
}

struct Panel<'a, S> {
    simd: S,
    weights: &'a [f32],
    hidden: &'a [f32],
    base: &'a [f32],
    /// Number of vectors in a row.
    stride: usize,
}

impl<S: Simd> Panel<'_, S> {
    /// Computes `V` vectors from `first` on, with `U` independent partial sums over every `U`th row.
    #[inline(always)]
    fn run<const V: usize, const U: usize>(&self, first: usize, out: &mut [f32]) {
        let simd = self.simd;
        let weights = S::as_simd_f32s(self.weights).0;
        let mut sums = [[simd.splat_f32s(0.0); V]; U];
        sums[0].copy_from_slice(&S::as_simd_f32s(self.base).0[first..][..V]);
        let whole = self.hidden.len() / U * U;
        let (blocks, rest) = weights.split_at(whole * self.stride);
        for (rows, hidden) in blocks.chunks_exact(U * self.stride).zip(self.hidden.chunks_exact(U)) {
            for u in 0..U {
                let factor = simd.splat_f32s(hidden[u]);
                let row = &rows[u * self.stride + first..][..V];
                for v in 0..V {
                    sums[u][v] = simd.mul_add_f32s(factor, row[v], sums[u][v]);
                }
            }
        }
        for (row, hidden) in rest.chunks_exact(self.stride.max(1)).zip(&self.hidden[whole..]) {
            let factor = simd.splat_f32s(*hidden);
            let row = &row[first..][..V];
            for v in 0..V {
                sums[0][v] = simd.mul_add_f32s(factor, row[v], sums[0][v]);
            }
        }
        let out = &mut S::as_mut_simd_f32s(out).0[first..][..V];
        out.copy_from_slice(&total(simd, sums));
    }
}

/// Pairwise sum of the partial sums.
#[inline(always)]
fn total<S: Simd, const V: usize, const U: usize>(simd: S, mut sums: [[S::f32s; V]; U]) -> [S::f32s; V] {
    let mut count = U;
    while count > 1 {
        let half = count.div_ceil(2);
        for u in 0..count - half {
            for v in 0..V {
                sums[u][v] = simd.add_f32s(sums[u][v], sums[u + half][v]);
            }
        }
        count = half;
    }
    sums[0]
}
