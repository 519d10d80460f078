//! The output layer.

use alloc::vec::Vec;
use core::ops::Range;

use pulp::Simd;

use super::cost::Plan;
use super::floats::Floats;
use super::kernels::transpose::transpose;
use super::lanes::{GROUPS, LaneMatrix};
use super::lists::Lists;
use super::matvec::{Matvec, SLOTS};
use super::order::{Order, WIDTH};
use super::threads::Parts;
use crate::Model;

/// Outputs that are computed together: a multiple of [`WIDTH`], and of the columns that dense storage packs together.
const TILE: usize = 48;

/// The output layer, packed for one state and for many.
pub(crate) struct Outputs {
    count: usize,
    units: usize,
    bias: Floats,
    single: Matvec,
    many: LaneMatrix,
}

impl Outputs {
    pub fn new(model: &Model<f32>, order: &Order, plan: &mut Plan) -> Self {
        let count = model.outputs();
        let padded = count.next_multiple_of(WIDTH);
        let lists = |columns: usize| {
            Lists::new(columns, |add| {
                for output in 0..count {
                    for (unit, weight) in model.output.row(output) {
                        add(output, order.positions[unit] as usize, weight);
                    }
                }
            })
        };
        let weights = lists(padded);
        let reads = weights.used(model.units());
        let vectors = padded / WIDTH;
        let slots: Vec<usize> = (0..vectors).step_by(SLOTS).map(|first| SLOTS.min(vectors - first)).collect();
        let way = plan.single("output", &weights, reads.len());
        let dense = plan.many("output", &weights, reads.len());
        let mut bias = Floats::zeros(count.next_multiple_of(TILE));
        bias[..count].copy_from_slice(&model.output_bias);
        Self {
            count,
            units: model.units(),
            bias,
            many: LaneMatrix::new(lists(count), dense, &reads),
            single: Matvec::new(weights, &slots, &reads, way),
        }
    }

    /// O.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Numbers of a state that [`Self::single`] wants room for.
    pub fn depth(&self) -> usize {
        self.single.depth()
    }

    /// Panels of [`Self::single`].
    pub fn panels(&self) -> usize {
        self.count.div_ceil(SLOTS * WIDTH)
    }

    /// Room that [`Self::single`] wants: all outputs, up to a multiple of [`WIDTH`].
    pub fn size(&self) -> usize {
        self.count.next_multiple_of(WIDTH)
    }

    /// The outputs of some panels for one state; `out` is theirs alone.
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

    /// Tiles of [`Self::many`].
    pub fn tiles(&self) -> usize {
        self.count.div_ceil(TILE)
    }

    /// Room that [`Self::many`] works in.
    pub fn scratch() -> Floats {
        Floats::zeros(GROUPS * TILE * WIDTH)
    }

    /// The outputs of some tiles for groups of [`WIDTH`] states, of which each has that many numbers for each unit. `row` says
    /// which row of `out` a group's lane writes to, if any.
    ///
    /// # Safety
    /// Nobody else writes to the tiles' columns of these rows meanwhile.
    #[inline(always)]
    #[expect(unsafe_code, reason = "threads write to different parts of the caller's buffer")]
    pub unsafe fn many<S: Simd>(
        &self,
        simd: S,
        tiles: Range<usize>,
        (hidden, groups): (&[f32], usize),
        scratch: &mut [f32],
        row: impl Fn(usize, usize) -> Option<usize>,
        out: &Parts<'_>,
    ) {
        let stride = self.units * WIDTH;
        for first in (0..groups).step_by(GROUPS) {
            let here = GROUPS.min(groups - first);
            for tile in tiles.clone() {
                let columns = tile * TILE..self.count.min((tile + 1) * TILE);
                for sums in scratch.chunks_exact_mut(TILE * WIDTH).take(here) {
                    let bias = &self.bias[columns.start..][..TILE];
                    sums.as_chunks_mut::<WIDTH>().0.iter_mut().zip(bias).for_each(|(sums, bias)| *sums = [*bias; WIDTH]);
                }
                let hidden = (&hidden[first * stride..], stride);
                self.many.add(simd, here, columns.clone(), hidden, (scratch, TILE * WIDTH));
                for (group, sums) in scratch.chunks_exact(TILE * WIDTH).take(here).enumerate() {
                    let tiles = sums.as_chunks::<{ WIDTH * WIDTH }>().0;
                    for (from, sums) in columns.clone().step_by(WIDTH).zip(tiles) {
                        let mut turned = [[0.0; WIDTH]; WIDTH];
                        transpose(sums, &mut turned);
                        let wide = WIDTH.min(columns.end - from);
                        for (lane, numbers) in turned.iter().enumerate() {
                            if let Some(row) = row(first + group, lane) {
                                // SAFETY: the caller says that these rows and columns are written here alone.
                                unsafe { out.write(row * self.count + from, &numbers[..wide]) };
                            }
                        }
                    }
                }
            }
        }
    }
}
