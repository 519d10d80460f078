//! A caller's buffer of which threads write different parts.

use core::marker::PhantomData;

use pulp::Simd;

use crate::runtime::kernels;
use crate::runtime::order::WIDTH;

/// A buffer of which threads write different parts.
pub(crate) struct Parts<'a> {
    start: *mut f32,
    length: usize,
    /// Too many numbers for a cache.
    far: bool,
    borrow: PhantomData<&'a mut [f32]>,
}

/// Numbers from which on a buffer is written past the caches: they would not be there any more when they are read.
const FAR: usize = 4 << 20;

// SAFETY: all that can be done with it is to write, and who does so says that nobody else writes there.
#[expect(unsafe_code, reason = "threads write to different parts of the caller's buffer")]
unsafe impl Sync for Parts<'_> {}

impl<'a> Parts<'a> {
    pub fn new(buffer: &'a mut [f32]) -> Self {
        Self { start: buffer.as_mut_ptr(), length: buffer.len(), far: buffer.len() > FAR, borrow: PhantomData }
    }

    /// To be called by a thread when it has written all of its part.
    #[inline(always)]
    pub fn finish<S: Simd>(&self, simd: S) {
        #[cfg(target_arch = "x86_64")]
        if self.far
            && let Some(simd) = kernels::v4(simd)
        {
            // What was written past the caches is not in the order of other writes.
            simd.sse._mm_sfence();
        }
        let _ = simd;
    }

    /// Writes a part.
    ///
    /// # Safety
    /// Nobody else writes there at the same time.
    #[expect(unsafe_code, reason = "threads write to different parts of the caller's buffer")]
    #[inline(always)]
    pub unsafe fn write<S: Simd>(&self, simd: S, at: usize, numbers: &[f32]) {
        assert!(at <= self.length && numbers.len() <= self.length - at);
        // SAFETY: the place is within the buffer, which is borrowed for as long as `self`, and written to by nobody else.
        unsafe {
            let to = self.start.add(at);
            #[cfg(target_arch = "x86_64")]
            if self.far
                && let Some(simd) = kernels::v4(simd)
            {
                return write_far(simd, to, numbers);
            }
            let _ = simd;
            core::ptr::copy_nonoverlapping(numbers.as_ptr(), to, numbers.len());
        }
    }
}

/// Writes past the caches, but for parts of lines at both ends.
///
/// # Safety
/// As for [`core::ptr::copy_nonoverlapping`].
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "to read a line before it is overwritten takes as long as to write it")]
#[inline(always)]
unsafe fn write_far(simd: pulp::x86::V4, to: *mut f32, numbers: &[f32]) {
    let (head, rest) = numbers.split_at(to.align_offset(64).min(numbers.len()));
    let (lines, tail) = rest.as_chunks::<WIDTH>();
    // SAFETY: the three parts are written one after another to where the whole may be written, and the lines are aligned.
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
