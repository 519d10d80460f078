//! The recurrence of many sequences: each SIMD lane is a sequence.

use alloc::vec;
use alloc::vec::Vec;

use pulp::Simd;

use super::aligned::AlignedVec;
use super::cost::StoragePlanner;
use super::input::Input;
use super::int8::lanes::Int8Lanes;
use super::int8::states::GroupStates;
use super::kernels::dense_lanes::PANEL;
use super::kernels::inlined;
use super::lanes::LaneMatrix;
use super::order::{UnitOrder, WIDTH};
use super::sparse::SparseLists;
use super::update::{CellUpdate, PreactivationValue, constant};
use crate::{CellKind, Int8, Model};

/// The packed recurrence: one column per non-constant preactivation; those that the state reaches come first.
pub(crate) struct BatchRecurrence {
    rule: CellUpdate,
    units: Vec<UnitInputs>,
    input: Input,
    state: StateProduct,
}

/// The recurrent weights.
enum StateProduct {
    Floats(LaneMatrix),
    Integers(Int8Lanes),
}

/// Inputs of a unit's update.
struct UnitInputs {
    kinds: [UnitPreactivation; 4],
    factor: f32,
}

/// A preactivation of a unit: its column, or its constant value.
#[derive(Clone, Copy)]
enum UnitPreactivation {
    Live(u32),
    Fixed(f32),
}

/// States `[groups, units, WIDTH]` of groups of [`WIDTH`] sequences, and a buffer for their preactivations.
pub(crate) struct LaneState<'a> {
    pub groups: usize,
    pub hidden: &'a mut [f32],
    pub cell_state: &'a mut [f32],
    pub work: &'a mut LaneBuffers,
}

/// Buffers for the preactivations of groups, and for their quantised states if the recurrent weights are integers.
pub(crate) struct LaneBuffers {
    sums: AlignedVec,
    quantized: Option<GroupStates>,
}

impl BatchRecurrence {
    pub fn new(model: &Model<f32>, cell: CellKind, order: &UnitOrder, plan: &mut StoragePlanner) -> Self {
        let units = model.units();
        let kinds = cell.preactivations().len();
        let state_columns: Vec<(usize, usize)> = model.columns.units_of_kinds(cell.state_kinds()).collect();
        let mut reached = vec![false; kinds * units];
        for row in 0..units {
            for (column, weight) in model.recurrent.row(row) {
                let (kind, unit) = state_columns[column];
                reached[kind * units + unit] |= weight != 0.0;
            }
        }
        // Columns follow the order of the units, so that the columns of a unit are close together.
        let mut live = vec![false; kinds * units];
        model.columns.units_of_kinds(0..kinds).for_each(|(kind, unit)| live[kind * units + unit] = true);
        let mut columns = vec![None; kinds * units];
        let mut count = 0;
        let mut moved = 0_usize;
        for wanted in [true, false] {
            for unit in order.units.iter().map(|unit| *unit as usize) {
                for at in (0..kinds).map(|kind| kind * units + unit) {
                    if live[at] && reached[at] == wanted {
                        columns[at] = Some(count as u32);
                        count += 1;
                    }
                }
            }
            if wanted {
                moved = count;
            }
        }
        let column = |(kind, unit): (usize, usize)| columns[kind * units + unit].unwrap_or_default();
        // Dense kernels write whole panels.
        let width = count.max(moved.next_multiple_of(PANEL));
        let mut bias = vec![0.0; width];
        for at in (0..kinds * units).filter(|at| live[*at]) {
            bias[columns[at].unwrap_or_default() as usize] = model.bias[at];
        }
        let unit = |unit: u32| UnitInputs {
            kinds: core::array::from_fn(|kind| match columns.get(kind * units + unit as usize) {
                Some(Some(column)) => UnitPreactivation::Live(*column),
                Some(None) => {
                    let bias = model.bias[kind * units + unit as usize];
                    UnitPreactivation::Fixed(constant(cell, model.activation, kind, bias))
                }
                None => UnitPreactivation::Fixed(0.0),
            }),
            factor: model.state_factor.as_ref().map_or(1.0, |factor| factor[unit as usize]),
        };
        let weights = SparseLists::new(moved, |add| {
            for (row, unit) in order.units.iter().enumerate() {
                for (place, weight) in model.recurrent.row(*unit as usize) {
                    if weight != 0.0 {
                        add(column(state_columns[place]) as usize, row, weight);
                    }
                }
            }
        });
        let input_columns: Vec<u32> = model.columns.units_of_kinds(cell.input_kinds()).map(column).collect();
        let reads = weights.used_indices(units);
        let state = if let Some(scales_of) = model.int8.as_ref().and_then(Int8::recurrent_product) {
            plan.int8("recurrent", &weights, units, WIDTH);
            let mut scales = vec![0.0; moved];
            for (place, scale) in state_columns.iter().copied().zip(scales_of) {
                // The columns that the state does not reach come last.
                if let Some(of_column) = scales.get_mut(column(place) as usize) {
                    *of_column = *scale;
                }
            }
            StateProduct::Integers(Int8Lanes::new(plan.path, &weights, units, &scales))
        } else {
            let dense = plan.many("recurrent", &weights, reads.len(), false);
            StateProduct::Floats(LaneMatrix::new(weights, dense, &reads))
        };
        let way = plan.input(model, width, WIDTH);
        Self {
            rule: CellUpdate { cell, activation: model.activation },
            units: order.units.iter().map(|at| unit(*at)).collect(),
            input: Input::new(model, &input_columns, bias, way),
            state,
        }
    }

    /// Length of a group's hidden states, and of its cell states.
    pub fn size(&self) -> usize {
        self.units.len() * WIDTH
    }

    /// Length of a group's preactivations.
    pub fn width(&self) -> usize {
        self.input.width() * WIDTH
    }

    /// Advances all groups by one step; `rows` gives the symbols' rows of a group.
    #[inline(always)]
    pub fn step<S: Simd>(&self, simd: S, rows: impl Fn(usize) -> [u32; WIDTH], lanes: LaneState<'_>) {
        let LaneState { groups, hidden, cell_state, work: LaneBuffers { sums, quantized } } = lanes;
        let (size, width) = (self.size(), self.width());
        for group in 0..groups {
            self.input.lanes(simd, &rows(group), &mut sums[group * width..][..width]);
        }
        match (&self.state, quantized) {
            (StateProduct::Floats(state), _) => {
                state.add(simd, groups, 0..state.columns(), (hidden, size), (sums, width));
            }
            (StateProduct::Integers(state), Some(quantized)) => {
                state.add(groups, quantized, (hidden, size), (sums, width));
            }
            (StateProduct::Integers(_), None) => {}
        }
        let vectors = WIDTH / S::F32_LANES;
        for group in 0..groups {
            let sums = S::as_simd_f32s(&sums[group * width..][..width]).0;
            let hidden = S::as_mut_simd_f32s(&mut hidden[group * size..][..size]).0;
            let cell_state = S::as_mut_simd_f32s(&mut cell_state[group * size..][..size]).0;
            let states = hidden.chunks_exact_mut(vectors).zip(cell_state.chunks_exact_mut(vectors));
            for (unit, (hidden, cell_state)) in self.units.iter().zip(states) {
                let factor = simd.splat_f32s(unit.factor);
                for vector in 0..vectors {
                    let sum = inlined(
                        #[inline(always)]
                        |kind: usize| match unit.kinds[kind] {
                            UnitPreactivation::Live(column) => {
                                PreactivationValue::Live(sums[column as usize * vectors + vector])
                            }
                            UnitPreactivation::Fixed(value) => PreactivationValue::Fixed(simd.splat_f32s(value)),
                        },
                    );
                    [cell_state[vector], hidden[vector]] =
                        self.rule.update(simd, sum, [cell_state[vector], hidden[vector], factor]);
                }
            }
        }
    }

    /// Buffers for `groups` groups.
    pub fn work(&self, groups: usize) -> LaneBuffers {
        LaneBuffers {
            sums: AlignedVec::zeros(groups * self.width()),
            quantized: match &self.state {
                StateProduct::Floats(_) => None,
                StateProduct::Integers(state) => Some(state.states(groups)),
            },
        }
    }
}
