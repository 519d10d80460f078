//! The steps of [`sparsegate_core::cells::Lstm`].

use crate::engine::portable::gate::GateOps as _;
use burn::backend::Backend;

use super::SavedForward;
use super::scan::{self, BackwardOutputs, StepInputs, StepOutputs};
use crate::engine::extension::RecurrenceGradients;
use crate::engine::portable::values::Primitive;
use sparsegate_core::GateActivation;

pub(super) fn forward<B: Backend>(step: StepInputs<B>, gates: GateActivation) -> StepOutputs<B> {
    let units = step.z_neurons.dims()[1];
    let products = step.recurrent + step.input;
    let [i, f, g, o] = activate(products.clone() * step.z_gates + step.bias, units, gates);
    let cell = f * step.second + i * g;
    let hidden = cell.clone().tanh() * o * step.z_neurons;
    StepOutputs { products, kept: None, hidden, second: Some(cell) }
}

/// The gate values i, f, g and o from the preactivations.
fn activate<B: Backend>(preactivations: Primitive<B>, units: usize, gates: GateActivation) -> [Primitive<B>; 4] {
    let input_forget = gates.values(preactivations.columns(0..2 * units));
    let update = preactivations.columns(2 * units..3 * units).tanh();
    let output = gates.values(preactivations.columns(3 * units..4 * units));
    [input_forget.columns(0..units), input_forget.columns(units..2 * units), update, output]
}

pub(super) fn backward<B: Backend>(gradient: &Primitive<B>, saved: SavedForward<B>) -> RecurrenceGradients<B> {
    let (batch, units, gates) = (&saved.batch, saved.units(), saved.gates);
    let preactivations = batch.scale(saved.products.clone(), &saved.z_gates) + saved.bias.clone();
    let [i, f, g, o] = activate(preactivations, units, gates);
    let [after, initial] = &saved.second;
    let (tanh, before) = (after.clone().tanh(), batch.before(after, initial));

    // Derivatives of the hidden state with respect to the cell state, of the cell state with respect to the
    // preactivations of i, f and g, and of the hidden state with respect to that of o.
    let cell_by_hidden = batch.scale(o.clone() * tanh.clone().square().one_minus(), &saved.z_neurons);
    let slopes = Primitive::cat(
        vec![
            gates.slopes(i.clone()) * g.clone(),
            gates.slopes(f.clone()) * before,
            g.square().one_minus() * i,
            batch.scale(gates.slopes(o.clone()) * tanh.clone(), &saved.z_neurons),
        ],
        1,
    );
    let [read, preactivations] = scan::backward(batch, gradient, saved.recurrent.clone(), |rows, hidden, carried| {
        let z_gates = saved.z_gates.rows(0..rows.len());
        let through = hidden.clone() * cell_by_hidden.rows(rows.clone());
        let cell = carried.map_or(through.clone(), |carried| through + carried);
        let both = Primitive::cat(vec![cell.clone(), cell.clone(), cell.clone(), hidden.clone()], 1);
        let preactivations = both * slopes.rows(rows.clone());
        let recurrent = preactivations.clone() * z_gates;
        BackwardOutputs { read: hidden, preactivations, recurrent, carried: Some(cell * f.rows(rows)) }
    });
    let products = batch.scale(preactivations.clone(), &saved.z_gates);
    RecurrenceGradients {
        recurrent: saved.recurrent_gradient(products.clone()).0,
        input: products.0,
        z_gates: batch.sum(&(preactivations.clone() * saved.products.clone())).0,
        bias: preactivations.sum_over(0).0,
        z_neurons: batch.sum(&(read * o * tanh)).0,
    }
}
