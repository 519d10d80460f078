//! A matrix of 8-bit weights for groups of sequences: the lanes of a vector are sequences.

use alloc::vec;
use alloc::vec::Vec;

use super::states::{GroupStates, depth};
use super::{Int8Path, LanesEnd, Tile, word};
use crate::int8::integer;
use crate::runtime::kernels::dense_lanes::PANEL;
use crate::runtime::order::WIDTH;
use crate::runtime::sparse::SparseLists;

/// A matrix, cut into panels of [`PANEL`] columns.
pub(crate) struct Int8Lanes {
    path: Int8Path,
    units: usize,
    /// Words of the weights: panel by panel `[depth, PANEL]`.
    words: Vec<u32>,
    /// For each column, what is added to its sum.
    corrections: Vec<i32>,
    /// Scale of each column.
    scales: Vec<f32>,
}

impl Int8Lanes {
    /// Packs a matrix that reads `units` units, given column by column; `scales` has the scale of each column.
    pub fn new(path: Int8Path, weights: &SparseLists, units: usize, scales: &[f32]) -> Self {
        let depth = depth(units);
        let mut words = vec![0; weights.count().div_ceil(PANEL) * depth * PANEL];
        let mut corrections = vec![0; weights.count()];
        let mut row = vec![0_i8; 4 * depth];
        for column in 0..weights.count() {
            row.fill(0);
            for (unit, weight) in weights.iter(column) {
                row[unit] = integer(weight, scales[column]);
            }
            for (k, four) in row.chunks_exact(4).enumerate() {
                words[(column / PANEL * depth + k) * PANEL + column % PANEL] = word(four);
            }
            corrections[column] = path.correction(row.iter().map(|weight| i32::from(*weight)).sum());
        }
        Self { path, units, words, corrections, scales: scales.to_vec() }
    }

    /// Buffer for the states of `groups` groups.
    pub fn states(&self, groups: usize) -> GroupStates {
        GroupStates::zeros(groups, self.units)
    }

    /// Adds `hidden * weights` to `sums`, both in groups of [`WIDTH`] sequences, their stride apart; a group is
    /// `[units or columns, WIDTH]`.
    #[inline(always)]
    pub fn add(
        &self,
        groups: usize,
        states: &mut GroupStates,
        hidden: (&[f32], usize),
        (sums, stride): (&mut [f32], usize),
    ) {
        states.set(groups, hidden, self.units, self.path.state_offset());
        let mut group = 0;
        while group + 1 < groups {
            self.run::<2>(group, states, &mut sums[group * stride..], stride);
            group += 2;
        }
        if group < groups {
            self.run::<1>(group, states, &mut sums[group * stride..], stride);
        }
    }

    /// Computes `G` groups.
    #[inline(always)]
    fn run<const G: usize>(&self, group: usize, states: &GroupStates, sums: &mut [f32], stride: usize) {
        let depth = depth(self.units);
        for (panel, words) in self.words.chunks_exact((depth * PANEL).max(1)).enumerate() {
            let tile = Tile {
                vectors: states.words(group),
                vector_gap: states.size(),
                vector_step: WIDTH,
                words,
                word_gap: 1,
                word_step: PANEL,
                depth,
            };
            let first = panel * PANEL;
            let count = PANEL.min(self.scales.len() - first);
            let end = LanesEnd {
                corrections: &self.corrections[first..][..count],
                scales: &self.scales[first..][..count],
                state_scales: core::array::from_fn(
                    #[inline(always)]
                    |g| states.scales(group + g),
                ),
            };
            self.path.lanes::<G, PANEL>(&tile, &end, (&mut sums[first * WIDTH..], stride));
        }
    }
}
