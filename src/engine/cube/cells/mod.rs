//! The elementwise part of each cell's step, forward and backward, one file a cell; [`super::recurrence`] brings the
//! products and the steps.
//!
//! A unit of a kernel is one hidden unit of one sequence. H is the number of hidden units, P that of preactivations,
//! B that of sequences. What the forward keeps, and where, is what flex keeps ([`crate::engine::flex`]'s cells have the
//! same formulas in the same order).

mod gate;
mod gru;
mod lstm;
mod rnn;

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

pub(super) use gru::Gru;
pub(super) use lstm::Lstm;
pub(super) use rnn::Rnn;

use super::launch::{CUBE, cubes};

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
}

/// What a forward step reads and writes.
pub(super) struct Forward<'a> {
    pub(super) place: Place,
    /// Recurrent products `h U`, `[B, P H]`.
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
    /// Hidden states after each step, `[N, H]`.
    pub(super) hidden: &'a Values,
    /// The states beside them, `[N, H]`; not read of a cell with one.
    pub(super) second: &'a Values,
    /// Running hidden states, `[B, H]`: those of sequences that have not begun are still their initial ones.
    pub(super) running_hidden: &'a Values,
    /// The running states beside them.
    pub(super) running_second: &'a Values,
}

/// What a backward step reads and writes.
pub(super) struct Backward<'a> {
    pub(super) place: Place,
    /// Gradients of the hidden states from outside the recurrence, `[N, H]`.
    pub(super) gradient: &'a Values,
    /// Gradients of the hidden states through the next step's products, `[B, H]`.
    pub(super) through: &'a Values,
    /// As the forward left them.
    pub(super) products: &'a Values,
    /// As the forward left them.
    pub(super) kept: &'a Values,
    /// Hidden states after each step, and the initial ones.
    pub(super) hidden: [&'a Values; 2],
    /// The states beside them likewise.
    pub(super) second: [&'a Values; 2],
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
    /// Gradients of this step's `h U`, `[B, P H]`, for the next product.
    pub(super) running: &'a Values,
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
    /// The cell of this unit of the kernel.
    fn cell(&self) -> Cell {
        let sequence = ABSOLUTE_POS / self.units;
        Cell { sequence, unit: ABSOLUTE_POS % self.units, row: self.offset + sequence, units: self.units }
    }

    /// Whether this unit of the kernel has one.
    fn has_cell(&self) -> bool {
        ABSOLUTE_POS < self.rows * self.units
    }

    /// A cell's state before the step, out of those after each step and the initial ones.
    fn before(&self, cell: &Cell, after: &[f32], initial: &[f32]) -> f32 {
        if cell.sequence < self.rows_before {
            after[(self.offset_before + cell.sequence) * self.units + cell.unit]
        } else {
            initial[cell.sequence * self.units + cell.unit]
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
    recurrent: &[f32],
    z_gates: &[f32],
    bias: &[f32],
    cell: &Cell,
    part: usize,
    parts: usize,
) -> f32 {
    let (wide, narrow) = (cell.wide(part, parts), cell.narrow(part, parts));
    let product = products[wide] + recurrent[narrow];
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
fn launch_of(values: &Values, place: Place) -> (CubeCount, CubeDim, AtLaunch) {
    let Place { units, rows, offset, rows_before, offset_before } = place;
    let at = AtLaunch::new(units, rows, offset, rows_before, offset_before);
    (cubes(&values.client, rows * units), CubeDim::new_1d(CUBE), at)
}

/// A tensor as an argument of a launch.
fn argument(values: &Values) -> BufferArg {
    values.clone().into_buffer_arg()
}
