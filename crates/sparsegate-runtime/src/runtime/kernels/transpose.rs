//! Transposes a vector per output into a row per sequence.

use pulp::Simd;

use crate::runtime::order::WIDTH;

/// Transposes a 16 x 16 tile; the new rows are `stride` apart.
#[inline(always)]
pub(crate) fn transpose<S: Simd>(simd: S, tile: &[f32; WIDTH * WIDTH], turned: &mut [f32], stride: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = super::as_avx512(simd) {
        return wide(simd, tile, turned, stride);
    }
    let _ = simd;
    for (row, turned) in turned.chunks_mut(stride).take(WIDTH).enumerate() {
        for (column, to) in turned[..WIDTH].iter_mut().enumerate() {
            *to = tile[column * WIDTH + row];
        }
    }
}

/// The same in 64 shuffles: of pairs of rows, then pairs of pairs within each quarter of a vector, then quarters.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn wide(simd: pulp::x86::V4, tile: &[f32; WIDTH * WIDTH], turned: &mut [f32], stride: usize) {
    use pulp::{cast, f32x16};

    // Selection of quarters from two vectors.
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;

    let avx = simd.avx512f;
    let rows: &[f32x16; WIDTH] = pulp::bytemuck::cast_ref(tile);
    let mut pairs = [avx._mm512_setzero_pd(); WIDTH];
    for pair in 0..WIDTH / 2 {
        let (a, b) = (cast(rows[2 * pair]), cast(rows[2 * pair + 1]));
        pairs[2 * pair] = avx._mm512_castps_pd(avx._mm512_unpacklo_ps(a, b));
        pairs[2 * pair + 1] = avx._mm512_castps_pd(avx._mm512_unpackhi_ps(a, b));
    }
    // Of four rows, the quarter q of the vector n has the column 4 q + n.
    let mut fours = [avx._mm512_setzero_ps(); WIDTH];
    for four in (0..WIDTH).step_by(4) {
        for half in 0..2 {
            let (a, b) = (pairs[four + half], pairs[four + half + 2]);
            fours[four + 2 * half] = avx._mm512_castpd_ps(avx._mm512_unpacklo_pd(a, b));
            fours[four + 2 * half + 1] = avx._mm512_castpd_ps(avx._mm512_unpackhi_pd(a, b));
        }
    }
    for n in 0..4 {
        let (first, second, third, fourth) = (fours[n], fours[4 + n], fours[8 + n], fours[12 + n]);
        let even = avx._mm512_shuffle_f32x4::<EVEN>(first, second);
        let even_below = avx._mm512_shuffle_f32x4::<EVEN>(third, fourth);
        let odd = avx._mm512_shuffle_f32x4::<ODD>(first, second);
        let odd_below = avx._mm512_shuffle_f32x4::<ODD>(third, fourth);
        let columns = [
            avx._mm512_shuffle_f32x4::<EVEN>(even, even_below),
            avx._mm512_shuffle_f32x4::<EVEN>(odd, odd_below),
            avx._mm512_shuffle_f32x4::<ODD>(even, even_below),
            avx._mm512_shuffle_f32x4::<ODD>(odd, odd_below),
        ];
        for quarter in 0..4 {
            let column: [f32; WIDTH] = cast(columns[quarter]);
            turned[(4 * quarter + n) * stride..][..WIDTH].copy_from_slice(&column);
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    #[test]
    fn rows_become_columns() {
        struct Turn([f32; 256]);
        impl WithSimd for Turn {
            type Output = [f32; 320];
            fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
                let mut turned = [0.0; 320];
                transpose(simd, &self.0, &mut turned, 20);
                turned
            }
        }
        let tile = core::array::from_fn(|at| at as f32);
        for turned in [Arch::new().dispatch(Turn(tile)), Turn(tile).with_simd(pulp::Scalar)] {
            let right =
                |row: usize, column: usize| (turned[row * 20 + column] - (column * 16 + row) as f32).abs() < 0.5;
            assert!((0..256).all(|at| right(at / 16, at % 16)));
        }
    }
}
