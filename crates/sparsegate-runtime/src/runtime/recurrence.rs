//! The recurrence of one sequence: each SIMD lane is a unit.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use pulp::Simd;

use super::aligned::AlignedVec;
use super::cost::StoragePlanner;
use super::input::Input;
use super::int8::columns::Int8Columns;
use super::kernels::inlined;
use super::matvec::{Matvec, StateBuffer};
use super::order::{UnitOrder, WIDTH};
use super::sparse::SparseLists;
use super::update::{CellUpdate, PreactivationValue, constant};
use crate::{CellKind, Int8, Model};

/// The packed recurrence. A *slot* is the vector of one kind's preactivations for [`WIDTH`] adjacent units; a *chunk*
/// consists of all slots of these units, those that the state reaches first.
pub(crate) struct Recurrence {
    rule: CellUpdate,
    chunks: Vec<Chunk>,
    input: Input,
    /// Recurrent weights, one panel per chunk.
    state: Matvec,
    /// Constant values for preactivations without a slot, by kind.
    constants: AlignedVec,
    factor: AlignedVec,
}

struct Chunk {
    slots: Range<usize>,
    /// Number of slots that the state reaches.
    reached_slots: usize,
    /// Index of each kind's slot within the chunk.
    kinds: [Option<u8>; 4],
}

/// Buffers of a step.
pub(crate) struct StepBuffers {
    state: StateBuffer,
    base: AlignedVec,
    sums: AlignedVec,
}

impl Recurrence {
    pub fn new(model: &Model<f32>, cell: CellKind, order: &UnitOrder, plan: &mut StoragePlanner) -> Self {
        let units = model.units();
        let kinds = cell.preactivations().len();
        let vectors = units.div_ceil(WIDTH);
        let at = |unit: usize| order.positions[unit] as usize;
        // For each vector of units, the kinds that the state reaches.
        let mut reached = vec![[false; 4]; vectors];
        let state_columns: Vec<(usize, usize)> = model.columns.units_of_kinds(cell.state_kinds()).collect();
        for row in 0..units {
            for (column, weight) in model.recurrent.row(row) {
                let (kind, unit) = state_columns[column];
                reached[at(unit) / WIDTH][kind] |= weight != 0.0;
            }
        }
        let mut first = 0;
        let mut chunks = Vec::with_capacity(vectors);
        // For each vector of units, the packed column at which each kind's slot starts.
        let mut panel_slots = Vec::with_capacity(vectors);
        let mut columns = 0;
        for (vector, reached) in reached.iter().enumerate() {
            let mut kinds_here: Vec<usize> = (0..kinds).filter(|kind| order.vectors[*kind].contains(&vector)).collect();
            kinds_here.sort_by_key(|kind| !reached[*kind]);
            let mut chunk = Chunk { slots: first..first + kinds_here.len(), reached_slots: 0, kinds: [None; 4] };
            let mut panel = [0; 4];
            for (slot, kind) in kinds_here.into_iter().enumerate() {
                chunk.kinds[kind] = Some(slot as u8);
                panel[kind] = columns + slot * WIDTH;
                chunk.reached_slots += usize::from(reached[kind]);
            }
            first = chunk.slots.end;
            columns += chunk.reached_slots * WIDTH;
            chunks.push(chunk);
            panel_slots.push(panel);
        }
        let sum_column = |kind: usize, unit: usize| {
            let (vector, lane) = (at(unit) / WIDTH, at(unit) % WIDTH);
            chunks[vector].kinds[kind].map(|slot| (chunks[vector].slots.start + usize::from(slot)) * WIDTH + lane)
        };
        let mut bias = vec![0.0; first * WIDTH];
        let mut constants = AlignedVec::zeros(kinds * vectors * WIDTH);
        for kind in 0..kinds {
            for unit in 0..units {
                let value = model.bias[kind * units + unit];
                match sum_column(kind, unit) {
                    Some(column) => bias[column] = value,
                    None => {
                        constants[kind * vectors * WIDTH + at(unit)] = constant(cell, model.activation, kind, value);
                    }
                }
            }
        }
        let input_columns: Vec<u32> = model
            .columns
            .units_of_kinds(cell.input_kinds())
            .map(|(kind, unit)| sum_column(kind, unit).unwrap_or_default() as u32)
            .collect();
        let weights = SparseLists::new(columns, |add| {
            for (row, unit) in order.units.iter().enumerate() {
                for (column, weight) in model.recurrent.row(*unit as usize) {
                    let (kind, unit) = state_columns[column];
                    // A column that the state does not reach has only zeros, which are left out.
                    if weight != 0.0 {
                        add(panel_slots[at(unit) / WIDTH][kind] + at(unit) % WIDTH, row, weight);
                    }
                }
            }
        });
        let mut factor = AlignedVec::zeros(vectors * WIDTH);
        for unit in 0..units {
            factor[at(unit)] = model.state_factor.as_ref().map_or(1.0, |factor| factor[unit]);
        }
        let reads = weights.used_indices(units);
        let reached_slots: Vec<usize> = chunks.iter().map(|chunk| chunk.reached_slots).collect();
        let state = if let Some(scales_of) = model.int8.as_ref().and_then(Int8::recurrent_product) {
            plan.int8("recurrent", &weights, units, 1);
            let mut scales = vec![0.0; columns];
            for ((kind, unit), scale) in state_columns.iter().copied().zip(scales_of) {
                // A slot that the state does not reach has no weights.
                if reached[at(unit) / WIDTH][kind] {
                    scales[panel_slots[at(unit) / WIDTH][kind] + at(unit) % WIDTH] = *scale;
                }
            }
            Matvec::int8(Int8Columns::new(plan.path, &weights, &reached_slots, units, &scales))
        } else {
            let way = plan.single("recurrent", &weights, reads.len());
            Matvec::new(weights, &reached_slots, &reads, way)
        };
        let input_way = plan.input(model, bias.len(), 1);
        Self {
            rule: CellUpdate { cell, activation: model.activation },
            input: Input::new(model, &input_columns, bias, input_way),
            state,
            constants,
            factor,
            chunks,
        }
    }

    /// Length of a state: the number of units, rounded up to a multiple of [`WIDTH`] with zeros.
    pub fn size(&self) -> usize {
        self.factor.len()
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    pub fn work(&self) -> StepBuffers {
        StepBuffers {
            state: self.state.buffer(),
            base: AlignedVec::zeros(self.input.width()),
            sums: AlignedVec::zeros(4 * WIDTH),
        }
    }

    /// Advances the units of some chunks by one step: `row` is the symbol's row, `hidden` the state of all units;
    /// `cell_state` and `next` cover only the units of these chunks.
    #[inline(always)]
    pub fn step<S: Simd>(
        &self,
        simd: S,
        chunks: Range<usize>,
        row: u32,
        hidden: &[f32],
        work: &mut StepBuffers,
        (cell_state, next): (&mut [f32], &mut [f32]),
    ) {
        let base = self.input.sums(row as usize, &mut work.base);
        let state = self.state.read(hidden, &mut work.state);
        let own = chunks.start * WIDTH..chunks.end * WIDTH;
        let vectors = WIDTH / S::F32_LANES;
        let (hidden, factor) = (S::as_simd_f32s(&hidden[own.clone()]).0, S::as_simd_f32s(&self.factor[own]).0);
        let (cell_state, next) = (S::as_mut_simd_f32s(cell_state).0, S::as_mut_simd_f32s(next).0);
        for (index, number) in chunks.enumerate() {
            let chunk = &self.chunks[number];
            let base = &base[chunk.slots.start * WIDTH..chunk.slots.end * WIDTH];
            let (reached_slots, still) = base.split_at(chunk.reached_slots * WIDTH);
            let (sums, rest) = work.sums.split_at_mut(reached_slots.len());
            self.state.panel(simd, number, &state, reached_slots, sums);
            rest[..still.len()].copy_from_slice(still);
            let sums = S::as_simd_f32s(&work.sums).0;
            for vector in 0..vectors {
                let sum = inlined(
                    #[inline(always)]
                    |kind: usize| {
                        if let Some(slot) = chunk.kinds[kind] {
                            PreactivationValue::Live(sums[usize::from(slot) * vectors + vector])
                        } else {
                            let constants = &self.constants[kind * self.size() + number * WIDTH..][..WIDTH];
                            PreactivationValue::Fixed(S::as_simd_f32s(constants).0[vector])
                        }
                    },
                );
                let at = index * vectors + vector;
                [cell_state[at], next[at]] = self.rule.update(simd, sum, [cell_state[at], hidden[at], factor[at]]);
            }
        }
    }
}
