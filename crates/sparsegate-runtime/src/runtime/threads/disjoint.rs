//! An output buffer whose disjoint parts are written by different threads.

use core::marker::PhantomData;

use pulp::Simd;

use crate::runtime::kernels;
use crate::runtime::order::WIDTH;

/// An output buffer whose disjoint parts are written by different threads.
pub(crate) struct DisjointWriter<'a> {
    start: *mut f32,
    length: usize,
    /// Whether the buffer is too large for the caches.
    non_temporal: bool,
    borrow: PhantomData<&'a mut [f32]>,
}

/// Length above which a buffer is written with non-temporal stores: cached lines would be evicted before they are read.
const NON_TEMPORAL_FROM: usize = 4 << 20;

// SAFETY: the only operation is writing, and its caller guarantees that no other thread writes to the same part.
#[expect(unsafe_code, reason = "threads write disjoint parts of the caller's buffer")]
unsafe impl Sync for DisjointWriter<'_> {}

impl<'a> DisjointWriter<'a> {
    pub fn new(buffer: &'a mut [f32]) -> Self {
        Self {
            start: buffer.as_mut_ptr(),
            length: buffer.len(),
            non_temporal: buffer.len() > NON_TEMPORAL_FROM,
            borrow: PhantomData,
        }
    }

    /// A thread must call this after writing its whole part.
    #[inline(always)]
    pub fn finish<S: Simd>(&self, simd: S) {
        #[cfg(target_arch = "x86_64")]
        if self.non_temporal
            && let Some(simd) = kernels::as_avx512(simd)
        {
            // Non-temporal stores are not ordered with other writes.
            simd.sse._mm_sfence();
        }
        let _ = simd;
    }

    /// Writes a part.
    ///
    /// # Safety
    /// No other thread may write to this part at the same time.
    #[expect(unsafe_code, reason = "threads write disjoint parts of the caller's buffer")]
    #[inline(always)]
    pub unsafe fn write<S: Simd>(&self, simd: S, at: usize, numbers: &[f32]) {
        assert!(at <= self.length && numbers.len() <= self.length - at);
        // SAFETY: the range is within the buffer, which is borrowed for as long as `self`; no other thread writes to
        // it.
        unsafe {
            let to = self.start.add(at);
            #[cfg(target_arch = "x86_64")]
            if self.non_temporal
                && let Some(simd) = kernels::as_avx512(simd)
            {
                return write_non_temporal(simd, to, numbers);
            }
            let _ = simd;
            core::ptr::copy_nonoverlapping(numbers.as_ptr(), to, numbers.len());
        }
    }
}

/// Writes with non-temporal stores, except for partial lines at both ends.
///
/// # Safety
/// As for [`core::ptr::copy_nonoverlapping`].
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "an ordinary store first reads the line, which takes as long as writing it")]
#[inline(always)]
unsafe fn write_non_temporal(simd: pulp::x86::V4, to: *mut f32, numbers: &[f32]) {
    let (head, rest) = numbers.split_at(to.align_offset(64).min(numbers.len()));
    let (lines, tail) = rest.as_chunks::<WIDTH>();
    // SAFETY: the three parts are written consecutively to the range that the caller allows, and the lines are aligned.
    unsafe {
        core::ptr::copy_nonoverlapping(head.as_ptr(), to, head.len());
        let mut to = to.add(head.len());
        for line in lines {
            simd.avx512f._mm512_stream_ps(to, pulp::cast(*line));
            to = to.add(WIDTH);
        }
        core::ptr::copy_nonoverlapping(tail.as_ptr(), to, tail.len());
    }
}
