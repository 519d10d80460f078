//! The kernels of [`sparsegate_core::cells::Rnn`].

use cubecl::prelude::*;

use super::product::{backward_product, forward_products};
use super::{BackwardStep, CellKernels, ForwardStep, StepRowsArg, argument, launch_of, preactivate, product_gradient};

/// The RNN kernels. The forward pass saves the tanh.
pub(in crate::engine::cube) struct RnnKernels;

impl CellKernels for RnnKernels {
    const PREACTIVATIONS: usize = 1;
    const BIASES: usize = 1;
    const SAVED: usize = 1;
    const TWO_STATES: bool = false;
    const SEPARATE_PRODUCTS: bool = false;

    fn forward(&self, step: &ForwardStep<'_>) {
        let (cubes, dim, at) = launch_of(step.place);
        let [hidden, initial_hidden] = step.hidden;
        rnn_forward::launch(
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
        );
    }

    fn backward(&self, step: &BackwardStep<'_>) {
        let (cubes, dim, at) = launch_of(step.place);
        let [hidden, initial_hidden] = step.hidden;
        let [z_sum, bias_sum, z_neurons_sum] = step.sums;
        rnn_backward::launch(
            &step.products.client,
            cubes,
            dim,
            argument(step.gradient),
            argument(step.products),
            argument(step.kept),
            argument(hidden),
            argument(initial_hidden),
            argument(step.recurrent),
            argument(step.z_gates),
            argument(step.z_neurons),
            argument(step.input),
            argument(step.before),
            argument(z_sum),
            argument(bias_sum),
            argument(z_neurons_sum),
            at,
        );
    }
}

#[cube(launch)]
fn rnn_forward(
    products: &mut [f32],
    recurrent: &[f32],
    z_gates: &[f32],
    bias: &[f32],
    z_neurons: &[f32],
    kept: &mut [f32],
    hidden: &mut [f32],
    initial_hidden: &[f32],
    at: StepRowsArg,
) {
    let recurrent_products = forward_products(&*hidden, initial_hidden, recurrent, &at, 1usize);
    let cell = at.cell();
    if at.has(&cell) {
        let row = cell.wide(0, 1);
        let t = f32::tanh(preactivate(products, &recurrent_products, z_gates, bias, &cell, 0usize, 1usize));
        kept[row] = t;
        hidden[row] = t * z_neurons[cell.narrow(0, 1)];
    }
}

#[cube(launch)]
fn rnn_backward(
    gradient: &[f32],
    products: &[f32],
    kept: &[f32],
    hidden: &[f32],
    initial_hidden: &[f32],
    recurrent: &[f32],
    z_gates: &[f32],
    z_neurons: &[f32],
    input: &mut [f32],
    before: &mut [f32],
    z_sum: &mut [f32],
    bias_sum: &mut [f32],
    z_neurons_sum: &mut [f32],
    at: StepRowsArg,
) {
    let through = backward_product(&*input, recurrent, &at, 1usize);
    let cell = at.cell();
    if at.has(&cell) {
        let (here, row) = (cell.narrow(0, 1), cell.wide(0, 1));
        before[row] = at.before(cell.sequence, cell.unit, hidden, initial_hidden);
        let t = kept[row];
        let outer = gradient[row] + through;
        z_neurons_sum[here] += t * outer;
        let d = outer * z_neurons[here] * (1.0f32 - t * t);
        let d = product_gradient(d, products, z_gates, z_sum, bias_sum, &cell, 0, 1, 1);
        input[row] = d;
    }
}
