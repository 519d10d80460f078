//! The elementwise part of each cell's step, forward and backward, one file a cell.
//!
//! A rule says what happens to one sequence between two recurrent products; [`super::recurrence`] brings the products,
//! the steps and the threads. H is the number of units, P that of preactivations. Rows are slices; rules are types
//! without values, so that their loops are compiled into the scan's.

mod gate;
mod gru;
mod lstm;
mod rnn;

pub(super) use gate::{Gate, Hard, Logistic};
pub(super) use gru::{AtOutput, GruRule, InState};
pub(super) use lstm::LstmRule;
pub(super) use rnn::RnnRule;

use crate::engine::real::Real;

/// A state of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The hidden state.
    Hidden,
    /// The one beside it.
    Second,
}

/// The elementwise part of a cell.
pub(super) trait Rule {
    /// P.
    const PREACTIVATIONS: usize;
    /// Number of biases.
    const BIASES: usize;
    /// Values that the forward keeps for the backward, in H a sequence and step.
    const KEPT: usize;
    /// Whether there is a state beside the hidden one.
    const TWO_STATES: bool;
    /// The state that also reaches the next step past the recurrent product; the backward reads its value before the
    /// step.
    const CARRIED: Option<State>;
    /// Whether input and recurrent products enter otherwise than as their sum, and so have gradients of their own.
    const SPLIT: bool;

    /// One step of one sequence.
    fn forward<T: Real>(read: &Read<'_, T>, write: Write<'_, T>);

    /// The gradients of one step of one sequence.
    fn backward<T: Real>(
        saved: &Saved<'_, T>,
        hidden: &[T],
        carried: &mut [T],
        out: Products<'_, T>,
        sums: Sums<'_, T>,
    );
}

/// What a forward step reads.
pub(super) struct Read<'a, T> {
    /// Recurrent products `h U`, `[P H]`.
    pub(super) recurrent: &'a [T],
    /// `[P H]`.
    pub(super) z_gates: &'a [T],
    /// `[biases H]`.
    pub(super) bias: &'a [T],
    /// `[H]`.
    pub(super) z_neurons: &'a [T],
}

/// What a forward step writes.
pub(super) struct Write<'a, T> {
    /// Input products `x W`, `[P H]`, on entry; what is left here is kept for the backward.
    pub(super) products: &'a mut [T],
    /// `[KEPT H]`, for the backward.
    pub(super) kept: &'a mut [T],
    /// Hidden state, `[H]`, of the step before on entry.
    pub(super) hidden: &'a mut [T],
    /// The state beside it, likewise; empty if there is none.
    pub(super) second: &'a mut [T],
}

/// What a backward step reads.
pub(super) struct Saved<'a, T> {
    /// As the forward left them.
    pub(super) products: &'a [T],
    /// As the forward left them.
    pub(super) kept: &'a [T],
    /// [`Rule::CARRIED`] before the step, `[H]`; empty if there is none.
    pub(super) before: &'a [T],
    /// `[P H]`.
    pub(super) z_gates: &'a [T],
    /// `[biases H]`.
    pub(super) bias: &'a [T],
    /// `[H]`.
    pub(super) z_neurons: &'a [T],
}

/// Where a backward step puts the gradients of its products, each `[P H]`.
pub(super) struct Products<'a, T> {
    /// To `x W`.
    pub(super) input: &'a mut [T],
    /// To `h U`, of a split rule; empty otherwise, where it is the same.
    pub(super) recurrent: &'a mut [T],
}

/// Gradients that are sums over steps, to which a backward step adds.
pub(super) struct Sums<'a, T> {
    /// `[P H]`.
    pub(super) z_gates: &'a mut [T],
    /// `[biases H]`.
    pub(super) bias: &'a mut [T],
    /// `[H]`.
    pub(super) z_neurons: &'a mut [T],
}

/// Adds to each value another one.
#[inline(always)]
pub(super) fn add<T: Real>(values: &mut [T], others: &[T]) {
    let others = &others[..values.len()];
    for (value, other) in values.iter_mut().zip(others) {
        *value = value.add(*other);
    }
}

/// Preactivations out of products: `out = products * z_gates + bias`.
#[inline(always)]
fn preactivate<T: Real>(out: &mut [T], products: &[T], z_gates: &[T], bias: &[T]) {
    let width = out.len();
    let (products, z_gates, bias) = (&products[..width], &z_gates[..width], &bias[..width]);
    for k in 0..width {
        out[k] = products[k].fma(z_gates[k], bias[k]);
    }
}

/// The way back through [`preactivate`]: `out` holds the gradient of the preactivations, then that of the products.
#[inline(always)]
fn product_gradients<T: Real>(out: &mut [T], products: &[T], z_gates: &[T], z_sum: &mut [T], bias_sum: &mut [T]) {
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
