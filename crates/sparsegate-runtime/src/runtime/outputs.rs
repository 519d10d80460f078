//! The output layer.

use alloc::vec::Vec;
use core::ops::Range;

use pulp::Simd;

use super::aligned::AlignedVec;
use super::cost::StoragePlanner;
use super::int8::columns::Int8Columns;
use super::int8::states::GroupStates;
use super::kernels::broadcast_bias;
use super::kernels::transpose::transpose;
use super::lanes::{GROUPS, LaneMatrix};
use super::matvec::{Matvec, SLOTS, StateBuffer};
use super::order::{UnitOrder, WIDTH};
use super::sparse::SparseLists;
use super::threads::DisjointWriter;
use crate::model::Task;
use crate::{Int8, Model};

/// Number of outputs that are computed together: a multiple of [`WIDTH`] and of the panel width of dense storage.
const TILE: usize = 48;

/// Number of outputs that are assembled into a piece of each row before it is written: as many as stay in a cache.
const STRIP: usize = 10 * TILE;

/// Number of states whose products in integers are computed together.
const STATES: usize = 8;

/// Buffers of [`Outputs::many`].
pub(crate) struct Scratch {
    /// Logits of a tile: `[groups, TILE, WIDTH]`.
    sums: AlignedVec,
    /// Pieces of rows: `[groups, WIDTH, STRIP]`.
    rows: AlignedVec,
    /// States of [`GROUPS`] groups, if the weights are integers.
    quantized: Option<GroupStates>,
}

/// The output layer, packed for one state and for many.
pub(crate) struct Outputs {
    count: usize,
    units: usize,
    bias: AlignedVec,
    /// Number of columns of a panel of `single`.
    panel: usize,
    single: Matvec,
    /// `None` if the weights are integers: then `single` serves many states, too.
    many: Option<LaneMatrix>,
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
        let panels =
            |most: usize| -> Vec<usize> { (0..vectors).step_by(most).map(|first| most.min(vectors - first)).collect() };
        let (panel, single, many) = if let Some(scales_of) = model.int8.as_ref().and_then(Int8::output_product) {
            plan.int8("output", &weights, model.units(), 1);
            plan.int8("output", &weights, model.units(), WIDTH);
            let mut scales = scales_of.to_vec();
            scales.resize(padded, 0.0);
            // Panels are tiles, so that both kinds of pass divide the outputs alike.
            let slots = panels(TILE / WIDTH);
            (TILE, Matvec::int8(Int8Columns::new(plan.path, &weights, &slots, model.units(), &scales)), None)
        } else {
            let way = plan.single("output", &weights, reads.len());
            let dense = plan.many("output", &weights, reads.len(), model.task == Task::LanguageModel);
            let many = LaneMatrix::new(lists(count), dense, &reads);
            (SLOTS * WIDTH, Matvec::new(weights, &panels(SLOTS), &reads, way), Some(many))
        };
        let mut bias = AlignedVec::zeros(count.next_multiple_of(TILE));
        bias[..count].copy_from_slice(&model.output_bias);
        Self { count, units: model.units(), bias, panel, single, many }
    }

    /// O, the number of outputs.
    pub fn count(&self) -> usize {
        self.count
    }

    /// A buffer for [`Self::single`].
    pub fn buffer(&self) -> StateBuffer {
        self.single.buffer()
    }

    /// Number of panels of [`Self::single`].
    pub fn panels(&self) -> usize {
        self.count.div_ceil(self.panel)
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
        buffer: &mut StateBuffer,
        out: &mut [f32],
    ) {
        let state = self.single.read(hidden, buffer);
        for (panel, out) in panels.zip(out.chunks_mut(self.panel)) {
            self.single.panel(simd, panel, &state, &self.bias[panel * self.panel..][..out.len()], out);
        }
    }

    /// Number of tiles of [`Self::many`].
    pub fn tiles(&self) -> usize {
        self.count.div_ceil(TILE)
    }

    /// Buffers for [`Self::many`].
    pub fn scratch(&self) -> Scratch {
        let quantized = self.single.as_int8().map(|_| GroupStates::zeros(GROUPS, self.units));
        if self.count == 0 || quantized.is_some() {
            return Scratch { sums: AlignedVec::zeros(0), rows: AlignedVec::zeros(0), quantized };
        }
        let rows = AlignedVec::zeros(GROUPS * WIDTH * STRIP);
        Scratch { sums: AlignedVec::zeros(GROUPS * TILE * WIDTH), rows, quantized }
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
        Scratch { sums, rows, quantized }: &mut Scratch,
        row: impl Fn(usize, usize) -> Option<usize>,
        out: &DisjointWriter<'_>,
    ) {
        let Some(many) = &self.many else {
            if let (Some(weights), Some(quantized)) = (self.single.as_int8(), quantized) {
                // SAFETY: as for this function.
                unsafe { self.many_integers(simd, weights, tiles, (hidden, groups), quantized, row, out) };
            }
            return;
        };
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
                    many.add(simd, here, columns, hidden, (sums, TILE * WIDTH));
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

    /// The same with weights of 8-bit integers. The lanes of its vectors are outputs, so nothing is transposed.
    ///
    /// # Safety
    /// As for [`Self::many`].
    #[inline(always)]
    #[expect(unsafe_code, reason = "threads write disjoint parts of the caller's buffer")]
    unsafe fn many_integers<S: Simd>(
        &self,
        simd: S,
        weights: &Int8Columns,
        tiles: Range<usize>,
        (hidden, groups): (&[f32], usize),
        quantized: &mut GroupStates,
        row: impl Fn(usize, usize) -> Option<usize>,
        out: &DisjointWriter<'_>,
    ) {
        let stride = self.units * WIDTH;
        let mut logits = [0.0; STATES * TILE];
        for first in (0..groups).step_by(GROUPS) {
            let here = GROUPS.min(groups - first);
            quantized.set(here, (&hidden[first * stride..], stride), self.units, weights.offset());
            for tile in tiles.clone() {
                let start = tile * TILE;
                let end = self.count.min(start + TILE);
                let columns = (end - start).next_multiple_of(WIDTH);
                let base = &self.bias[start..][..columns];
                for (group, lane) in
                    (0..here).flat_map(|group| (0..WIDTH).step_by(STATES).map(move |lane| (group, lane)))
                {
                    // Rows without a sequence come last in a group.
                    let states = (0..STATES).take_while(|state| row(first + group, lane + state).is_some()).count();
                    if states == 0 {
                        continue;
                    }
                    // A model without units has no words.
                    let words = (quantized.words(group).get(lane..).unwrap_or_default(), WIDTH);
                    let scales = &quantized.scales(group)[lane..];
                    if let (true, Some(scales)) = (states <= STATES / 2, scales.first_chunk()) {
                        weights.panel_of_states::<{ STATES / 2 }>(tile, words, scales, base, &mut logits);
                    } else if let Some(scales) = scales.first_chunk() {
                        weights.panel_of_states::<STATES>(tile, words, scales, base, &mut logits);
                    }
                    for (state, logits) in logits.chunks_exact(columns).take(states).enumerate() {
                        if let Some(row) = row(first + group, lane + state) {
                            // SAFETY: the caller guarantees that only this call writes these rows and columns.
                            unsafe { out.write(simd, row * self.count + start, &logits[..end - start]) };
                        }
                    }
                }
            }
        }
        out.finish(simd);
    }
}
