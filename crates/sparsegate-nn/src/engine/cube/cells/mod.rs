//! The step kernels of each cell, forward and backward, one file per cell and one launch per step.
//! [`super::recurrence`] loops over the steps.
//!
//! A GPU thread handles one hidden unit of one sequence: it computes the recurrent products ([`product`]) and then the
//! elementwise part. H is the number of hidden units, P the number of preactivations, B the number of sequences. The
//! forward pass saves the same values in the same order as the cells of [`crate::engine::flex`], which use the same
//! formulas.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "kernels take device arrays by reference")]

mod gate;
mod gru;
mod lstm;
mod product;
mod rnn;

use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

pub(super) use gru::GruKernels;
pub(super) use lstm::LstmKernels;
pub(super) use rnn::RnnKernels;

use self::product::TILE;
use super::launch::CUBE;

type Buffer = FloatTensor<CubeBackend>;

/// A state of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The hidden state.
    Hidden,
    /// The second state: the cell state of an LSTM, the state of a GRU before its factor.
    Second,
}

/// A cell's kernels.
pub(super) trait CellKernels {
    /// Number of preactivations, P.
    const PREACTIVATIONS: usize;
    /// Number of bias vectors.
    const BIASES: usize;
    /// Number of values per unit, sequence and step that the forward pass saves for the backward pass.
    const SAVED: usize;
    /// Whether the cell has a second state.
    const TWO_STATES: bool;
    /// Whether the input product `x W` and the recurrent product `h U` enter separately rather than as their sum, and
    /// therefore have separate gradients.
    const SEPARATE_PRODUCTS: bool;

    /// Launches the forward pass of one step of the active sequences.
    fn forward(&self, step: &ForwardStep<'_>);

    /// Launches the backward pass of one step of the active sequences.
    fn backward(&self, step: &BackwardStep<'_>);
}

/// The position of a step's rows in `[N, ...]` tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepRows {
    /// Number of hidden units, H.
    pub(super) units: usize,
    /// Number of active sequences; they are the first of the batch.
    pub(super) rows: usize,
    /// First row of the step.
    pub(super) offset: usize,
    /// Number of active sequences at the previous step.
    pub(super) rows_before: usize,
    /// First row of the previous step.
    pub(super) offset_before: usize,
    /// Whether this is the last step.
    pub(super) last: bool,
}

/// Inputs and outputs of a forward step.
pub(super) struct ForwardStep<'a> {
    pub(super) place: StepRows,
    /// Recurrent weights U, `[H, P H]`.
    pub(super) recurrent: &'a Buffer,
    /// Group factors of the preactivations, `[B, P H]`.
    pub(super) z_gates: &'a Buffer,
    /// Biases, `[1, biases H]`.
    pub(super) bias: &'a Buffer,
    /// Group factors of the units, `[B, H]`.
    pub(super) z_neurons: &'a Buffer,
    /// Input products `x W`, `[N, P H]`, on entry; on return, the products that the backward pass needs.
    pub(super) products: &'a Buffer,
    /// Values saved for the backward pass, `[N, SAVED H]`.
    pub(super) kept: &'a Buffer,
    /// Hidden states after each step, `[N, H]`, and initial hidden states, `[B, H]`.
    pub(super) hidden: [&'a Buffer; 2],
    /// Second states likewise; not read for a cell with one state.
    pub(super) second: [&'a Buffer; 2],
}

/// Inputs and outputs of a backward step.
pub(super) struct BackwardStep<'a> {
    pub(super) place: StepRows,
    /// Gradients of the hidden states from outside the recurrence, `[N, H]`.
    pub(super) gradient: &'a Buffer,
    /// The products that the forward pass left, `[N, P H]`.
    pub(super) products: &'a Buffer,
    /// The values that the forward pass saved, `[N, SAVED H]`.
    pub(super) kept: &'a Buffer,
    /// As in [`ForwardStep::hidden`].
    pub(super) hidden: [&'a Buffer; 2],
    /// As in [`ForwardStep::second`].
    pub(super) second: [&'a Buffer; 2],
    /// Recurrent weights U, `[H, P H]`.
    pub(super) recurrent: &'a Buffer,
    /// Group factors of the preactivations, `[B, P H]`.
    pub(super) z_gates: &'a Buffer,
    /// Biases, `[1, biases H]`.
    pub(super) bias: &'a Buffer,
    /// Group factors of the units, `[B, H]`.
    pub(super) z_neurons: &'a Buffer,
    /// Output: gradients with respect to `x W`, `[N, P H]`.
    pub(super) input: &'a Buffer,
    /// Output: gradients with respect to `h U`, `[N, P H]`, if [`CellKernels::SEPARATE_PRODUCTS`]; otherwise the same
    /// tensor as `input`.
    pub(super) apart: &'a Buffer,
    /// Gradient of the state that reaches the next step elementwise, `[B, H]`: after the step on entry, before it on
    /// return.
    pub(super) carried: &'a Buffer,
    /// Output: hidden states before each step, `[N, H]`, for the gradient of the recurrent weights.
    pub(super) before: &'a Buffer,
    /// Gradients summed over steps, with respect to `z_gates`, `[B, P H]`, the biases, `[B, biases H]`, and
    /// `z_neurons`, `[B, H]`.
    pub(super) sums: [&'a Buffer; 3],
}

/// [`StepRows`] as a kernel argument.
#[derive(CubeLaunch, CubeType)]
struct StepRowsArg {
    units: usize,
    rows: usize,
    offset: usize,
    rows_before: usize,
    offset_before: usize,
    last: u32,
}

/// The element of a thread: a sequence, a hidden unit, and the row in `[N, ...]` tensors.
#[derive(CubeType)]
struct UnitIndex {
    sequence: usize,
    unit: usize,
    row: usize,
    units: usize,
}

#[cube]
impl StepRowsArg {
    /// The element of this thread, which may lie outside the batch.
    fn cell(&self) -> UnitIndex {
        let sequence = CUBE_POS_Y as usize * TILE + UNIT_POS as usize / TILE;
        let unit = CUBE_POS_X as usize * TILE + UNIT_POS as usize % TILE;
        UnitIndex { sequence, unit, row: self.offset + sequence, units: self.units }
    }

    /// Whether an element exists at this step.
    fn has(&self, cell: &UnitIndex) -> bool {
        cell.sequence < self.rows && cell.unit < self.units
    }

    /// First row of the next step.
    fn offset_after(&self) -> usize {
        self.offset + self.rows
    }

    /// Whether this is the last step.
    fn is_last(&self) -> bool {
        self.last == 1u32
    }

    /// The value of a state before the step, from the states after each step or the initial ones.
    fn before(&self, sequence: usize, unit: usize, after: &[f32], initial: &[f32]) -> f32 {
        if sequence < self.rows_before {
            after[(self.offset_before + sequence) * self.units + unit]
        } else {
            initial[sequence * self.units + unit]
        }
    }
}

#[cube]
impl UnitIndex {
    /// Index of the element in part `part` of an `[N, parts H]` tensor.
    fn wide(&self, part: usize, parts: usize) -> usize {
        (self.row * parts + part) * self.units + self.unit
    }

    /// Index of the element in part `part` of a `[B, parts H]` tensor.
    fn narrow(&self, part: usize, parts: usize) -> usize {
        (self.sequence * parts + part) * self.units + self.unit
    }
}

/// A preactivation, `(x W + h U) z + b`; the sum `x W + h U` overwrites `x W` in `products`.
#[cube]
fn preactivate(
    products: &mut [f32],
    recurrent: &Array<f32>,
    z_gates: &[f32],
    bias: &[f32],
    cell: &UnitIndex,
    #[comptime] part: usize,
    #[comptime] parts: usize,
) -> f32 {
    let (wide, narrow) = (cell.wide(part, parts), cell.narrow(part, parts));
    let product = products[wide] + recurrent[part];
    products[wide] = product;
    fma(product, z_gates[narrow], bias[part * cell.units + cell.unit])
}

/// Backward pass of [`preactivate`]: from the gradient of a preactivation, returns that of its product, and adds those
/// of the factor and the bias to `z_sum` and `bias_sum`.
#[cube]
fn product_gradient(
    gradient: f32,
    products: &[f32],
    z_gates: &[f32],
    z_sum: &mut [f32],
    bias_sum: &mut [f32],
    cell: &UnitIndex,
    part: usize,
    parts: usize,
    biases: usize,
) -> f32 {
    let narrow = cell.narrow(part, parts);
    z_sum[narrow] += gradient * products[cell.wide(part, parts)];
    bias_sum[cell.narrow(part, biases)] += gradient;
    gradient * z_gates[narrow]
}

/// Number of cubes, their size and the [`StepRowsArg`] argument of a launch.
fn launch_of(place: StepRows) -> (CubeCount, CubeDim, StepRowsArgLaunch) {
    let StepRows { units, rows, offset, rows_before, offset_before, last } = place;
    let cubes = CubeCount::Static(units.div_ceil(TILE) as u32, rows.div_ceil(TILE) as u32, 1);
    let at = StepRowsArgLaunch::new(units, rows, offset, rows_before, offset_before, u32::from(last));
    (cubes, CubeDim::new_1d(CUBE), at)
}

/// A tensor as a kernel argument.
fn argument(values: &Buffer) -> BufferArg {
    values.clone().into_buffer_arg()
}
