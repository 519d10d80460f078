//! The kernels of [`sparsegate_core::cells::Gru`].
//!
//! The reset gate r multiplies the candidate's recurrent product, so the preactivation of n is
//! `z (x W + r (h U)) + b_in + r b_hn`. The forward pass saves r, u, n and `q = x W + r (h U)`. In the products it
//! leaves `x W + h U` for the gates r and u, and `h U` for n.

use cubecl::prelude::*;

use super::gate::{gate, slope};
use super::product::{backward_product, forward_products};
use super::{
    BackwardStep, CellKernels, ForwardStep, State, StepRowsArg, UnitIndex, argument, launch_of, preactivate,
    product_gradient,
};

/// The GRU kernels. `IN_STATE` tells whether the unit's group factor multiplies the carried state
/// ([`sparsegate_core::cells::Gru::State`]) or the output alone ([`sparsegate_core::cells::Gru::Output`]).
pub(in crate::engine::cube) struct GruKernels<const IN_STATE: bool> {
    /// Whether gates are hard sigmoids.
    pub(in crate::engine::cube) hard: bool,
}

const P: usize = 3;
const BIASES: usize = 4;
const SAVED: usize = 4;

impl<const IN_STATE: bool> GruKernels<IN_STATE> {
    /// The state carried by the leaky update: the hidden state if the factor is in the state, else the second state.
    const KEPT_STATE: State = if IN_STATE { State::Hidden } else { State::Second };
}

impl<const IN_STATE: bool> CellKernels for GruKernels<IN_STATE> {
    const PREACTIVATIONS: usize = P;
    const BIASES: usize = BIASES;
    const SAVED: usize = SAVED;
    const TWO_STATES: bool = !IN_STATE;
    const SEPARATE_PRODUCTS: bool = true;

    fn forward(&self, step: &ForwardStep<'_>) {
        let (cubes, dim, at) = launch_of(step.place);
        let ([hidden, initial_hidden], [second, initial_second]) = (step.hidden, step.second);
        if IN_STATE {
            gru_state_forward::launch(
                &step.products.client,
                cubes,
                dim,
                argument(step.products),
                argument(step.recurrent),
                argument(step.z_gates),
                argument(step.bias),
                argument(step.z_neurons),
                argument(step.kept),
                argument(hidden),
                argument(initial_hidden),
                at,
                self.hard,
            );
        } else {
            gru_output_forward::launch(
                &step.products.client,
                cubes,
                dim,
                argument(step.products),
                argument(step.recurrent),
                argument(step.z_gates),
                argument(step.bias),
                argument(step.z_neurons),
                argument(step.kept),
                argument(hidden),
                argument(initial_hidden),
                argument(second),
                argument(initial_second),
                at,
                self.hard,
            );
        }
    }

    fn backward(&self, step: &BackwardStep<'_>) {
        let (cubes, dim, at) = launch_of(step.place);
        let [leak, initial_leak] = match Self::KEPT_STATE {
            State::Hidden => step.hidden,
            State::Second => step.second,
        };
        let [hidden, initial_hidden] = step.hidden;
        let [z_sum, bias_sum, z_neurons_sum] = step.sums;
        gru_backward::launch(
            &step.products.client,
            cubes,
            dim,
            argument(step.gradient),
            argument(step.products),
            argument(step.kept),
            argument(hidden),
            argument(initial_hidden),
            argument(leak),
            argument(initial_leak),
            argument(step.recurrent),
            argument(step.z_gates),
            argument(step.bias),
            argument(step.z_neurons),
            argument(step.input),
            argument(step.apart),
            argument(step.carried),
            argument(step.before),
            argument(z_sum),
            argument(bias_sum),
            argument(z_neurons_sum),
            at,
            self.hard,
            IN_STATE,
        );
    }
}

/// Computes and saves gates and candidate of one element; returns `(1 - u) n + u before`.
#[cube]
fn leaked(
    products: &mut [f32],
    recurrent: &Array<f32>,
    z_gates: &[f32],
    bias: &[f32],
    kept: &mut [f32],
    before: f32,
    cell: &UnitIndex,
    #[comptime] hard: bool,
) -> f32 {
    let r = gate(preactivate(products, recurrent, z_gates, bias, cell, 0usize, P), hard);
    let u = gate(preactivate(products, recurrent, z_gates, bias, cell, 1usize, P), hard);
    let (wide, narrow) = (cell.wide(2, P), cell.narrow(2, P));
    let product = recurrent[2usize];
    let q = fma(r, product, products[wide]);
    products[wide] = product;
    let b_in = bias[2 * cell.units + cell.unit];
    let b_hn = bias[3 * cell.units + cell.unit];
    let n = f32::tanh(fma(z_gates[narrow], q, fma(r, b_hn, b_in)));
    kept[cell.wide(0, SAVED)] = r;
    kept[cell.wide(1, SAVED)] = u;
    kept[cell.wide(2, SAVED)] = n;
    kept[cell.wide(3, SAVED)] = q;
    fma(u, before - n, n)
}

#[cube(launch)]
fn gru_state_forward(
    products: &mut [f32],
    recurrent: &[f32],
    z_gates: &[f32],
    bias: &[f32],
    z_neurons: &[f32],
    kept: &mut [f32],
    hidden: &mut [f32],
    initial_hidden: &[f32],
    at: StepRowsArg,
    #[comptime] hard: bool,
) {
    let recurrent_products = forward_products(&*hidden, initial_hidden, recurrent, &at, P);
    let cell = at.cell();
    if at.has(&cell) {
        let before = at.before(cell.sequence, cell.unit, &*hidden, initial_hidden);
        let s = leaked(products, &recurrent_products, z_gates, bias, kept, before, &cell, hard);
        hidden[cell.wide(0, 1)] = s * z_neurons[cell.narrow(0, 1)];
    }
}

#[cube(launch)]
fn gru_output_forward(
    products: &mut [f32],
    recurrent: &[f32],
    z_gates: &[f32],
    bias: &[f32],
    z_neurons: &[f32],
    kept: &mut [f32],
    hidden: &mut [f32],
    initial_hidden: &[f32],
    second: &mut [f32],
    initial_second: &[f32],
    at: StepRowsArg,
    #[comptime] hard: bool,
) {
    let recurrent_products = forward_products(&*hidden, initial_hidden, recurrent, &at, P);
    let cell = at.cell();
    if at.has(&cell) {
        let before = at.before(cell.sequence, cell.unit, &*second, initial_second);
        let s = leaked(products, &recurrent_products, z_gates, bias, kept, before, &cell, hard);
        second[cell.wide(0, 1)] = s;
        hidden[cell.wide(0, 1)] = s * z_neurons[cell.narrow(0, 1)];
    }
}

#[cube(launch)]
fn gru_backward(
    gradient: &[f32],
    products: &[f32],
    kept: &[f32],
    hidden: &[f32],
    initial_hidden: &[f32],
    leak: &[f32],
    initial_leak: &[f32],
    recurrent: &[f32],
    z_gates: &[f32],
    bias: &[f32],
    z_neurons: &[f32],
    input: &mut [f32],
    apart: &mut [f32],
    carried: &mut [f32],
    before: &mut [f32],
    z_sum: &mut [f32],
    bias_sum: &mut [f32],
    z_neurons_sum: &mut [f32],
    at: StepRowsArg,
    #[comptime] hard: bool,
    #[comptime] in_state: bool,
) {
    let through = backward_product(&*apart, recurrent, &at, P);
    let cell = at.cell();
    if at.has(&cell) {
        let (here, row) = (cell.narrow(0, 1), cell.wide(0, 1));
        before[row] = at.before(cell.sequence, cell.unit, hidden, initial_hidden);
        let r = kept[cell.wide(0, SAVED)];
        let u = kept[cell.wide(1, SAVED)];
        let n = kept[cell.wide(2, SAVED)];
        let q = kept[cell.wide(3, SAVED)];
        let difference = at.before(cell.sequence, cell.unit, leak, initial_leak) - n;
        let mixed = fma(u, difference, n);
        let outer = gradient[row] + through;
        // With `in_state`, the next step's leaky update reads the state multiplied by the factor, otherwise without it.
        let read = if comptime!(in_state) { outer + carried[here] } else { outer };
        let d = if comptime!(in_state) { read * z_neurons[here] } else { fma(read, z_neurons[here], carried[here]) };
        z_neurons_sum[here] += mixed * read;
        carried[here] = d * u;
        let du = d * difference * slope(u, hard);
        let dn = d * (1.0f32 - u) * (1.0f32 - n * n);

        let narrow = cell.narrow(2, P);
        let z = z_gates[narrow];
        let product = products[cell.wide(2, P)];
        let b_hn = bias[3 * cell.units + cell.unit];
        let dr = dn * fma(z, product, b_hn) * slope(r, hard);
        bias_sum[cell.narrow(2, BIASES)] += dn;
        bias_sum[cell.narrow(3, BIASES)] += dn * r;
        z_sum[narrow] += dn * q;
        let dn = dn * z;
        let dr = product_gradient(dr, products, z_gates, z_sum, bias_sum, &cell, 0, P, BIASES);
        let du = product_gradient(du, products, z_gates, z_sum, bias_sum, &cell, 1, P, BIASES);
        input[cell.wide(0, P)] = dr;
        input[cell.wide(1, P)] = du;
        input[cell.wide(2, P)] = dn;
        apart[cell.wide(0, P)] = dr;
        apart[cell.wide(1, P)] = du;
        apart[cell.wide(2, P)] = dn * r;
    }
}
