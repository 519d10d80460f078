//! A matrix of 8-bit weights for one state, or for several one after the other: the lanes of a vector are columns.

use alloc::vec;
use alloc::vec::Vec;

use super::super::aligned::AlignedVec;
use super::states::{OneState, depth};
use super::{ColumnsEnd, Int8Path, Tile, word};
use crate::int8::integer;
use crate::runtime::order::WIDTH;
use crate::runtime::sparse::SparseLists;

/// A matrix, cut into panels of up to four vectors of columns.
pub(crate) struct Int8Columns {
    path: Int8Path,
    units: usize,
    panels: Vec<Panel>,
    /// Words of the weights, as the bits of floats: panel by panel `[depth, vectors, WIDTH]`.
    words: AlignedVec,
    /// For each column, what is added to its sum.
    corrections: Vec<i32>,
    /// Scale of each column.
    scales: Vec<f32>,
}

struct Panel {
    /// The first column.
    columns: usize,
    vectors: usize,
}

impl Int8Columns {
    /// Packs a matrix that reads `units` units, given column by column; `slots` has the number of vectors of columns
    /// of each panel, `scales` the scale of each column.
    pub fn new(path: Int8Path, weights: &SparseLists, slots: &[usize], units: usize, scales: &[f32]) -> Self {
        let count = weights.count();
        let depth = depth(units);
        let mut panels = Vec::with_capacity(slots.len());
        let mut words = AlignedVec::zeros(count * depth);
        let mut corrections = vec![0; count];
        let mut first = 0;
        let mut row = vec![0_i8; 4 * depth];
        for vectors in slots.iter().copied() {
            let panel: &mut [u32] = pulp::bytemuck::cast_slice_mut(&mut words[first * depth..]);
            for column in 0..vectors * WIDTH {
                row.fill(0);
                for (unit, weight) in weights.iter(first + column) {
                    row[unit] = integer(weight, scales[first + column]);
                }
                for (k, four) in row.chunks_exact(4).enumerate() {
                    panel[k * vectors * WIDTH + column] = word(four);
                }
                corrections[first + column] = path.correction(row.iter().map(|weight| i32::from(*weight)).sum());
            }
            panels.push(Panel { columns: first, vectors });
            first += vectors * WIDTH;
        }
        debug_assert_eq!(first, count, "panels do not cover the columns");
        Self { path, units, panels, words, corrections, scales: scales.to_vec() }
    }

    /// A buffer for a state.
    pub fn state(&self) -> OneState {
        OneState::zeros(self.units)
    }

    /// Number of units that are read.
    pub fn units(&self) -> usize {
        self.units
    }

    /// What states are to be combined with, see [`Int8Path::state_offset`].
    pub fn offset(&self) -> u32 {
        self.path.state_offset()
    }

    /// `out = base + state * weights` for the columns of a panel.
    #[inline(always)]
    pub fn panel(&self, panel: usize, state: &OneState, base: &[f32], out: &mut [f32]) {
        let run = match self.panels[panel].vectors {
            1 => Self::run::<1, 1>,
            2 => Self::run::<2, 1>,
            3 => Self::run::<3, 1>,
            _ => Self::run::<4, 1>,
        };
        run(self, panel, (&state.words, 1), &[state.scale], base, out);
    }

    /// The same for `N` states: the word `k` of the state `n` is `words[n + k * step]`; `out` has as many columns as
    /// the panel for each state.
    #[inline(always)]
    pub fn panel_of_states<const N: usize>(
        &self,
        panel: usize,
        states: (&[u32], usize),
        state_scales: &[f32; N],
        base: &[f32],
        out: &mut [f32],
    ) {
        match self.panels[panel].vectors {
            1 => self.run::<1, N>(panel, states, state_scales, base, out),
            2 => self.run::<2, N>(panel, states, state_scales, base, out),
            _ => self.run::<3, N>(panel, states, state_scales, base, out),
        }
    }

    #[inline(always)]
    fn run<const V: usize, const N: usize>(
        &self,
        panel: usize,
        (words, word_step): (&[u32], usize),
        state_scales: &[f32; N],
        base: &[f32],
        out: &mut [f32],
    ) {
        let first = self.panels[panel].columns;
        let depth = depth(self.units);
        let weights = &pulp::bytemuck::cast_slice(&self.words)[first * depth..][..V * WIDTH * depth];
        let tile =
            Tile { vectors: weights, vector_gap: WIDTH, vector_step: V * WIDTH, words, word_gap: 1, word_step, depth };
        let end = ColumnsEnd {
            corrections: &self.corrections[first..][..V * WIDTH],
            scales: &self.scales[first..][..V * WIDTH],
            base,
            state_scales,
        };
        self.path.columns::<V, N>(&tile, &end, out);
    }
}
