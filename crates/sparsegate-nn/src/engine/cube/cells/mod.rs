//! A step of each cell, forward and backward, one file a cell and one launch a step; [`super::recurrence`] brings the steps.
//!
//! A unit of a kernel is one hidden unit of one sequence: it computes its recurrent products ([`product`]), then all that
//! is elementwise. H is the number of hidden units, P that of preactivations,
//! B that of sequences. What the forward keeps, and where, is what flex keeps ([`crate::engine::flex`]'s cells have the
//! same formulas in the same order).

#![expect(clippy::trivially_copy_pass_by_ref, reason = "arrays of a device are passed by reference in kernels")]

mod gate;
mod gru;
mod lstm;
mod product;
mod rnn;

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

pub(super) use gru::Gru;
pub(super) use lstm::Lstm;
pub(super) use rnn::Rnn;

use self::product::TILE;
use super::launch::CUBE;

type Values = FloatTensor<CubeBackend>;

/// A state of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The hidden state.
    Hidden,
    /// The one beside it.
    Second,
}

/// A cell's kernels.
pub(super) trait Rule {
    /// P.
    const PREACTIVATIONS: usize;
    /// Number of biases.
    const BIASES: usize;
    /// Values that the forward keeps for the backward, in H a sequence and step.
    const KEPT: usize;
    /// Whether there is a state beside the hidden one.
    const TWO_STATES: bool;
    /// Whether input and recurrent products enter otherwise than as their sum, and so have gradients of their own.
    const SPLIT: bool;

    /// One step of the sequences under way.
    fn forward(&self, step: &Forward<'_>);

    /// The gradients of one step of the sequences under way.
    fn backward(&self, step: &Backward<'_>);
}

/// Where a step's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// H.
    pub(super) units: usize,
    /// Sequences under way: the first.
    pub(super) rows: usize,
    /// The step's first row in `[N, ...]` tensors.
    pub(super) offset: usize,
    /// Sequences under way at the step before.
    pub(super) rows_before: usize,
    /// The first row of the step before.
    pub(super) offset_before: usize,
    /// Whether no step comes after.
    pub(super) last: bool,
}

/// What a forward step reads and writes.
pub(super) struct Forward<'a> {
    pub(super) place: Place,
    /// U, `[H, P H]`.
    pub(super) recurrent: &'a Values,
    /// `[B, P H]`.
    pub(super) z_gates: &'a Values,
    /// `[1, biases H]`.
    pub(super) bias: &'a Values,
    /// `[B, H]`.
    pub(super) z_neurons: &'a Values,
    /// Input products `x W`, `[N, P H]`, on entry; what is left here is kept for the backward.
    pub(super) products: &'a Values,
    /// `[N, KEPT H]`, for the backward.
    pub(super) kept: &'a Values,
    /// Hidden states after each step, `[N, H]`, and before each sequence's first, `[B, H]`.
    pub(super) hidden: [&'a Values; 2],
    /// The states beside them likewise; not read of a cell with one.
    pub(super) second: [&'a Values; 2],
}

/// What a backward step reads and writes.
pub(super) struct Backward<'a> {
    pub(super) place: Place,
    /// Gradients of the hidden states from outside the recurrence, `[N, H]`.
    pub(super) gradient: &'a Values,
    /// As the forward left them.
    pub(super) products: &'a Values,
    /// As the forward left them.
    pub(super) kept: &'a Values,
    /// As in the forward.
    pub(super) hidden: [&'a Values; 2],
    /// As in the forward.
    pub(super) second: [&'a Values; 2],
    /// U, `[H, P H]`.
    pub(super) recurrent: &'a Values,
    /// `[B, P H]`.
    pub(super) z_gates: &'a Values,
    /// `[1, biases H]`.
    pub(super) bias: &'a Values,
    /// `[B, H]`.
    pub(super) z_neurons: &'a Values,
    /// Gradients of `x W`, `[N, P H]`.
    pub(super) input: &'a Values,
    /// Gradients of `h U` of a split rule, `[N, P H]`.
    pub(super) apart: &'a Values,
    /// Gradient of the state that is carried past the product, `[B, H]`, taken one step back.
    pub(super) carried: &'a Values,
    /// Hidden states before each step, `[N, H]`, for the recurrent weights' gradient.
    pub(super) before: &'a Values,
    /// Sums over steps, `[B, P H]`, `[B, biases H]` and `[B, H]`.
    pub(super) sums: [&'a Values; 3],
}

/// [`Place`] in a kernel.
#[derive(CubeLaunch, CubeType)]
struct At {
    units: usize,
    rows: usize,
    offset: usize,
    rows_before: usize,
    offset_before: usize,
    last: u32,
}

/// A unit's sequence, hidden unit and row.
#[derive(CubeType)]
struct Cell {
    sequence: usize,
    unit: usize,
    row: usize,
    units: usize,
}

#[cube]
impl At {
    /// The cell of this unit of the kernel, which need not exist.
    fn cell(&self) -> Cell {
        let sequence = CUBE_POS_Y as usize * TILE + UNIT_POS as usize / TILE;
        let unit = CUBE_POS_X as usize * TILE + UNIT_POS as usize % TILE;
        Cell { sequence, unit, row: self.offset + sequence, units: self.units }
    }

    /// Whether a cell exists at this step.
    fn has(&self, cell: &Cell) -> bool {
        cell.sequence < self.rows && cell.unit < self.units
    }

    /// The first row of the step after.
    fn offset_after(&self) -> usize {
        self.offset + self.rows
    }

    /// Whether no step comes after.
    fn is_last(&self) -> bool {
        self.last == 1u32
    }

    /// A state before the step, out of those after each step and the initial ones.
    fn before(&self, sequence: usize, unit: usize, after: &[f32], initial: &[f32]) -> f32 {
        if sequence < self.rows_before {
            after[(self.offset_before + sequence) * self.units + unit]
        } else {
            initial[sequence * self.units + unit]
        }
    }
}

#[cube]
impl Cell {
    /// The cell's place in part `part` of a `[N, parts H]` tensor.
    fn wide(&self, part: usize, parts: usize) -> usize {
        (self.row * parts + part) * self.units + self.unit
    }

    /// The cell's place in part `part` of a `[B, parts H]` tensor.
    fn narrow(&self, part: usize, parts: usize) -> usize {
        (self.sequence * parts + part) * self.units + self.unit
    }
}

/// A preactivation, `(x W + h U) z + b`; the sum takes the place of `x W`.
#[cube]
fn preactivate(
    products: &mut [f32],
    recurrent: &Array<f32>,
    z_gates: &[f32],
    bias: &[f32],
    cell: &Cell,
    #[comptime] part: usize,
    #[comptime] parts: usize,
) -> f32 {
    let (wide, narrow) = (cell.wide(part, parts), cell.narrow(part, parts));
    let product = products[wide] + recurrent[part];
    products[wide] = product;
    fma(product, z_gates[narrow], bias[part * cell.units + cell.unit])
}

/// The way back through [`preactivate`]: from the gradient of a preactivation to that of the products, which is returned,
/// and the sums.
#[cube]
fn product_gradient(
    gradient: f32,
    products: &[f32],
    z_gates: &[f32],
    z_sum: &mut [f32],
    bias_sum: &mut [f32],
    cell: &Cell,
    part: usize,
    parts: usize,
    biases: usize,
) -> f32 {
    let narrow = cell.narrow(part, parts);
    z_sum[narrow] += gradient * products[cell.wide(part, parts)];
    bias_sum[cell.narrow(part, biases)] += gradient;
    gradient * z_gates[narrow]
}

/// Cubes, their size and the place of a launch.
fn launch_of(place: Place) -> (CubeCount, CubeDim, AtLaunch) {
    let Place { units, rows, offset, rows_before, offset_before, last } = place;
    let cubes = CubeCount::Static(units.div_ceil(TILE) as u32, rows.div_ceil(TILE) as u32, 1);
    let at = AtLaunch::new(units, rows, offset, rows_before, offset_before, u32::from(last));
    (cubes, CubeDim::new_1d(CUBE), at)
}

/// A tensor as an argument of a launch.
fn argument(values: &Values) -> BufferArg {
    values.clone().into_buffer_arg()
}
