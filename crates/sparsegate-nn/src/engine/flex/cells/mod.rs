//! The elementwise part of each cell's step, forward and backward, one file per cell.
//!
//! A rule computes one step of one sequence, given the recurrent product; [`super::recurrence`] computes the products
//! and handles time steps and threads. H is the number of units, P the number of preactivations. Rows are slices. Rules
//! are types without values, so that their loops are inlined into the scan over time.

mod gate;
mod gru;
mod lstm;
mod rnn;

pub(super) use gate::{Gate, Hard, Logistic};
pub(super) use gru::{AtOutput, GruRule, InState};
pub(super) use lstm::LstmRule;
pub(super) use rnn::RnnRule;

use crate::engine::float::KernelFloat;

/// A state of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The hidden state.
    Hidden,
    /// The second state: the cell state of an LSTM, the state of a GRU before its factor.
    Second,
}

/// The elementwise part of a cell.
pub(super) trait FlexCell {
    /// Number of preactivations, P.
    const PREACTIVATIONS: usize;
    /// Number of bias vectors.
    const BIASES: usize;
    /// Number of values per unit, sequence and step that the forward pass saves for the backward pass.
    const SAVED: usize;
    /// Whether the cell has a second state.
    const TWO_STATES: bool;
    /// The state that reaches the next step elementwise, not only through the recurrent product. The backward pass
    /// reads its value before the step.
    const ELEMENTWISE_STATE: Option<State>;
    /// Whether the input product `x W` and the recurrent product `h U` enter separately rather than as their sum, and
    /// therefore have separate gradients.
    const SEPARATE_PRODUCTS: bool;

    /// Forward pass of one step of one sequence.
    fn forward<T: KernelFloat>(read: &ForwardInputs<'_, T>, write: ForwardOutputs<'_, T>);

    /// Backward pass of one step of one sequence. `hidden` is the gradient of the hidden state after the step, `[H]`;
    /// `carried` is that of the state [`FlexCell::ELEMENTWISE_STATE`], after the step on entry and before it on return.
    fn backward<T: KernelFloat>(
        saved: &BackwardInputs<'_, T>,
        hidden: &[T],
        carried: &mut [T],
        out: ProductGradients<'_, T>,
        sums: SummedGradients<'_, T>,
    );
}

/// Inputs of a forward step.
pub(super) struct ForwardInputs<'a, T> {
    /// Recurrent products `h U`, `[P H]`.
    pub(super) recurrent: &'a [T],
    /// Group factors of the preactivations, `[P H]`.
    pub(super) z_gates: &'a [T],
    /// Biases, `[biases H]`.
    pub(super) bias: &'a [T],
    /// Group factors of the units, `[H]`.
    pub(super) z_neurons: &'a [T],
}

/// Outputs of a forward step; all but `kept` also hold inputs on entry.
pub(super) struct ForwardOutputs<'a, T> {
    /// Input products `x W`, `[P H]`, on entry; on return, the products that the backward pass needs.
    pub(super) products: &'a mut [T],
    /// Values saved for the backward pass, `[SAVED H]`.
    pub(super) kept: &'a mut [T],
    /// Hidden state, `[H]`: before the step on entry, after it on return.
    pub(super) hidden: &'a mut [T],
    /// Second state, likewise; empty if the cell has none.
    pub(super) second: &'a mut [T],
}

/// Inputs of a backward step.
pub(super) struct BackwardInputs<'a, T> {
    /// The products that the forward step left, `[P H]`.
    pub(super) products: &'a [T],
    /// The values that the forward step saved, `[SAVED H]`.
    pub(super) kept: &'a [T],
    /// The state [`FlexCell::ELEMENTWISE_STATE`] before the step, `[H]`; empty if there is none.
    pub(super) before: &'a [T],
    /// Group factors of the preactivations, `[P H]`.
    pub(super) z_gates: &'a [T],
    /// Biases, `[biases H]`.
    pub(super) bias: &'a [T],
    /// Group factors of the units, `[H]`.
    pub(super) z_neurons: &'a [T],
}

/// Output of a backward step: gradients with respect to its products, each `[P H]`.
pub(super) struct ProductGradients<'a, T> {
    /// With respect to `x W`.
    pub(super) input: &'a mut [T],
    /// With respect to `h U` if [`FlexCell::SEPARATE_PRODUCTS`]; otherwise empty, as it equals `input`.
    pub(super) recurrent: &'a mut [T],
}

/// Gradients summed over time steps; a backward step adds its contribution.
pub(super) struct SummedGradients<'a, T> {
    /// With respect to the factors of the preactivations, `[P H]`.
    pub(super) z_gates: &'a mut [T],
    /// With respect to the biases, `[biases H]`.
    pub(super) bias: &'a mut [T],
    /// With respect to the factors of the units, `[H]`.
    pub(super) z_neurons: &'a mut [T],
}

/// Elementwise `values += others`.
#[inline(always)]
pub(super) fn add<T: KernelFloat>(values: &mut [T], others: &[T]) {
    let others = &others[..values.len()];
    for (value, other) in values.iter_mut().zip(others) {
        *value = value.add(*other);
    }
}

/// Preactivations: `out = products * z_gates + bias`.
#[inline(always)]
fn preactivate<T: KernelFloat>(out: &mut [T], products: &[T], z_gates: &[T], bias: &[T]) {
    let width = out.len();
    let (products, z_gates, bias) = (&products[..width], &z_gates[..width], &bias[..width]);
    for k in 0..width {
        out[k] = products[k].fma(z_gates[k], bias[k]);
    }
}

/// Backward pass of [`preactivate`]: `out` holds the gradient of the preactivations on entry, that of the products on
/// return.
#[inline(always)]
fn product_gradients<T: KernelFloat>(
    out: &mut [T],
    products: &[T],
    z_gates: &[T],
    z_sum: &mut [T],
    bias_sum: &mut [T],
) {
    let width = out.len();
    let (products, z_gates) = (&products[..width], &z_gates[..width]);
    let (z_sum, bias_sum) = (&mut z_sum[..width], &mut bias_sum[..width]);
    for k in 0..width {
        let d = out[k];
        bias_sum[k] = bias_sum[k].add(d);
        z_sum[k] = d.fma(products[k], z_sum[k]);
        out[k] = d.mul(z_gates[k]);
    }
}
