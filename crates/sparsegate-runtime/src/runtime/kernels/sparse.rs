//! Products of a sparse matrix, column by column.

use pulp::Simd;

use super::inlined;
use crate::runtime::order::WIDTH;
use crate::runtime::sparse::SparseLists;

/// `out = base + hidden * weights` for one vector `hidden` and the columns from `first` on.
#[inline(always)]
pub(crate) fn sparse_panel(weights: &SparseLists, first: usize, hidden: &[f32], base: &[f32], out: &mut [f32]) {
    for (column, (base, out)) in base.iter().zip(out).enumerate() {
        let (indices, values) = weights.row(first + column);
        let (indices, indices_rest) = indices.as_chunks::<4>();
        let (values, values_rest) = values.as_chunks::<4>();
        let mut sums = [*base, 0.0, 0.0, 0.0];
        for (indices, values) in indices.iter().zip(values) {
            for lane in 0..4 {
                sums[lane] += values[lane] * hidden[indices[lane] as usize];
            }
        }
        for (place, value) in indices_rest.iter().zip(values_rest) {
            sums[0] += value * hidden[*place as usize];
        }
        *out = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
}

/// `sums += hidden * weights` for the columns in `columns`. `hidden` and `sums` hold [`WIDTH`] sequences for each row
/// or column, in groups that are `hidden_stride` and `sums_stride` apart; `V` is the number of vectors in all groups.
#[inline(always)]
pub(crate) fn sparse_lanes<S: Simd, const V: usize>(
    simd: S,
    weights: &SparseLists,
    columns: core::ops::Range<usize>,
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
    for (row, column) in columns.enumerate() {
        let mut totals = [simd.splat_f32s(0.0); V];
        let mut others = totals;
        let out = inlined(
            #[inline(always)]
            |v: usize| v / vectors * sums_stride + row * WIDTH + v % vectors * S::F32_LANES,
        );
        for v in 0..V {
            totals[v] = S::as_simd_f32s(&sums[out(v)..]).0[0];
        }
        // Two independent sums: an addition takes several cycles, and need not wait for the previous one.
        let (indices, values) = weights.row(column);
        let (indices, last_place) = indices.as_chunks::<2>();
        let (values, last_value) = values.as_chunks::<2>();
        for (indices, values) in indices.iter().zip(values) {
            let (factor, other) = (simd.splat_f32s(values[0]), simd.splat_f32s(values[1]));
            let (at, other_at) = (indices[0] as usize * vectors, indices[1] as usize * vectors);
            for v in 0..V {
                totals[v] = simd.mul_add_f32s(factor, groups[v][at], totals[v]);
                others[v] = simd.mul_add_f32s(other, groups[v][other_at], others[v]);
            }
        }
        if let ([place], [value]) = (last_place, last_value) {
            let factor = simd.splat_f32s(*value);
            for v in 0..V {
                totals[v] = simd.mul_add_f32s(factor, groups[v][*place as usize * vectors], totals[v]);
            }
        }
        for v in 0..V {
            S::as_mut_simd_f32s(&mut sums[out(v)..]).0[0] = simd.add_f32s(totals[v], others[v]);
        }
    }
}
