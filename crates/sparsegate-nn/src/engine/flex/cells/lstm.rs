//! The elementwise step of [`sparsegate_core::cells::Lstm`].

use std::marker::PhantomData;

use super::{
    BackwardInputs, FlexCell, ForwardInputs, ForwardOutputs, Gate, ProductGradients, State, SummedGradients, add,
    preactivate, product_gradients,
};
use crate::engine::float::KernelFloat;

/// The LSTM step with gate activation `G`. The forward pass saves i, f, g, o and the tanh of the new cell state.
pub(in crate::engine::flex) struct LstmRule<G>(PhantomData<G>);

impl<G: Gate> FlexCell for LstmRule<G> {
    const PREACTIVATIONS: usize = 4;
    const BIASES: usize = 4;
    const SAVED: usize = 5;
    const TWO_STATES: bool = true;
    const ELEMENTWISE_STATE: Option<State> = Some(State::Second);
    const SEPARATE_PRODUCTS: bool = false;

    #[inline(always)]
    fn forward<T: KernelFloat>(read: &ForwardInputs<'_, T>, write: ForwardOutputs<'_, T>) {
        let units = write.hidden.len();
        let (gates, tanh_cell) = write.kept.split_at_mut(4 * units);
        add(write.products, read.recurrent);
        preactivate(gates, write.products, read.z_gates, read.bias);
        let (input_forget, rest) = gates.split_at_mut(2 * units);
        let (update, output) = rest.split_at_mut(units);
        for value in input_forget.iter_mut() {
            *value = G::value(*value);
        }
        for value in update.iter_mut() {
            *value = value.tangent();
        }
        for value in output.iter_mut() {
            *value = G::value(*value);
        }
        let (input, forget) = input_forget.split_at(units);
        new_cell(write.second, input, forget, update);
        new_hidden(write.hidden, tanh_cell, write.second, output, read.z_neurons);
    }

    #[inline(always)]
    fn backward<T: KernelFloat>(
        saved: &BackwardInputs<'_, T>,
        hidden: &[T],
        carried: &mut [T],
        out: ProductGradients<'_, T>,
        sums: SummedGradients<'_, T>,
    ) {
        gate_gradients::<G, T>(saved, hidden, carried, out.input, sums.z_neurons);
        product_gradients(out.input, saved.products, saved.z_gates, sums.z_gates, sums.bias);
    }
}

#[inline(always)]
fn new_cell<T: KernelFloat>(cell: &mut [T], input: &[T], forget: &[T], update: &[T]) {
    let units = cell.len();
    let (input, forget, update) = (&input[..units], &forget[..units], &update[..units]);
    for k in 0..units {
        cell[k] = forget[k].fma(cell[k], input[k].mul(update[k]));
    }
}

#[inline(always)]
fn new_hidden<T: KernelFloat>(hidden: &mut [T], tanh_cell: &mut [T], cell: &[T], output: &[T], z_neurons: &[T]) {
    let units = hidden.len();
    let (tanh_cell, cell) = (&mut tanh_cell[..units], &cell[..units]);
    let (output, z_neurons) = (&output[..units], &z_neurons[..units]);
    for k in 0..units {
        tanh_cell[k] = cell[k].tangent();
        hidden[k] = output[k].mul(tanh_cell[k]).mul(z_neurons[k]);
    }
}

/// Computes the gradients of the preactivations, `out`. `cell` is the gradient of the cell state, after the step on
/// entry and before it on return.
#[inline(always)]
fn gate_gradients<G: Gate, T: KernelFloat>(
    saved: &BackwardInputs<'_, T>,
    hidden: &[T],
    cell: &mut [T],
    out: &mut [T],
    z_sum: &mut [T],
) {
    let units = cell.len();
    let one = T::from_f64(1.0);
    let (gates_i, rest) = saved.kept.split_at(units);
    let (gates_f, rest) = rest.split_at(units);
    let (gates_g, rest) = rest.split_at(units);
    let (gates_o, tanh) = rest.split_at(units);
    let (out_i, rest) = out.split_at_mut(units);
    let (out_f, rest) = rest.split_at_mut(units);
    let (out_g, out_o) = rest.split_at_mut(units);
    let (tanh, out_o) = (&tanh[..units], &mut out_o[..units]);
    let (before, z) = (&saved.before[..units], &saved.z_neurons[..units]);
    let (hidden, z_sum) = (&hidden[..units], &mut z_sum[..units]);
    for k in 0..units {
        let (i, f, g, o, t) = (gates_i[k], gates_f[k], gates_g[k], gates_o[k], tanh[k]);
        z_sum[k] = o.mul(t).fma(hidden[k], z_sum[k]);
        let dh = hidden[k].mul(z[k]);
        let dc = dh.mul(o).fma(one.sub(t.mul(t)), cell[k]);
        out_i[k] = dc.mul(g).mul(G::slope(i));
        out_f[k] = dc.mul(before[k]).mul(G::slope(f));
        out_g[k] = dc.mul(i).mul(one.sub(g.mul(g)));
        out_o[k] = dh.mul(t).mul(G::slope(o));
        cell[k] = dc.mul(f);
    }
}
