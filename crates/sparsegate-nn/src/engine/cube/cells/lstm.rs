//! The kernels of [`sparsegate_core::cells::Lstm`].

use cubecl::prelude::*;

use super::gate::{gate, slope};
use super::product::{backward_product, forward_products};
use super::{BackwardStep, CellKernels, ForwardStep, StepRowsArg, argument, launch_of, preactivate, product_gradient};

/// The LSTM kernels. The forward pass saves i, f, g, o and the tanh of the new cell state.
pub(in crate::engine::cube) struct LstmKernels {
    /// Whether gates are hard sigmoids.
    pub(in crate::engine::cube) hard: bool,
}

const P: usize = 4;
const SAVED: usize = 5;

impl CellKernels for LstmKernels {
    const PREACTIVATIONS: usize = P;
    const BIASES: usize = P;
    const SAVED: usize = SAVED;
    const TWO_STATES: bool = true;
    const SEPARATE_PRODUCTS: bool = false;

    fn forward(&self, step: &ForwardStep<'_>) {
        let (cubes, dim, at) = launch_of(step.place);
        let ([hidden, initial_hidden], [second, initial_second]) = (step.hidden, step.second);
        lstm_forward::launch(
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

    fn backward(&self, step: &BackwardStep<'_>) {
        let (cubes, dim, at) = launch_of(step.place);
        let ([hidden, initial_hidden], [second, initial_second]) = (step.hidden, step.second);
        let [z_sum, bias_sum, z_neurons_sum] = step.sums;
        lstm_backward::launch(
            &step.products.client,
            cubes,
            dim,
            argument(step.gradient),
            argument(step.products),
            argument(step.kept),
            argument(hidden),
            argument(initial_hidden),
            argument(second),
            argument(initial_second),
            argument(step.recurrent),
            argument(step.z_gates),
            argument(step.z_neurons),
            argument(step.input),
            argument(step.carried),
            argument(step.before),
            argument(z_sum),
            argument(bias_sum),
            argument(z_neurons_sum),
            at,
            self.hard,
        );
    }
}

#[cube(launch)]
fn lstm_forward(
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
        let i = gate(preactivate(products, &recurrent_products, z_gates, bias, &cell, 0usize, P), hard);
        let f = gate(preactivate(products, &recurrent_products, z_gates, bias, &cell, 1usize, P), hard);
        let g = f32::tanh(preactivate(products, &recurrent_products, z_gates, bias, &cell, 2usize, P));
        let o = gate(preactivate(products, &recurrent_products, z_gates, bias, &cell, 3usize, P), hard);
        let before = at.before(cell.sequence, cell.unit, &*second, initial_second);
        let c = fma(f, before, i * g);
        let t = f32::tanh(c);
        kept[cell.wide(0, SAVED)] = i;
        kept[cell.wide(1, SAVED)] = f;
        kept[cell.wide(2, SAVED)] = g;
        kept[cell.wide(3, SAVED)] = o;
        kept[cell.wide(4, SAVED)] = t;
        second[cell.wide(0, 1)] = c;
        hidden[cell.wide(0, 1)] = o * t * z_neurons[cell.narrow(0, 1)];
    }
}

#[cube(launch)]
fn lstm_backward(
    gradient: &[f32],
    products: &[f32],
    kept: &[f32],
    hidden: &[f32],
    initial_hidden: &[f32],
    second: &[f32],
    initial_second: &[f32],
    recurrent: &[f32],
    z_gates: &[f32],
    z_neurons: &[f32],
    input: &mut [f32],
    carried: &mut [f32],
    before: &mut [f32],
    z_sum: &mut [f32],
    bias_sum: &mut [f32],
    z_neurons_sum: &mut [f32],
    at: StepRowsArg,
    #[comptime] hard: bool,
) {
    let through = backward_product(&*input, recurrent, &at, P);
    let cell = at.cell();
    if at.has(&cell) {
        let (here, row) = (cell.narrow(0, 1), cell.wide(0, 1));
        before[row] = at.before(cell.sequence, cell.unit, hidden, initial_hidden);
        let c = at.before(cell.sequence, cell.unit, second, initial_second);
        let i = kept[cell.wide(0, SAVED)];
        let f = kept[cell.wide(1, SAVED)];
        let g = kept[cell.wide(2, SAVED)];
        let o = kept[cell.wide(3, SAVED)];
        let t = kept[cell.wide(4, SAVED)];
        let outer = gradient[row] + through;
        z_neurons_sum[here] += o * t * outer;
        let dh = outer * z_neurons[here];
        let dc = fma(dh * o, 1.0f32 - t * t, carried[here]);
        carried[here] = dc * f;
        let di = dc * g * slope(i, hard);
        let df = dc * c * slope(f, hard);
        let dg = dc * i * (1.0f32 - g * g);
        let d_o = dh * t * slope(o, hard);
        let di = product_gradient(di, products, z_gates, z_sum, bias_sum, &cell, 0, P, P);
        let df = product_gradient(df, products, z_gates, z_sum, bias_sum, &cell, 1, P, P);
        let dg = product_gradient(dg, products, z_gates, z_sum, bias_sum, &cell, 2, P, P);
        let d_o = product_gradient(d_o, products, z_gates, z_sum, bias_sum, &cell, 3, P, P);
        input[cell.wide(0, P)] = di;
        input[cell.wide(1, P)] = df;
        input[cell.wide(2, P)] = dg;
        input[cell.wide(3, P)] = d_o;
    }
}
