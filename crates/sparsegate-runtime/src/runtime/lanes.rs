//! Matrix product with the states of many sequences.

use alloc::vec::Vec;
use core::ops::Range;

use pulp::Simd;

use super::aligned::AlignedVec;
use super::kernels::dense_lanes::{PANEL, dense_lanes};
use super::kernels::sparse::sparse_lanes;
use super::order::WIDTH;
use super::sparse::{SparseLists, invert};

/// Maximum number of groups of [`WIDTH`] sequences that are computed together.
pub(crate) const GROUPS: usize = 4;

/// A matrix packed for batches.
pub(crate) struct LaneMatrix {
    columns: usize,
    storage: PackedLanes,
}

enum PackedLanes {
    /// Panels of [`PANEL`] columns, row-major within a panel; `reads` has the unit that each row reads.
    Dense {
        reads: Vec<u32>,
        panels: AlignedVec,
    },
    Sparse(SparseLists),
}

impl LaneMatrix {
    /// Packs a matrix, given column by column.
    pub fn new(weights: SparseLists, dense: bool, reads: &[u32]) -> Self {
        let columns = weights.count();
        if !dense {
            return Self { columns, storage: PackedLanes::Sparse(weights) };
        }
        let rows = invert(reads);
        let mut panels = AlignedVec::zeros(columns.div_ceil(PANEL) * reads.len() * PANEL);
        for column in 0..columns {
            let panel = &mut panels[column / PANEL * reads.len() * PANEL..][..reads.len() * PANEL];
            for (unit, weight) in weights.iter(column) {
                panel[rows[unit] as usize * PANEL + column % PANEL] = weight;
            }
        }
        Self { columns, storage: PackedLanes::Dense { reads: reads.to_vec(), panels } }
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Adds `hidden * weights` to `sums`. `sums` starts at column `columns.start`, a multiple of [`PANEL`], and has
    /// room for a multiple of [`PANEL`] columns. Both buffers consist of groups of [`WIDTH`] sequences, their stride
    /// apart; a group is `[units or columns, WIDTH]`.
    #[inline(always)]
    pub fn add<S: Simd>(
        &self,
        simd: S,
        groups: usize,
        columns: Range<usize>,
        (hidden, hidden_stride): (&[f32], usize),
        (sums, sums_stride): (&mut [f32], usize),
    ) {
        let product = Product { matrix: self, columns };
        let mut from = 0;
        while from < groups {
            let hidden = (&hidden[from * hidden_stride..], hidden_stride);
            let sums = (&mut sums[from * sums_stride..], sums_stride);
            // Tile sizes that fit the number of vector registers.
            from += match (S::F32_LANES, groups - from) {
                (16, 1) => product.run::<S, 12, 1, 1>(simd, hidden, sums),
                (16, 2 | 3) => product.run::<S, 12, 2, 2>(simd, hidden, sums),
                (16, _) => product.run::<S, 6, 4, 4>(simd, hidden, sums),
                (8, _) => product.run::<S, 6, 2, 1>(simd, hidden, sums),
                (4, _) => product.run::<S, 6, 4, 1>(simd, hidden, sums),
                _ => product.run::<S, 2, WIDTH, 1>(simd, hidden, sums),
            };
        }
    }
}

struct Product<'a> {
    matrix: &'a LaneMatrix,
    columns: Range<usize>,
}

impl Product<'_> {
    /// Computes `G` groups, which are `V` vectors, `N` columns at a time, and returns `G`.
    #[inline(always)]
    fn run<S: Simd, const N: usize, const V: usize, const G: usize>(
        &self,
        simd: S,
        hidden: (&[f32], usize),
        (sums, stride): (&mut [f32], usize),
    ) -> usize {
        match &self.matrix.storage {
            PackedLanes::Sparse(weights) => {
                sparse_lanes::<S, V>(simd, weights, self.columns.clone(), hidden, (sums, stride));
            }
            PackedLanes::Dense { reads, panels } => {
                let size = reads.len() * PANEL;
                for panel in self.columns.start / PANEL..self.columns.end.div_ceil(PANEL) {
                    let weights = &panels[panel * size..][..size];
                    let sums = &mut sums[(panel * PANEL - self.columns.start) * WIDTH..];
                    for first in (0..PANEL).step_by(N) {
                        dense_lanes::<S, N, V>(simd, (weights, reads, first), hidden, (sums, stride));
                    }
                }
            }
        }
        G
    }
}
