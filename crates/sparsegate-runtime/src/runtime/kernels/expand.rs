//! Product of a masked matrix (non-zero values and a bit mask of their positions) and one vector. Needs AVX-512, which
//! has an instruction to expand values by a bit mask.

#![expect(clippy::needless_range_loop, reason = "vectors and sums share the index")]

use core::arch::x86_64::__m512;

use pulp::core_arch::x86::Avx512f;
use pulp::x86::V4;
use pulp::{WithSimd, bytemuck, f32x16};

use crate::runtime::order::WIDTH;

/// `out = base + hidden * weights` for one panel of at most four vectors of columns.
pub(crate) struct Expand<'a> {
    pub simd: V4,
    /// For each row and vector of columns, a bit mask of its non-zero values.
    pub masks: &'a [u16],
    /// The non-zero values, as many as `masks` has set bits, followed by at least [`WIDTH`] more.
    pub values: &'a [f32],
    pub hidden: &'a [f32],
    pub base: &'a [f32],
    pub out: &'a mut [f32],
}

impl WithSimd for Expand<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        match self.out.len() / WIDTH {
            1 => self.run::<1, 8>(),
            2 => self.run::<2, 4>(),
            3 => self.run::<3, 3>(),
            _ => self.run::<4, 2>(),
        }
    }
}

impl Expand<'_> {
    #[expect(unsafe_code, reason = "a bounds check per vector takes longer than its computation")]
    #[inline(always)]
    fn run<const V: usize, const U: usize>(self) {
        let avx = self.simd.avx512f;
        let mut sums = [[avx._mm512_setzero_ps(); V]; U];
        for v in 0..V {
            sums[0][v] = load(&self.base[v * WIDTH..]);
        }
        let mut values = self.values.as_ptr();
        let whole = self.hidden.len() / U * U;
        let (blocks, rest) = self.masks.split_at(whole * V);
        for (masks, hidden) in blocks.chunks_exact(U * V).zip(self.hidden.chunks_exact(U)) {
            for u in 0..U {
                // SAFETY: `values` has as many values as `masks` has set bits, and a vector more.
                unsafe { add(avx, &mut sums[u], &masks[u * V..][..V], hidden[u], &mut values) };
            }
        }
        for (masks, hidden) in rest.chunks_exact(V).zip(&self.hidden[whole..]) {
            // SAFETY: as above.
            unsafe { add(avx, &mut sums[0], masks, *hidden, &mut values) };
        }
        for u in 1..U {
            for v in 0..V {
                sums[0][v] = avx._mm512_add_ps(sums[0][v], sums[u][v]);
            }
        }
        for v in 0..V {
            let sum: f32x16 = pulp::cast(sums[0][v]);
            self.out[v * WIDTH..][..WIDTH].copy_from_slice(bytemuck::cast_slice(&[sum]));
        }
    }
}

/// Adds the products of a row, whose values start at `values`, and advances `values` past them.
///
/// # Safety
/// From `values` on there must be as many values as `masks` has set bits, and [`WIDTH`] more.
#[expect(unsafe_code, reason = "a bounds check per vector takes longer than its computation")]
#[inline(always)]
unsafe fn add<const V: usize>(
    avx: Avx512f,
    sums: &mut [__m512; V],
    masks: &[u16],
    hidden: f32,
    values: &mut *const f32,
) {
    let factor = avx._mm512_set1_ps(hidden);
    for v in 0..V {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let packed = avx._mm512_loadu_ps(*values);
            let numbers = expand(masks[v], packed);
            *values = values.add(masks[v].count_ones() as usize);
            sums[v] = avx._mm512_fmadd_ps(factor, numbers, sums[v]);
        }
    }
}

/// Expands values to the positions of the set bits. Not the intrinsic: the compiler may give it a memory operand, a
/// form that is microcoded on Zen and several times slower.
#[expect(unsafe_code, reason = "forces the register form of the instruction")]
#[target_feature(enable = "avx512f")]
#[inline]
fn expand(mask: u16, packed: __m512) -> __m512 {
    let numbers: __m512;
    // SAFETY: it only reads and writes registers.
    unsafe {
        core::arch::asm!(
            "vexpandps {numbers} {{{mask}}} {{z}}, {packed}",
            numbers = lateout(zmm_reg) numbers,
            mask = in(kreg) mask,
            packed = in(zmm_reg) packed,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    numbers
}

#[inline(always)]
fn load(values: &[f32]) -> __m512 {
    let vector: f32x16 = *bytemuck::from_bytes(bytemuck::cast_slice(&values[..WIDTH]));
    pulp::cast(vector)
}
