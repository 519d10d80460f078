//! The elementwise step of [`sparsegate_core::cells::Rnn`].

use super::{
    BackwardInputs, FlexCell, ForwardInputs, ForwardOutputs, ProductGradients, State, SummedGradients, add,
    preactivate, product_gradients,
};
use crate::engine::float::KernelFloat;

/// The RNN step. The forward pass saves the tanh.
pub(in crate::engine::flex) struct RnnRule;

impl FlexCell for RnnRule {
    const PREACTIVATIONS: usize = 1;
    const BIASES: usize = 1;
    const SAVED: usize = 1;
    const TWO_STATES: bool = false;
    const ELEMENTWISE_STATE: Option<State> = None;
    const SEPARATE_PRODUCTS: bool = false;

    #[inline(always)]
    fn forward<T: KernelFloat>(read: &ForwardInputs<'_, T>, write: ForwardOutputs<'_, T>) {
        add(write.products, read.recurrent);
        preactivate(write.kept, write.products, read.z_gates, read.bias);
        new_hidden(write.hidden, write.kept, read.z_neurons);
    }

    #[inline(always)]
    fn backward<T: KernelFloat>(
        saved: &BackwardInputs<'_, T>,
        hidden: &[T],
        _: &mut [T],
        out: ProductGradients<'_, T>,
        sums: SummedGradients<'_, T>,
    ) {
        tanh_gradients(out.input, saved.kept, hidden, saved.z_neurons, sums.z_neurons);
        product_gradients(out.input, saved.products, saved.z_gates, sums.z_gates, sums.bias);
    }
}

#[inline(always)]
fn new_hidden<T: KernelFloat>(hidden: &mut [T], tanh: &mut [T], z_neurons: &[T]) {
    let units = hidden.len();
    let (tanh, z_neurons) = (&mut tanh[..units], &z_neurons[..units]);
    for k in 0..units {
        tanh[k] = tanh[k].tangent();
        hidden[k] = tanh[k].mul(z_neurons[k]);
    }
}

#[inline(always)]
fn tanh_gradients<T: KernelFloat>(out: &mut [T], tanh: &[T], hidden: &[T], z_neurons: &[T], z_sum: &mut [T]) {
    let units = out.len();
    let (tanh, hidden, z_neurons) = (&tanh[..units], &hidden[..units], &z_neurons[..units]);
    let z_sum = &mut z_sum[..units];
    for k in 0..units {
        let t = tanh[k];
        z_sum[k] = t.fma(hidden[k], z_sum[k]);
        out[k] = hidden[k].mul(z_neurons[k]).mul(T::from_f64(1.0).sub(t.mul(t)));
    }
}
