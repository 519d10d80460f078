//! Numbers that begin at a cache line.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// A list of floats whose first one lies at the start of a cache line: vectors read from it then never straddle two.
pub(crate) struct Floats {
    data: Vec<f32>,
    start: usize,
    length: usize,
}

impl Floats {
    /// So many zeros.
    pub fn zeros(length: usize) -> Self {
        let room = LINE / size_of::<f32>();
        let data = vec![0.0_f32; length + room];
        // An allocator that cannot tell gives `usize::MAX`: then the list starts where it starts.
        let start = data.as_ptr().align_offset(LINE).min(room);
        Self { data, start, length }
    }

    /// Makes room for at least so many; what is in there is lost if it grows.
    pub fn reserve(&mut self, length: usize) {
        if self.length < length {
            *self = Self::zeros(length);
        }
    }
}

impl Deref for Floats {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.data[self.start..][..self.length]
    }
}

impl DerefMut for Floats {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..][..self.length]
    }
}
