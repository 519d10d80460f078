//! The output layer.

use alloc::vec::Vec;
use core::ops::Range;

use pulp::Simd;

use super::aligned::AlignedVec;
use super::cost::StoragePlanner;
use super::kernels::broadcast_bias;
use super::kernels::transpose::transpose;
use super::lanes::{GROUPS, LaneMatrix};
use super::matvec::{Matvec, SLOTS};
use super::order::{UnitOrder, WIDTH};
use super::sparse::SparseLists;
use super::threads::DisjointWriter;
use crate::Model;
use crate::model::Task;

/// Number of outputs that are computed together: a multiple of [`WIDTH`] and of the panel width of dense storage.
const TILE: usize = 48;

/// Number of outputs that are assembled into a piece of each row before it is written: as many as stay in a cache.
const STRIP: usize = 10 * TILE;

/// Buffers of [`Outputs::many`].
pub(crate) struct Scratch {
    /// Logits of a tile: `[groups, TILE, WIDTH]`.
    sums: AlignedVec,
    /// Pieces of rows: `[groups, WIDTH, STRIP]`.
    rows: AlignedVec,
}

/// The output layer, packed for one state and for many.
pub(crate) struct Outputs {
    count: usize,
    units: usize,
    bias: AlignedVec,
    single: Matvec,
    many: LaneMatrix,
}

impl Outputs {
    pub fn new(model: &Model<f32>, order: &UnitOrder, plan: &mut StoragePlanner) -> Self {
        let count = model.outputs();
        let padded = count.next_multiple_of(WIDTH);
        let lists = |columns: usize| {
            SparseLists::new(columns, |add| {
                for output in 0..count {
                    for (unit, weight) in model.output.row(output) {
                        add(output, order.positions[unit] as usize, weight);
                    }
                }
            })
        };
        let weights = lists(padded);
        let reads = weights.used_indices(model.units());
        let vectors = padded / WIDTH;
        let slots: Vec<usize> = (0..vectors).step_by(SLOTS).map(|first| SLOTS.min(vectors - first)).collect();
        let way = plan.single("output", &weights, reads.len());
        let dense = plan.many("output", &weights, reads.len(), model.task == Task::LanguageModel);
        let mut bias = AlignedVec::zeros(count.next_multiple_of(TILE));
        bias[..count].copy_from_slice(&model.output_bias);
        Self {
            count,
            units: model.units(),
            bias,
            many: LaneMatrix::new(lists(count), dense, &reads),
            single: Matvec::new(weights, &slots, &reads, way),
        }
    }

    /// O, the number of outputs.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Length of the buffer `gathered` of [`Self::single`].
    pub fn depth(&self) -> usize {
        self.single.depth()
    }

    /// Number of panels of [`Self::single`].
    pub fn panels(&self) -> usize {
        self.count.div_ceil(SLOTS * WIDTH)
    }

    /// Length of the buffer `out` of [`Self::single`]: all outputs, rounded up to a multiple of [`WIDTH`].
    pub fn size(&self) -> usize {
        self.count.next_multiple_of(WIDTH)
    }

    /// Computes the outputs of some panels for one state; `out` covers only these panels.
    #[inline(always)]
    pub fn single<S: Simd>(
        &self,
        simd: S,
        panels: Range<usize>,
        hidden: &[f32],
        gathered: &mut [f32],
        out: &mut [f32],
    ) {
        let hidden = self.single.gather(hidden, gathered);
        for (panel, out) in panels.zip(out.chunks_mut(SLOTS * WIDTH)) {
            self.single.panel(simd, panel, hidden, &self.bias[panel * SLOTS * WIDTH..][..out.len()], out);
        }
    }

    /// Number of tiles of [`Self::many`].
    pub fn tiles(&self) -> usize {
        self.count.div_ceil(TILE)
    }

    /// Buffers for [`Self::many`].
    pub fn scratch(&self) -> Scratch {
        if self.count == 0 {
            return Scratch { sums: AlignedVec::zeros(0), rows: AlignedVec::zeros(0) };
        }
        Scratch { sums: AlignedVec::zeros(GROUPS * TILE * WIDTH), rows: AlignedVec::zeros(GROUPS * WIDTH * STRIP) }
    }

    /// Computes the outputs of some tiles for the states `hidden` `[groups, units, WIDTH]`. `row` maps a group and lane
    /// to its row of `out`; a lane without a row is skipped.
    ///
    /// # Safety
    /// No other thread may write to the tiles' columns of these rows at the same time.
    #[inline(always)]
    #[expect(unsafe_code, reason = "threads write disjoint parts of the caller's buffer")]
    pub unsafe fn many<S: Simd>(
        &self,
        simd: S,
        tiles: Range<usize>,
        (hidden, groups): (&[f32], usize),
        Scratch { sums, rows }: &mut Scratch,
        row: impl Fn(usize, usize) -> Option<usize>,
        out: &DisjointWriter<'_>,
    ) {
        let stride = self.units * WIDTH;
        for first in (0..groups).step_by(GROUPS) {
            let here = GROUPS.min(groups - first);
            let hidden = (&hidden[first * stride..], stride);
            for strip in tiles.clone().step_by(STRIP / TILE) {
                let start = strip * TILE;
                let end = self.count.min(start + STRIP).min(tiles.end * TILE);
                for from in (start..end).step_by(TILE) {
                    let columns = from..end.min(from + TILE);
                    for sums in sums.chunks_exact_mut(TILE * WIDTH).take(here) {
                        broadcast_bias(simd, &self.bias[from..][..TILE], sums);
                    }
                    self.many.add(simd, here, columns, hidden, (sums, TILE * WIDTH));
                    let groups = sums.chunks_exact(TILE * WIDTH).zip(rows.chunks_exact_mut(WIDTH * STRIP));
                    for (sums, rows) in groups.take(here) {
                        for (tile, sums) in sums.as_chunks().0.iter().enumerate() {
                            transpose(simd, sums, &mut rows[from - start + tile * WIDTH..], STRIP);
                        }
                    }
                }
                for (lane, numbers) in rows.chunks_exact(STRIP).take(here * WIDTH).enumerate() {
                    if let Some(row) = row(first + lane / WIDTH, lane % WIDTH) {
                        // SAFETY: the caller guarantees that only this call writes these rows and columns.
                        unsafe { out.write(simd, row * self.count + start, &numbers[..end - start]) };
                    }
                }
            }
        }
        out.finish(simd);
    }
}
