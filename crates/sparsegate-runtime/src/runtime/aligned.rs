//! Float buffers aligned to a cache line.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest SIMD vector.
const LINE: usize = 64;

/// A float buffer that starts at a cache line, so that aligned vector loads never straddle two lines.
pub(crate) struct AlignedVec {
    data: Vec<f32>,
    start: usize,
    length: usize,
}

impl AlignedVec {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        let room = LINE / size_of::<f32>();
        let data = vec![0.0_f32; length + room];
        // `align_offset` may return `usize::MAX`: then the buffer is left unaligned.
        let start = data.as_ptr().align_offset(LINE).min(room);
        Self { data, start, length }
    }

    /// Ensures a length of at least `length`; the content is lost if the buffer grows.
    pub fn reserve(&mut self, length: usize) {
        if self.length < length {
            *self = Self::zeros(length);
        }
    }
}

impl Deref for AlignedVec {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.data[self.start..][..self.length]
    }
}

impl DerefMut for AlignedVec {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..][..self.length]
    }
}
