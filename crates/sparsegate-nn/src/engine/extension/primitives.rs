//! Inputs and results of the kernels as a backend's own tensors.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType};

use crate::engine::ops::AdamStep;
use sparsegate_core::GateActivation;
use sparsegate_core::cells::Kernel;

/// The inputs of the recurrence as primitives; see [`crate::engine::RecurrenceInputs`].
#[derive(Debug, Clone, ExtensionType)]
pub struct RecurrencePrimitives<B: Backend> {
    pub(in crate::engine) input: FloatTensor<B>,
    pub(in crate::engine) recurrent: FloatTensor<B>,
    pub(in crate::engine) z_gates: FloatTensor<B>,
    pub(in crate::engine) bias: FloatTensor<B>,
    pub(in crate::engine) z_neurons: FloatTensor<B>,
    /// The initial hidden state.
    pub(in crate::engine) hidden: FloatTensor<B>,
    /// The initial state beside it; of a cell with one state the same again, and not read.
    pub(in crate::engine) second: FloatTensor<B>,
    pub(in crate::engine) active: Vec<usize>,
    pub(in crate::engine) kernel: Kernel,
    pub(in crate::engine) activation: GateActivation,
}

impl<B: Backend> RecurrencePrimitives<B> {
    /// The same with other tensors.
    pub(in crate::engine) fn map<C: Backend>(
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

/// The inputs of a step of Adam as primitives; see [`crate::engine::Ops::adam`].
#[derive(Debug, Clone, ExtensionType)]
pub struct AdamPrimitives<B: Backend> {
    pub(in crate::engine) parameter: FloatTensor<B>,
    pub(in crate::engine) gradient: FloatTensor<B>,
    pub(in crate::engine) first: FloatTensor<B>,
    pub(in crate::engine) second: FloatTensor<B>,
    /// `[1]`.
    pub(in crate::engine) scale: FloatTensor<B>,
    pub(in crate::engine) step: AdamStep,
}

/// A variational quantity with the data loss's gradients; see [`crate::engine::Ops::penalize`].
#[derive(Debug, Clone, ExtensionType)]
pub struct PenaltyPrimitives<B: Backend> {
    pub(in crate::engine) mean: FloatTensor<B>,
    pub(in crate::engine) log_sigma: FloatTensor<B>,
    pub(in crate::engine) mean_gradient: FloatTensor<B>,
    pub(in crate::engine) log_sigma_gradient: FloatTensor<B>,
    /// The rows that the gradients have, rising, if not all.
    pub(in crate::engine) rows: Option<Vec<u32>>,
    pub(in crate::engine) share: f64,
}

impl<B: Backend> PenaltyPrimitives<B> {
    /// The same with other tensors.
    pub(super) fn map<C: Backend>(self, with: impl FnMut(FloatTensor<B>) -> FloatTensor<C>) -> PenaltyPrimitives<C> {
        let Self { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, share } = self;
        let [mean, log_sigma, mean_gradient, log_sigma_gradient] =
            [mean, log_sigma, mean_gradient, log_sigma_gradient].map(with);
        PenaltyPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, share }
    }
}

/// A variational quantity's moments, and what a step of Adam needs beside them; see [`crate::engine::Ops::adam_penalized`].
#[derive(Debug, Clone, ExtensionType)]
pub struct MomentPrimitives<B: Backend> {
    pub(in crate::engine) mean_first: FloatTensor<B>,
    pub(in crate::engine) mean_second: FloatTensor<B>,
    pub(in crate::engine) log_sigma_first: FloatTensor<B>,
    pub(in crate::engine) log_sigma_second: FloatTensor<B>,
    /// `[1]`.
    pub(in crate::engine) scale: FloatTensor<B>,
    pub(in crate::engine) step: AdamStep,
}

impl<B: Backend> MomentPrimitives<B> {
    /// The same with other tensors.
    pub(super) fn map<C: Backend>(self, with: impl FnMut(FloatTensor<B>) -> FloatTensor<C>) -> MomentPrimitives<C> {
        let Self { mean_first, mean_second, log_sigma_first, log_sigma_second, scale, step } = self;
        let [mean_first, mean_second, log_sigma_first, log_sigma_second, scale] =
            [mean_first, mean_second, log_sigma_first, log_sigma_second, scale].map(with);
        MomentPrimitives { mean_first, mean_second, log_sigma_first, log_sigma_second, scale, step }
    }
}

/// What the recurrence's backward needs of its forward.
#[derive(Debug, Clone)]
pub struct RecurrenceSaved<B: Backend> {
    /// The inputs; in place of `input`, the products that the forward left, `[N, P * H]`.
    pub(in crate::engine) inputs: RecurrencePrimitives<B>,
    /// What the cell kept of each step, `[N, ...]`.
    pub(in crate::engine) kept: FloatTensor<B>,
    /// Hidden states after each step, `[N, H]`.
    pub(in crate::engine) hidden: FloatTensor<B>,
    /// The states beside them, `[N, H]`; `[N, 0]` of a cell with one state.
    pub(in crate::engine) second: FloatTensor<B>,
}

/// Gradients of the recurrence, in the order of its parents.
pub struct RecurrenceGradients<B: Backend> {
    pub(in crate::engine) input: FloatTensor<B>,
    pub(in crate::engine) recurrent: FloatTensor<B>,
    pub(in crate::engine) z_gates: FloatTensor<B>,
    pub(in crate::engine) bias: FloatTensor<B>,
    pub(in crate::engine) z_neurons: FloatTensor<B>,
}

/// A matrix in a product.
#[derive(Debug, Clone)]
pub struct Factor<B: Backend> {
    pub(in crate::engine) tensor: FloatTensor<B>,
    /// Whether its transpose is meant.
    pub(in crate::engine) transposed: bool,
}

impl<B: Backend> Factor<B> {
    /// The matrix as it is.
    pub(in crate::engine) fn plain(tensor: &FloatTensor<B>) -> Self {
        Self { tensor: tensor.clone(), transposed: false }
    }

    /// Its transpose.
    pub(in crate::engine) fn transposed(tensor: &FloatTensor<B>) -> Self {
        Self { tensor: tensor.clone(), transposed: true }
    }

    /// As a tensor.
    pub(super) fn whole(self) -> FloatTensor<B> {
        if self.transposed { B::float_transpose(self.tensor) } else { self.tensor }
    }
}
