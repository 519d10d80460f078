//! A matrix whose zeros are left out, but for one bit each, times one vector: AVX-512 alone spreads numbers by such bits.

#![expect(clippy::needless_range_loop, reason = "vectors and sums go by the same index")]

use core::arch::x86_64::__m512;

use pulp::core_arch::x86::Avx512f;
use pulp::x86::V4;
use pulp::{WithSimd, bytemuck, f32x16};

use crate::runtime::order::WIDTH;

/// `out = base + hidden * weights` for one panel of at most four vectors of columns.
pub(crate) struct Expand<'a> {
    pub simd: V4,
    /// For each row and vector of columns, which of its numbers are not zero.
    pub masks: &'a [u16],
    /// The numbers, as many as `masks` has bits, and at least [`WIDTH`] more.
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
    #[expect(unsafe_code, reason = "to check each vector takes longer than to compute with it")]
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
                // SAFETY: there are as many values as bits, and a vector more.
                unsafe { add(avx, &mut sums[u], &masks[u * V..][..V], hidden[u], &mut values) };
            }
        }
        for (masks, hidden) in rest.chunks_exact(V).zip(&self.hidden[whole..]) {
            // SAFETY: the same.
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

/// Adds a row's products; its numbers begin at `values`, which goes on behind them.
///
/// # Safety
/// From `values` on there are as many numbers as `masks` has bits, and [`WIDTH`] more.
#[expect(unsafe_code, reason = "to check each vector takes longer than to compute with it")]
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
        // SAFETY: the caller says so.
        unsafe {
            let packed = avx._mm512_loadu_ps(*values);
            let numbers = expand(masks[v], packed);
            *values = values.add(masks[v].count_ones() as usize);
            sums[v] = avx._mm512_fmadd_ps(factor, numbers, sums[v]);
        }
    }
}

/// Spreads numbers to where the mask has bits. The intrinsic would do, were it not for the compiler, which lets the
/// instruction read memory: that is microcode on Zen, and several times slower.
#[expect(unsafe_code, reason = "the instruction in the form that takes a register")]
#[target_feature(enable = "avx512f")]
#[inline]
fn expand(mask: u16, packed: __m512) -> __m512 {
    let numbers: __m512;
    // SAFETY: it reads and writes registers alone.
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
