//! Product of a dense matrix and the states of many sequences.

use pulp::Simd;

use super::inlined;
use crate::runtime::order::WIDTH;

/// Number of columns that are packed side by side.
pub(crate) const PANEL: usize = 12;

/// Adds `hidden * weights` to `N` columns of a panel from `first` on, for `V` vectors. `panel` is row-major with
/// [`PANEL`] columns, `reads` has the unit of each row; for `hidden` and `sums` see [`super::sparse::sparse_lanes`].
#[inline(always)]
pub(crate) fn dense_lanes<S: Simd, const N: usize, const V: usize>(
    simd: S,
    (panel, reads, first): (&[f32], &[u32], usize),
    (hidden, hidden_stride): (&[f32], usize),
    (sums, sums_stride): (&mut [f32], usize),
) {
    let vectors = WIDTH / S::F32_LANES;
    let mut groups: [&[S::f32s]; V] = [&[]; V];
    for v in 0..V {
        let group = S::as_simd_f32s(&hidden[v / vectors * hidden_stride..][..hidden_stride]).0;
        // Empty if no unit is left.
        groups[v] = group.get(v % vectors..).unwrap_or_default();
    }
    let out = inlined(
        #[inline(always)]
        |n: usize, v: usize| v / vectors * sums_stride + (first + n) * WIDTH + v % vectors * S::F32_LANES,
    );
    let mut totals = [[simd.splat_f32s(0.0); V]; N];
    for n in 0..N {
        for v in 0..V {
            totals[n][v] = S::as_simd_f32s(&sums[out(n, v)..]).0[0];
        }
    }
    let rows = panel.as_chunks::<PANEL>().0;
    for (row, unit) in rows.iter().zip(reads) {
        let at = *unit as usize * vectors;
        let mut states = [simd.splat_f32s(0.0); V];
        for v in 0..V {
            states[v] = groups[v][at];
        }
        for n in 0..N {
            let weight = simd.splat_f32s(row[first + n]);
            for v in 0..V {
                totals[n][v] = simd.mul_add_f32s(weight, states[v], totals[n][v]);
            }
        }
    }
    for n in 0..N {
        for v in 0..V {
            S::as_mut_simd_f32s(&mut sums[out(n, v)..]).0[0] = totals[n][v];
        }
    }
}
