//! The steps of [`sparsegate_core::cells::Gru`].
//!
//! The reset gate r multiplies the candidate's recurrent product, so the preactivation of n is `z q + b_in + r b_hn`
//! with `q = x W + r (h U)`, which the forward pass saves. In the products it leaves `x W + h U` for the gates r and u,
//! and `h U` for n.

use crate::engine::portable::gate::GateOps as _;
use burn::backend::Backend;

use super::SavedForward;
use super::scan::{self, BackwardOutputs, StepInputs, StepOutputs};
use crate::engine::extension::RecurrenceGradients;
use crate::engine::portable::values::Primitive;
use sparsegate_core::GateActivation;

/// What the unit's group factor `z_neurons` multiplies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FactorPlacement {
    /// The output alone, as in [`sparsegate_core::cells::Gru::Output`].
    AtOutput,
    /// The carried state, as in [`sparsegate_core::cells::Gru::State`]; the hidden state is then the only state.
    InState,
}

pub(super) fn forward<B: Backend>(
    step: StepInputs<B>,
    gates: GateActivation,
    placement: FactorPlacement,
) -> StepOutputs<B> {
    let units = step.z_neurons.dims()[1];
    let (gate_columns, candidate) = (0..2 * units, 2 * units..3 * units);
    let sums = step.recurrent.columns(gate_columns.clone()) + step.input.columns(gate_columns.clone());
    let product = step.recurrent.columns(candidate.clone());
    let preactivations = sums.clone() * step.z_gates.columns(gate_columns.clone()) + step.bias.columns(gate_columns);
    let values = gates.values(preactivations);
    let [reset, update] = [values.columns(0..units), values.columns(units..2 * units)];
    let q = reset.clone() * product.clone() + step.input.columns(candidate.clone());
    let n = candidate_value(q.clone() * step.z_gates.columns(candidate), reset, &step.bias, units);
    let kept = if placement == FactorPlacement::InState { step.hidden } else { step.second };
    let leak = (kept - n.clone()) * update + n;
    let hidden = leak.clone() * step.z_neurons;
    let second = (placement == FactorPlacement::AtOutput).then_some(leak);
    StepOutputs { products: Primitive::cat(vec![sums, product], 1), kept: Some(q), hidden, second }
}

/// `tanh(scaled + b_in + r b_hn)`.
fn candidate_value<B: Backend>(
    scaled: Primitive<B>,
    reset: Primitive<B>,
    bias: &Primitive<B>,
    units: usize,
) -> Primitive<B> {
    let [b_in, b_hn] = [2, 3].map(|index| bias.columns(index * units..(index + 1) * units));
    (reset * b_hn + scaled + b_in).tanh()
}

pub(super) fn backward<B: Backend>(
    gradient: &Primitive<B>,
    saved: SavedForward<B>,
    placement: FactorPlacement,
) -> RecurrenceGradients<B> {
    let (batch, units, gates) = (&saved.batch, saved.units(), saved.gates);
    let (gate_columns, candidate) = (0..2 * units, 2 * units..3 * units);
    let z_candidate = saved.z_gates.columns(candidate.clone());
    let [sums, product] = [&gate_columns, &candidate].map(|columns| saved.products.columns(columns.clone()));
    let preactivations = batch.scale(sums.clone(), &saved.z_gates.columns(gate_columns.clone()));
    let values = gates.values(preactivations + saved.bias.columns(gate_columns));
    let [reset, update] = [values.columns(0..units), values.columns(units..2 * units)];
    let q = saved.kept.clone();
    let n = candidate_value(batch.scale(q.clone(), &z_candidate), reset.clone(), &saved.bias, units);
    let [after, initial] = if placement == FactorPlacement::InState { &saved.hidden } else { &saved.second };
    let difference = batch.before(after, initial) - n.clone();

    // Derivatives of the leaky update with respect to the preactivations of r, u and n.
    let by_n = n.clone().square().one_minus() * update.clone().one_minus();
    let b_hn = saved.bias.columns(3 * units..4 * units);
    let by_r = (batch.scale(product, &z_candidate) + b_hn) * by_n.clone() * gates.slopes(reset.clone());
    let by_u = gates.slopes(update.clone()) * difference.clone();
    let slopes = Primitive::cat(vec![by_r, by_u, by_n], 1);
    // Derivatives of the preactivations with respect to the recurrent products.
    let ones = Primitive::full(1.0, sums.dims(), &sums);
    let by_recurrent = batch.scale(Primitive::cat(vec![ones, reset.clone()], 1), &saved.z_gates);

    let [read, preactivations] = scan::backward(batch, gradient, saved.recurrent.clone(), |rows, hidden, carried| {
        let z_neurons = saved.z_neurons.rows(0..rows.len());
        // In the state, the next step's leaky update reads the state multiplied by the factor; at the output, without
        // it.
        let (read, leak) = match (carried, placement) {
            (None, _) => (hidden.clone(), hidden * z_neurons),
            (Some(carried), FactorPlacement::AtOutput) => (hidden.clone(), hidden * z_neurons + carried),
            (Some(carried), FactorPlacement::InState) => {
                let read = hidden + carried;
                (read.clone(), read * z_neurons)
            }
        };
        let preactivations =
            Primitive::cat(vec![leak.clone(), leak.clone(), leak.clone()], 1) * slopes.rows(rows.clone());
        let recurrent = preactivations.clone() * by_recurrent.rows(rows.clone());
        BackwardOutputs { read, preactivations, recurrent, carried: Some(leak * update.rows(rows)) }
    });
    let mixed = update * difference + n;
    let bias_hn = preactivations.columns(candidate) * reset;
    let multiplied = Primitive::cat(vec![sums, q], 1);
    RecurrenceGradients {
        recurrent: saved.recurrent_gradient(preactivations.clone() * by_recurrent).0,
        input: batch.scale(preactivations.clone(), &saved.z_gates).0,
        z_gates: batch.sum(&(preactivations.clone() * multiplied)).0,
        bias: Primitive::cat(vec![preactivations.sum_over(0), bias_hn.sum_over(0)], 1).0,
        z_neurons: batch.sum(&(read * mixed)).0,
    }
}
