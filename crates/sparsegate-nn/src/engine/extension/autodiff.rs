//! Registers the kernels' backward passes with Burn's autodiff.
//!
//! An autodiff node has one output. The recurrence therefore returns its states other than the hidden one detached from
//! autodiff. Their gradients are not needed, because the carried state is detached between windows.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, AutodiffBackend, Backend};

use super::kernels::Kernels;
use super::primitives::{
    AdamPrimitives, MatmulOperand, RecurrencePrimitives, RecurrenceSaved, VariationalMoments, VariationalPrimitives,
};
use super::routing::RoutedOps;
use crate::engine::noise::NoiseKey;

#[derive(Debug)]
struct ProductBackward;

impl<B: Kernels> Backward<B, 2> for ProductBackward {
    /// The left and the right factor.
    type State = [FloatTensor<B>; 2];

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let ([left, right], [to_left, to_right]) = (ops.state, ops.parents);
        if let Some(parent) = to_left {
            grads.register::<B>(
                parent.id,
                B::product(MatmulOperand::plain(&gradient), MatmulOperand::transposed(&right)),
            );
        }
        if let Some(parent) = to_right {
            grads.register::<B>(
                parent.id,
                B::product(MatmulOperand::transposed(&left), MatmulOperand::plain(&gradient)),
            );
        }
    }
}

#[derive(Debug)]
struct RecurrenceBackward;

impl<B: Kernels> Backward<B, 5> for RecurrenceBackward {
    type State = RecurrenceSaved<B>;

    fn backward(self, ops: Ops<Self::State, 5>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let found = B::recurrence_backward(gradient, ops.state);
        let found = [found.input, found.recurrent, found.z_gates, found.bias, found.z_neurons];
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct NoisyBackward;

impl<B: Kernels> Backward<B, 2> for NoisyBackward {
    type State = (FloatTensor<B>, NoiseKey);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let log_sigma = B::noisy_backward(gradient.clone(), ops.state.0, ops.state.1);
        register_pair::<B>(grads, ops.parents.map(|parent| parent.map(|node| node.id)), gradient, log_sigma);
    }
}

#[derive(Debug)]
struct NoisyRowsBackward;

impl<B: Kernels> Backward<B, 2> for NoisyRowsBackward {
    type State = (FloatTensor<B>, IntTensor<B>, NoiseKey);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (log_sigma, ids, key) = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let (mean, log_sigma) = B::noisy_rows_backward(gradient, log_sigma, ids, key);
        register_pair::<B>(grads, ops.parents.map(|parent| parent.map(|node| node.id)), mean, log_sigma);
    }
}

#[derive(Debug)]
struct CrossEntropyBackward;

impl<B: Kernels> Backward<B, 2> for CrossEntropyBackward {
    /// Gradients with respect to logits and bias.
    type State = [FloatTensor<B>; 2];

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let [logits, bias] = B::cross_entropy_backward(gradient, ops.state);
        register_pair::<B>(grads, ops.parents.map(|parent| parent.map(|node| node.id)), logits, bias);
    }
}

/// Registers two gradients with those of the two parents that are tracked.
fn register_pair<B: Backend>(
    grads: &mut Gradients,
    parents: [Option<NodeId>; 2],
    first: FloatTensor<B>,
    second: FloatTensor<B>,
) {
    for (parent, gradient) in parents.into_iter().zip([first, second]) {
        if let Some(parent) = parent {
            grads.register::<B>(parent, gradient);
        }
    }
}

impl<B: Kernels + RoutedOps, C: CheckpointStrategy> RoutedOps for Autodiff<B, C> {
    fn product(left: FloatTensor<Self>, right: FloatTensor<Self>) -> FloatTensor<Self> {
        let parents = [left.node(), right.node()];
        let (left, right) = (left.into_primitive(), right.into_primitive());
        let product = <B as Kernels>::product(MatmulOperand::plain(&left), MatmulOperand::plain(&right));
        match ProductBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => node.finish([left, right], product),
            OpsKind::UnTracked(node) => node.finish(product),
        }
    }

    fn recurrence(inputs: RecurrencePrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let differentiable = [&inputs.input, &inputs.recurrent, &inputs.z_gates, &inputs.bias, &inputs.z_neurons];
        let parents = differentiable.map(FloatTensor::<Self>::node);
        let saved = B::recurrence_forward(inputs.map(FloatTensor::<Self>::into_primitive));
        let (hidden, second) = (saved.hidden.clone(), saved.second.clone());
        let hidden = match RecurrenceBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => node.finish(saved, hidden),
            OpsKind::UnTracked(node) => node.finish(hidden),
        };
        (hidden, <Self as AutodiffBackend>::from_inner(second))
    }

    fn noisy(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        seed: u64,
        step: u32,
        stream: u32,
    ) -> FloatTensor<Self> {
        let key = NoiseKey { seed, step, stream };
        let parents = [mean.node(), log_sigma.node()];
        let log_sigma = log_sigma.into_primitive();
        let sample = B::noisy_forward(mean.into_primitive(), log_sigma.clone(), key);
        match NoisyBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => node.finish((log_sigma, key), sample),
            OpsKind::UnTracked(node) => node.finish(sample),
        }
    }

    fn noisy_rows(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        seed: u64,
        step: u32,
        stream: u32,
    ) -> FloatTensor<Self> {
        let key = NoiseKey { seed, step, stream };
        let parents = [mean.node(), log_sigma.node()];
        let log_sigma = log_sigma.into_primitive();
        let sample = B::noisy_rows_forward(mean.into_primitive(), log_sigma.clone(), ids.clone(), key);
        match NoisyRowsBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => node.finish((log_sigma, ids, key), sample),
            OpsKind::UnTracked(node) => node.finish(sample),
        }
    }

    fn cross_entropy(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        let parents = [logits.node(), bias.node()];
        let [value, to_logits, to_bias] =
            B::cross_entropy_forward(logits.into_primitive(), bias.into_primitive(), targets);
        match CrossEntropyBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => node.finish([to_logits, to_bias], value),
            OpsKind::UnTracked(node) => node.finish(value),
        }
    }

    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self> {
        <Self as AutodiffBackend>::from_inner(<B as RoutedOps>::square_sum(values.into_primitive()))
    }

    fn kl_and_gradient_norm(inputs: VariationalPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (kl, square_sum) = <B as RoutedOps>::kl_and_gradient_norm(inputs.map(FloatTensor::<Self>::into_primitive));
        let outside = <Self as AutodiffBackend>::from_inner;
        (outside(kl), outside(square_sum))
    }

    fn adam_variational(
        inputs: VariationalPrimitives<Self>,
        moments: VariationalMoments<Self>,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let inputs = inputs.map(FloatTensor::<Self>::into_primitive);
        let moments = moments.map(FloatTensor::<Self>::into_primitive);
        <B as Kernels>::adam_variational(inputs, moments).map(<Self as AutodiffBackend>::from_inner).into()
    }

    fn adam(inputs: AdamPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let AdamPrimitives { parameter, gradient, first, second, scale, step } = inputs;
        let [parameter, gradient, first, second, scale] =
            [parameter, gradient, first, second, scale].map(FloatTensor::<Self>::into_primitive);
        let (parameter, first, second) =
            <B as RoutedOps>::adam(AdamPrimitives { parameter, gradient, first, second, scale, step });
        let outside = <Self as AutodiffBackend>::from_inner;
        (outside(parameter), outside(first), outside(second))
    }
}
