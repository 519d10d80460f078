//! A sparse matrix, column by column.

use pulp::Simd;

use super::inlined;
use crate::runtime::lists::Lists;
use crate::runtime::order::WIDTH;

/// `out = base + hidden * weights` for one vector `hidden` and the columns from `first` on.
#[inline(always)]
pub(crate) fn sparse_panel(weights: &Lists, first: usize, hidden: &[f32], base: &[f32], out: &mut [f32]) {
    for (column, (base, out)) in base.iter().zip(out).enumerate() {
        let (places, values) = weights.list(first + column);
        let (places, places_rest) = places.as_chunks::<4>();
        let (values, values_rest) = values.as_chunks::<4>();
        let mut sums = [*base, 0.0, 0.0, 0.0];
        for (places, values) in places.iter().zip(values) {
            for lane in 0..4 {
                sums[lane] += values[lane] * hidden[places[lane] as usize];
            }
        }
        for (place, value) in places_rest.iter().zip(values_rest) {
            sums[0] += value * hidden[*place as usize];
        }
        *out = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
}

/// `sums += hidden * weights` for the columns from `first` on, where both hold for each row or column [`WIDTH`] numbers of as many
/// sequences, in `G` groups that are `strides` apart in each; `V` is how many vectors that is.
#[inline(always)]
pub(crate) fn sparse_lanes<S: Simd, const V: usize>(
    simd: S,
    weights: &Lists,
    columns: core::ops::Range<usize>,
    (hidden, hidden_stride): (&[f32], usize),
    (sums, sums_stride): (&mut [f32], usize),
) {
    let vectors = WIDTH / S::F32_LANES;
    let mut groups: [&[S::f32s]; V] = [&[]; V];
    for v in 0..V {
        groups[v] = &S::as_simd_f32s(&hidden[v / vectors * hidden_stride..][..hidden_stride]).0[v % vectors..];
    }
    for (row, column) in columns.enumerate() {
        let mut totals = [simd.splat_f32s(0.0); V];
        let out = inlined(
            #[inline(always)]
            |v: usize| v / vectors * sums_stride + row * WIDTH + v % vectors * S::F32_LANES,
        );
        for v in 0..V {
            totals[v] = S::as_simd_f32s(&sums[out(v)..]).0[0];
        }
        for (place, value) in weights.pairs(column) {
            let factor = simd.splat_f32s(value);
            for v in 0..V {
                totals[v] = simd.mul_add_f32s(factor, groups[v][place * vectors], totals[v]);
            }
        }
        for v in 0..V {
            S::as_mut_simd_f32s(&mut sums[out(v)..]).0[0] = totals[v];
        }
    }
}
