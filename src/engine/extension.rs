//! The fused kernels as Burn backend extensions: forward on the plain backend, and a hand-written backward registered
//! with autodiff.
//!
//! An autodiff node has one output, so states other than the hidden one leave the recurrence outside autodiff; nothing
//! needs their gradient, since the carried state is cut between windows.

#![cfg_attr(
    feature = "tch",
    expect(deprecated, reason = "libtorch leaves Burn after 0.22, which is why Burn is pinned")
)]

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, AutodiffBackend, Backend, ExtensionType, Flex, TensorMetadata, backend_extension};

use super::noise::NoiseKey;
use super::ops::AdamStep;
use crate::cells::Kernel;
use crate::spec::types::GateActivation;

/// The inputs of the recurrence as primitives; see [`super::RecurrenceInputs`].
#[derive(Debug, Clone, ExtensionType)]
pub struct RecurrencePrimitives<B: Backend> {
    pub(super) input: FloatTensor<B>,
    pub(super) recurrent: FloatTensor<B>,
    pub(super) z_gates: FloatTensor<B>,
    pub(super) bias: FloatTensor<B>,
    pub(super) z_neurons: FloatTensor<B>,
    /// The initial hidden state.
    pub(super) hidden: FloatTensor<B>,
    /// The initial state beside it; of a cell with one state the same again, and not read.
    pub(super) second: FloatTensor<B>,
    pub(super) active: Vec<usize>,
    pub(super) kernel: Kernel,
    pub(super) activation: GateActivation,
}

impl<B: Backend> RecurrencePrimitives<B> {
    /// The same with other tensors.
    pub(super) fn map<C: Backend>(
        self,
        mut with: impl FnMut(FloatTensor<B>) -> FloatTensor<C>,
    ) -> RecurrencePrimitives<C> {
        RecurrencePrimitives {
            input: with(self.input),
            recurrent: with(self.recurrent),
            z_gates: with(self.z_gates),
            bias: with(self.bias),
            z_neurons: with(self.z_neurons),
            hidden: with(self.hidden),
            second: with(self.second),
            active: self.active,
            kernel: self.kernel,
            activation: self.activation,
        }
    }
}

/// The inputs of a step of Adam as primitives; see [`super::Ops::adam`].
#[derive(Debug, Clone, ExtensionType)]
pub struct AdamPrimitives<B: Backend> {
    pub(super) parameter: FloatTensor<B>,
    pub(super) gradient: FloatTensor<B>,
    pub(super) first: FloatTensor<B>,
    pub(super) second: FloatTensor<B>,
    /// `[1]`.
    pub(super) scale: FloatTensor<B>,
    pub(super) step: AdamStep,
}

/// The inputs of a penalty's gradients as primitives; see [`super::Ops::penalize`].
#[derive(Debug, Clone, ExtensionType)]
pub struct PenaltyPrimitives<B: Backend> {
    pub(super) mean: FloatTensor<B>,
    pub(super) log_sigma: FloatTensor<B>,
    pub(super) mean_gradient: FloatTensor<B>,
    pub(super) log_sigma_gradient: FloatTensor<B>,
    pub(super) share: f64,
}

/// What the recurrence's backward needs of its forward.
#[derive(Debug, Clone)]
pub struct RecurrenceSaved<B: Backend> {
    /// The inputs; in place of `input`, the products that the forward left, `[N, P * H]`.
    pub(super) inputs: RecurrencePrimitives<B>,
    /// What the cell kept of each step, `[N, ...]`.
    pub(super) kept: FloatTensor<B>,
    /// Hidden states after each step, `[N, H]`.
    pub(super) hidden: FloatTensor<B>,
    /// The states beside them, `[N, H]`; `[N, 0]` of a cell with one state.
    pub(super) second: FloatTensor<B>,
}

/// Gradients of the recurrence, in the order of its parents.
pub struct RecurrenceGradients<B: Backend> {
    pub(super) input: FloatTensor<B>,
    pub(super) recurrent: FloatTensor<B>,
    pub(super) z_gates: FloatTensor<B>,
    pub(super) bias: FloatTensor<B>,
    pub(super) z_neurons: FloatTensor<B>,
}

/// The kernels a backend brings; not routed, one implementation a backend.
pub trait Kernels: Backend {
    /// The recurrence.
    fn recurrence_forward(inputs: RecurrencePrimitives<Self>) -> RecurrenceSaved<Self>;
    /// Its gradients, from the gradient of the hidden states.
    fn recurrence_backward(gradient: FloatTensor<Self>, saved: RecurrenceSaved<Self>) -> RecurrenceGradients<Self>;
    /// Sum of penalties.
    fn penalty_forward(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Its gradients to mean and log sigma, times the scalar `gradient`.
    fn penalty_backward(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// A weight sample.
    fn noisy_forward(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self>;
    /// Its gradient to log sigma; the one to the mean is `gradient` itself.
    fn noisy_backward(gradient: FloatTensor<Self>, log_sigma: FloatTensor<Self>, key: NoiseKey) -> FloatTensor<Self>;
    /// Rows of a weight sample.
    fn noisy_rows_forward(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> FloatTensor<Self>;
    /// Its gradients to mean and log sigma.
    fn noisy_rows_backward(
        gradient: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        key: NoiseKey,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// Mean negative log likelihood, and its gradient to the logits.
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// The mean negative log likelihood alone.
    fn cross_entropy_value(
        logits: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> FloatTensor<Self>;
    /// Gradients to logits and bias, from the gradient to the logits times the scalar `gradient`.
    fn cross_entropy_backward(
        gradient: FloatTensor<Self>,
        logits_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// Sum of squares, `[1]`.
    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self>;
    /// The gradients with those of the penalty, the penalty, `[1]`, and the gradients' sum of squares, `[1]`.
    fn penalize(inputs: PenaltyPrimitives<Self>) -> [FloatTensor<Self>; 4] {
        let PenaltyPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, share } = inputs;
        let penalty = Self::penalty_forward(mean.clone(), log_sigma.clone());
        let share =
            Self::float_mul_scalar(Self::float_ones([1].into(), &mean.device(), mean.dtype().into()), share.into());
        let (to_mean, to_log_sigma) = Self::penalty_backward(mean, log_sigma, share);
        let to_mean = Self::float_add(mean_gradient, to_mean);
        let to_log_sigma = Self::float_add(log_sigma_gradient, to_log_sigma);
        let squares = [&to_mean, &to_log_sigma].map(|gradient| <Self as Kernels>::square_sum(gradient.clone()));
        let [square, other] = squares;
        [to_mean, to_log_sigma, penalty, Self::float_add(square, other)]
    }
    /// Parameter, first and second moment after a step.
    fn adam(inputs: AdamPrimitives<Self>) -> [FloatTensor<Self>; 3];
}

/// The ops, routed by Burn to the backend a tensor lives on; all but the last three are differentiable.
#[backend_extension(Flex, LibTorch: cfg(feature = "tch"), Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait SparseOps: Backend {
    /// Hidden states (differentiable), `[N, H]`, and the states beside them (not), `[N, H]`, or `[N, 0]` of a cell with
    /// one state.
    fn recurrence(#[extension_type] inputs: RecurrencePrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// Sum of penalties, `[1]`.
    fn penalty(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>) -> FloatTensor<Self>;
    /// A weight sample; the key's fields in order.
    fn noisy(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        seed: u64,
        step: u32,
        stream: u32,
    ) -> FloatTensor<Self>;
    /// Rows of a weight sample.
    fn noisy_rows(
        mean: FloatTensor<Self>,
        log_sigma: FloatTensor<Self>,
        ids: IntTensor<Self>,
        seed: u64,
        step: u32,
        stream: u32,
    ) -> FloatTensor<Self>;
    /// Mean negative log likelihood, `[1]`.
    fn cross_entropy(logits: FloatTensor<Self>, bias: FloatTensor<Self>, targets: IntTensor<Self>)
    -> FloatTensor<Self>;
    /// Sum of squares, `[1]`.
    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self>;
    /// The gradients with those of the penalty, the penalty, `[1]`, and the gradients' sum of squares, `[1]`.
    fn penalize(
        #[extension_type] inputs: PenaltyPrimitives<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    /// Parameter, first and second moment after a step.
    fn adam(
        #[extension_type] inputs: AdamPrimitives<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// A backend's ops outside autodiff, from its kernels.
macro_rules! outside_autodiff {
    ($backend:ty) => {
        impl SparseOps for $backend {
            fn recurrence(inputs: RecurrencePrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
                let saved = Self::recurrence_forward(inputs);
                (saved.hidden, saved.second)
            }

            fn penalty(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>) -> FloatTensor<Self> {
                Self::penalty_forward(mean, log_sigma)
            }

            fn noisy(
                mean: FloatTensor<Self>,
                log_sigma: FloatTensor<Self>,
                seed: u64,
                step: u32,
                stream: u32,
            ) -> FloatTensor<Self> {
                Self::noisy_forward(mean, log_sigma, NoiseKey { seed, step, stream })
            }

            fn noisy_rows(
                mean: FloatTensor<Self>,
                log_sigma: FloatTensor<Self>,
                ids: IntTensor<Self>,
                seed: u64,
                step: u32,
                stream: u32,
            ) -> FloatTensor<Self> {
                Self::noisy_rows_forward(mean, log_sigma, ids, NoiseKey { seed, step, stream })
            }

            fn cross_entropy(
                logits: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                targets: IntTensor<Self>,
            ) -> FloatTensor<Self> {
                Self::cross_entropy_value(logits, bias, targets)
            }

            fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self> {
                <Self as Kernels>::square_sum(values)
            }

            fn penalize(
                inputs: PenaltyPrimitives<Self>,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                <Self as Kernels>::penalize(inputs).into()
            }

            fn adam(inputs: AdamPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                <Self as Kernels>::adam(inputs).into()
            }
        }
    };
}

outside_autodiff!(Flex);
#[cfg(feature = "tch")]
outside_autodiff!(burn_tch::LibTorch);
#[cfg(feature = "wgpu")]
outside_autodiff!(burn_cubecl::CubeBackend);

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
struct PenaltyBackward;

impl<B: Kernels> Backward<B, 2> for PenaltyBackward {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (mean, log_sigma) = B::penalty_backward(ops.state.0, ops.state.1, gradient);
        register_pair::<B>(grads, ops.parents.map(|parent| parent.map(|node| node.id)), mean, log_sigma);
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
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (logits, bias) = B::cross_entropy_backward(gradient, ops.state);
        register_pair::<B>(grads, ops.parents.map(|parent| parent.map(|node| node.id)), logits, bias);
    }
}

/// Hands two gradients to those of the two parents that want one.
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

impl<B: Kernels + SparseOps, C: CheckpointStrategy> SparseOps for Autodiff<B, C> {
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

    fn penalty(mean: FloatTensor<Self>, log_sigma: FloatTensor<Self>) -> FloatTensor<Self> {
        let parents = [mean.node(), log_sigma.node()];
        let (mean, log_sigma) = (mean.into_primitive(), log_sigma.into_primitive());
        let value = B::penalty_forward(mean.clone(), log_sigma.clone());
        match PenaltyBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => node.finish((mean, log_sigma), value),
            OpsKind::UnTracked(node) => node.finish(value),
        }
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
        let (value, gradient) = B::cross_entropy_forward(logits.into_primitive(), bias.into_primitive(), targets);
        match CrossEntropyBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(node) => node.finish(gradient, value),
            OpsKind::UnTracked(node) => node.finish(value),
        }
    }

    fn square_sum(values: FloatTensor<Self>) -> FloatTensor<Self> {
        <Self as AutodiffBackend>::from_inner(<B as SparseOps>::square_sum(values.into_primitive()))
    }

    fn penalize(
        inputs: PenaltyPrimitives<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let PenaltyPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, share } = inputs;
        let [mean, log_sigma, mean_gradient, log_sigma_gradient] =
            [mean, log_sigma, mean_gradient, log_sigma_gradient].map(FloatTensor::<Self>::into_primitive);
        let (mean, log_sigma, penalty, square_sum) =
            <B as SparseOps>::penalize(PenaltyPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, share });
        let outside = <Self as AutodiffBackend>::from_inner;
        (outside(mean), outside(log_sigma), outside(penalty), outside(square_sum))
    }

    fn adam(inputs: AdamPrimitives<Self>) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let AdamPrimitives { parameter, gradient, first, second, scale, step } = inputs;
        let [parameter, gradient, first, second, scale] =
            [parameter, gradient, first, second, scale].map(FloatTensor::<Self>::into_primitive);
        let (parameter, first, second) =
            <B as SparseOps>::adam(AdamPrimitives { parameter, gradient, first, second, scale, step });
        let outside = <Self as AutodiffBackend>::from_inner;
        (outside(parameter), outside(first), outside(second))
    }
}
