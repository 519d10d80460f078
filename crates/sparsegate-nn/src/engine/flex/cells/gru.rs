//! The elementwise step of [`sparsegate_core::cells::Gru`].
//!
//! The reset gate r multiplies the candidate's recurrent product, so the preactivation of n is
//! `z (x W + r (h U)) + b_in + r b_hn`. The forward pass saves r, u, n and `q = x W + r (h U)`. In the products it
//! leaves `x W + h U` for the gates r and u, and `h U` for n.

use std::marker::PhantomData;

use super::{
    BackwardInputs, FlexCell, ForwardInputs, ForwardOutputs, Gate, ProductGradients, State, SummedGradients, add,
    preactivate, product_gradients,
};
use crate::engine::float::KernelFloat;

/// What the unit's group factor `z_neurons` multiplies.
pub(in crate::engine::flex) trait FactorPlacement {
    /// Whether it multiplies the carried state, so that the hidden state is the only state.
    const IN_STATE: bool;
}

/// The placement of [`sparsegate_core::cells::Gru::Output`].
pub(in crate::engine::flex) struct AtOutput;

impl FactorPlacement for AtOutput {
    const IN_STATE: bool = false;
}

/// The placement of [`sparsegate_core::cells::Gru::State`].
pub(in crate::engine::flex) struct InState;

impl FactorPlacement for InState {
    const IN_STATE: bool = true;
}

/// The GRU step with placement `P` and gate activation `G`.
pub(in crate::engine::flex) struct GruRule<P, G>(PhantomData<(P, G)>);

impl<P: FactorPlacement, G: Gate> FlexCell for GruRule<P, G> {
    const PREACTIVATIONS: usize = 3;
    const BIASES: usize = 4;
    const SAVED: usize = 4;
    const TWO_STATES: bool = !P::IN_STATE;
    const ELEMENTWISE_STATE: Option<State> = Some(if P::IN_STATE { State::Hidden } else { State::Second });
    const SEPARATE_PRODUCTS: bool = true;

    #[inline(always)]
    fn forward<T: KernelFloat>(read: &ForwardInputs<'_, T>, write: ForwardOutputs<'_, T>) {
        let units = write.hidden.len();
        let (gates, candidate) = write.kept.split_at_mut(2 * units);
        let (sums, product) = write.products.split_at_mut(2 * units);
        add(sums, read.recurrent);
        preactivate(gates, sums, read.z_gates, read.bias);
        for value in gates.iter_mut() {
            *value = G::value(*value);
        }
        let (reset, update) = gates.split_at(units);
        let (n, q) = candidate.split_at_mut(units);
        mix_products(q, product, reset, &read.recurrent[2 * units..]);
        new_candidate(n, q, reset, &read.z_gates[2 * units..], &read.bias[2 * units..]);
        if P::IN_STATE {
            leak(write.hidden, update, n);
            multiply(write.hidden, read.z_neurons);
        } else {
            leak(write.second, update, n);
            write.hidden.copy_from_slice(write.second);
            multiply(write.hidden, read.z_neurons);
        }
    }

    #[inline(always)]
    fn backward<T: KernelFloat>(
        saved: &BackwardInputs<'_, T>,
        hidden: &[T],
        carried: &mut [T],
        out: ProductGradients<'_, T>,
        sums: SummedGradients<'_, T>,
    ) {
        let units = carried.len();
        let gates = 2 * units;
        leak_gradients::<P, G, T>(saved, hidden, carried, out.input, sums.z_neurons);
        let (bias_gates, bias_n) = sums.bias.split_at_mut(gates);
        let (z_gates, z_n) = sums.z_gates.split_at_mut(gates);
        candidate_gradients::<G, T>(saved, out.input, &mut out.recurrent[gates..], z_n, bias_n);
        product_gradients(&mut out.input[..gates], saved.products, saved.z_gates, z_gates, bias_gates);
        out.recurrent[..gates].copy_from_slice(&out.input[..gates]);
    }
}

#[inline(always)]
fn multiply<T: KernelFloat>(values: &mut [T], factors: &[T]) {
    let factors = &factors[..values.len()];
    for (value, factor) in values.iter_mut().zip(factors) {
        *value = value.mul(*factor);
    }
}

/// `q = x W + r (h U)`; `product` holds `x W` on entry and `h U` on return.
#[inline(always)]
fn mix_products<T: KernelFloat>(q: &mut [T], product: &mut [T], reset: &[T], recurrent: &[T]) {
    let units = q.len();
    let (product, reset, recurrent) = (&mut product[..units], &reset[..units], &recurrent[..units]);
    for k in 0..units {
        q[k] = reset[k].fma(recurrent[k], product[k]);
        product[k] = recurrent[k];
    }
}

/// `n = tanh(z q + b_in + r b_hn)`; `bias` holds `b_in` followed by `b_hn`.
#[inline(always)]
fn new_candidate<T: KernelFloat>(n: &mut [T], q: &[T], reset: &[T], z: &[T], bias: &[T]) {
    let units = n.len();
    let (q, reset, z) = (&q[..units], &reset[..units], &z[..units]);
    let (b_in, b_hn) = bias.split_at(units);
    let b_hn = &b_hn[..units];
    for k in 0..units {
        n[k] = z[k].fma(q[k], reset[k].fma(b_hn[k], b_in[k])).tangent();
    }
}

/// Leaky update of the carried state: `kept = (1 - u) n + u kept`.
#[inline(always)]
fn leak<T: KernelFloat>(kept: &mut [T], update: &[T], n: &[T]) {
    let units = kept.len();
    let (update, n) = (&update[..units], &n[..units]);
    for k in 0..units {
        kept[k] = update[k].fma(kept[k].sub(n[k]), n[k]);
    }
}

/// Backward pass of the leaky update: from the gradient of the hidden state, computes those of the preactivations of u
/// and n, which are written to their columns of `out`. `carried` is the gradient of the carried state, after the step
/// on entry and before it on return.
#[inline(always)]
fn leak_gradients<P: FactorPlacement, G: Gate, T: KernelFloat>(
    saved: &BackwardInputs<'_, T>,
    hidden: &[T],
    carried: &mut [T],
    out: &mut [T],
    z_sum: &mut [T],
) {
    let units = carried.len();
    let one = T::from_f64(1.0);
    let (update, n) = (&saved.kept[units..2 * units], &saved.kept[2 * units..3 * units]);
    let (out_u, out_n) = out[units..].split_at_mut(units);
    let out_n = &mut out_n[..units];
    let (before, z) = (&saved.before[..units], &saved.z_neurons[..units]);
    let (hidden, z_sum) = (&hidden[..units], &mut z_sum[..units]);
    for k in 0..units {
        let (u, n, difference) = (update[k], n[k], before[k].sub(n[k]));
        let mixed = u.fma(difference, n);
        // With `IN_STATE`, the next step's leaky update reads the state multiplied by the factor, otherwise without it.
        let read = if P::IN_STATE { hidden[k].add(carried[k]) } else { hidden[k] };
        z_sum[k] = mixed.fma(read, z_sum[k]);
        let d = if P::IN_STATE { read.mul(z[k]) } else { read.fma(z[k], carried[k]) };
        out_u[k] = d.mul(difference).mul(G::slope(u));
        out_n[k] = d.mul(one.sub(u)).mul(one.sub(n.mul(n)));
        carried[k] = d.mul(u);
    }
}

/// Backward pass of the candidate: from the gradient of n's preactivation, in its column of `out`, computes those of
/// r's preactivation and of both products of n.
#[inline(always)]
fn candidate_gradients<G: Gate, T: KernelFloat>(
    saved: &BackwardInputs<'_, T>,
    out: &mut [T],
    recurrent: &mut [T],
    z_sum: &mut [T],
    bias_sum: &mut [T],
) {
    let units = recurrent.len();
    let (out_r, rest) = out.split_at_mut(units);
    let out_n = &mut rest[units..2 * units];
    let (reset, q) = (&saved.kept[..units], &saved.kept[3 * units..4 * units]);
    let (product, z) = (&saved.products[2 * units..3 * units], &saved.z_gates[2 * units..3 * units]);
    let b_hn = &saved.bias[3 * units..4 * units];
    let (in_sum, hn_sum) = bias_sum.split_at_mut(units);
    let (hn_sum, z_sum) = (&mut hn_sum[..units], &mut z_sum[..units]);
    for k in 0..units {
        let (d, r) = (out_n[k], reset[k]);
        out_r[k] = d.mul(z[k].fma(product[k], b_hn[k])).mul(G::slope(r));
        in_sum[k] = in_sum[k].add(d);
        hn_sum[k] = d.fma(r, hn_sum[k]);
        z_sum[k] = d.fma(q[k], z_sum[k]);
        out_n[k] = d.mul(z[k]);
        recurrent[k] = out_n[k].mul(r);
    }
}
