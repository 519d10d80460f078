//! The steps of [`sparsegate_core::cells::Rnn`].

use burn::backend::Backend;

use super::SavedForward;
use super::scan::{self, BackwardOutputs, StepInputs, StepOutputs};
use crate::engine::extension::RecurrenceGradients;
use crate::engine::portable::values::Primitive;

pub(super) fn forward<B: Backend>(step: StepInputs<B>) -> StepOutputs<B> {
    let products = step.recurrent + step.input;
    let tanh = (products.clone() * step.z_gates + step.bias).tanh();
    StepOutputs { products, kept: None, hidden: tanh * step.z_neurons, second: None }
}

pub(super) fn backward<B: Backend>(gradient: &Primitive<B>, saved: SavedForward<B>) -> RecurrenceGradients<B> {
    let batch = &saved.batch;
    let tanh = (batch.scale(saved.products.clone(), &saved.z_gates) + saved.bias.clone()).tanh();
    let slopes = batch.scale(tanh.clone().square().one_minus(), &saved.z_neurons);
    let [read, preactivations] = scan::backward(batch, gradient, saved.recurrent.clone(), |rows, hidden, _| {
        let z_gates = saved.z_gates.rows(0..rows.len());
        let preactivations = hidden.clone() * slopes.rows(rows);
        let recurrent = preactivations.clone() * z_gates;
        BackwardOutputs { read: hidden, preactivations, recurrent, carried: None }
    });
    let products = batch.scale(preactivations.clone(), &saved.z_gates);
    RecurrenceGradients {
        recurrent: saved.recurrent_gradient(products.clone()).0,
        input: products.0,
        z_gates: batch.sum(&(preactivations.clone() * saved.products.clone())).0,
        bias: preactivations.sum_over(0).0,
        z_neurons: batch.sum(&(read * tanh)).0,
    }
}
