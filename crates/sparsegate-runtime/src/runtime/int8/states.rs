//! Quantised states, see [`crate::int8`].

use alloc::vec;
use alloc::vec::Vec;

use super::super::aligned::AlignedVec;
use crate::int8::{ROUND, state_scale};
use crate::runtime::order::WIDTH;

/// Words for `units` integers.
pub(crate) fn depth(units: usize) -> usize {
    units.div_ceil(4)
}

/// A quantised state of one sequence.
pub(crate) struct OneState {
    /// `[depth]`.
    pub words: Vec<u32>,
    pub scale: f32,
}

impl OneState {
    pub fn zeros(units: usize) -> Self {
        Self { words: vec![0; depth(units)], scale: 0.0 }
    }

    /// Quantises `hidden` `[units]`; for `offset` see [`super::Int8Path::state_offset`].
    #[inline(always)]
    pub fn set(&mut self, hidden: &[f32], offset: u32) {
        let mut largest = 0;
        for value in hidden {
            largest = size(*value).max(largest);
        }
        let (scale, factor) = state_scale(f32::from_bits(largest));
        self.scale = scale;
        let bytes: &mut [u8] = pulp::bytemuck::cast_slice_mut(&mut self.words);
        for (byte, value) in bytes.iter_mut().zip(hidden) {
            *byte = (value * factor + ROUND).to_bits() as u8;
        }
        for word in &mut self.words {
            *word = word.to_le() ^ offset;
        }
    }
}

/// Quantised states of groups of [`WIDTH`] sequences.
pub(crate) struct GroupStates {
    /// `[groups, depth, WIDTH]`, as the bits of floats.
    words: AlignedVec,
    /// `[groups, WIDTH]`.
    scales: Vec<[f32; WIDTH]>,
    /// Words of a group.
    size: usize,
}

impl GroupStates {
    pub fn zeros(groups: usize, units: usize) -> Self {
        let size = depth(units) * WIDTH;
        Self { words: AlignedVec::zeros(groups * size), scales: vec![[0.0; WIDTH]; groups], size }
    }

    /// Quantises `groups` groups of `hidden`, each `[units, WIDTH]`, which are `stride` apart.
    #[inline(always)]
    pub fn set(&mut self, groups: usize, (hidden, stride): (&[f32], usize), units: usize, offset: u32) {
        let size = self.size;
        let words: &mut [u32] = pulp::bytemuck::cast_slice_mut(&mut self.words);
        for group in 0..groups {
            let hidden = hidden[group * stride..][..units * WIDTH].as_chunks().0;
            let words = words[group * size..][..size].as_chunks_mut().0;
            self.scales[group] = quantize(hidden, offset, words);
        }
    }

    /// The words `[depth, WIDTH]` of a group, followed by those of the next groups.
    #[inline(always)]
    pub fn words(&self, group: usize) -> &[u32] {
        &pulp::bytemuck::cast_slice(&self.words)[group * self.size..]
    }

    /// Words of a group.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The scale of each sequence of a group.
    #[inline(always)]
    pub fn scales(&self, group: usize) -> &[f32; WIDTH] {
        &self.scales[group]
    }
}

/// Bits of the absolute value: they are ordered as the values, and those of infinity and NaN are the largest.
#[inline(always)]
fn size(value: f32) -> u32 {
    value.to_bits() & 0x7fff_ffff
}

/// Quantises the states `[units, WIDTH]` of a group and returns the scale of each sequence.
#[inline(always)]
fn quantize(hidden: &[[f32; WIDTH]], offset: u32, words: &mut [[u32; WIDTH]]) -> [f32; WIDTH] {
    let mut largest = [0; WIDTH];
    for unit in hidden {
        for lane in 0..WIDTH {
            largest[lane] = size(unit[lane]).max(largest[lane]);
        }
    }
    let (mut scales, mut factors) = ([0.0; WIDTH], [0.0; WIDTH]);
    for lane in 0..WIDTH {
        (scales[lane], factors[lane]) = state_scale(f32::from_bits(largest[lane]));
    }
    let (fours, rest) = hidden.as_chunks::<4>();
    for (word, four) in words.iter_mut().zip(fours) {
        for lane in 0..WIDTH {
            let mut bits = offset;
            for (at, unit) in four.iter().enumerate() {
                bits ^= integer(unit[lane], factors[lane]) << (8 * at);
            }
            word[lane] = bits;
        }
    }
    if let (Some(word), true) = (words.last_mut(), !rest.is_empty()) {
        *word = [offset; WIDTH];
        for (at, unit) in rest.iter().enumerate() {
            for lane in 0..WIDTH {
                word[lane] ^= integer(unit[lane], factors[lane]) << (8 * at);
            }
        }
    }
    scales
}

/// The last byte of the rounded value.
#[inline(always)]
fn integer(value: f32, factor: f32) -> u32 {
    (value * factor + ROUND).to_bits() & 0xff
}
