//! Inputs and results of the kernels as backend primitives (a backend's own tensors).

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType};

use crate::engine::ops::AdamStep;
use sparsegate_core::GateActivation;
use sparsegate_core::cells::FusedKernel;

/// The inputs of the recurrence as primitives; see [`crate::engine::RecurrenceInputs`] for the shapes.
#[derive(Debug, Clone, ExtensionType)]
pub struct RecurrencePrimitives<B: Backend> {
    pub(in crate::engine) input: FloatTensor<B>,
    pub(in crate::engine) recurrent: FloatTensor<B>,
    pub(in crate::engine) z_gates: FloatTensor<B>,
    pub(in crate::engine) bias: FloatTensor<B>,
    pub(in crate::engine) z_neurons: FloatTensor<B>,
    /// The initial hidden state, `[B, H]`.
    pub(in crate::engine) hidden: FloatTensor<B>,
    /// The initial second state, `[B, H]`. For a cell with one state it repeats the hidden state and is not read.
    pub(in crate::engine) second: FloatTensor<B>,
    pub(in crate::engine) active: Vec<usize>,
    /// The preactivations that have a column in `input`, `recurrent` and `z_gates`; `None` for all. Only flex has
    /// kernels for some.
    pub(in crate::engine) columns: Option<Vec<u32>>,
    pub(in crate::engine) kernel: FusedKernel,
    pub(in crate::engine) activation: GateActivation,
}

impl<B: Backend> RecurrencePrimitives<B> {
    /// Applies `with` to each tensor.
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
            columns: self.columns,
            kernel: self.kernel,
            activation: self.activation,
        }
    }
}

/// The inputs of an Adam step as primitives; see [`crate::engine::Ops::adam`].
#[derive(Debug, Clone, ExtensionType)]
pub struct AdamPrimitives<B: Backend> {
    pub(in crate::engine) parameter: FloatTensor<B>,
    pub(in crate::engine) gradient: FloatTensor<B>,
    pub(in crate::engine) first: FloatTensor<B>,
    pub(in crate::engine) second: FloatTensor<B>,
    /// Factor for the gradient, `[1]`.
    pub(in crate::engine) scale: FloatTensor<B>,
    pub(in crate::engine) step: AdamStep,
}

/// A variational parameter and the gradients of the data loss; see [`crate::engine::Ops::kl_and_gradient_norm`].
#[derive(Debug, Clone, ExtensionType)]
pub struct VariationalPrimitives<B: Backend> {
    pub(in crate::engine) mean: FloatTensor<B>,
    pub(in crate::engine) log_sigma: FloatTensor<B>,
    pub(in crate::engine) mean_gradient: FloatTensor<B>,
    pub(in crate::engine) log_sigma_gradient: FloatTensor<B>,
    /// Sorted indices of the rows that the gradients contain; `None` if they contain all rows.
    pub(in crate::engine) rows: Option<Vec<u32>>,
    /// KL weight (1/N).
    pub(in crate::engine) kl_weight: f64,
}

impl<B: Backend> VariationalPrimitives<B> {
    /// Applies `with` to each tensor.
    pub(super) fn map<C: Backend>(
        self,
        with: impl FnMut(FloatTensor<B>) -> FloatTensor<C>,
    ) -> VariationalPrimitives<C> {
        let Self { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, kl_weight } = self;
        let [mean, log_sigma, mean_gradient, log_sigma_gradient] =
            [mean, log_sigma, mean_gradient, log_sigma_gradient].map(with);
        VariationalPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, kl_weight }
    }
}

/// The Adam moments of a variational parameter and the constants of the step; see
/// [`crate::engine::Ops::adam_variational`].
#[derive(Debug, Clone, ExtensionType)]
pub struct VariationalMoments<B: Backend> {
    pub(in crate::engine) mean_first: FloatTensor<B>,
    pub(in crate::engine) mean_second: FloatTensor<B>,
    pub(in crate::engine) log_sigma_first: FloatTensor<B>,
    pub(in crate::engine) log_sigma_second: FloatTensor<B>,
    /// Factor for the gradient, `[1]`.
    pub(in crate::engine) scale: FloatTensor<B>,
    pub(in crate::engine) step: AdamStep,
}

impl<B: Backend> VariationalMoments<B> {
    /// Applies `with` to each tensor.
    pub(super) fn map<C: Backend>(self, with: impl FnMut(FloatTensor<B>) -> FloatTensor<C>) -> VariationalMoments<C> {
        let Self { mean_first, mean_second, log_sigma_first, log_sigma_second, scale, step } = self;
        let [mean_first, mean_second, log_sigma_first, log_sigma_second, scale] =
            [mean_first, mean_second, log_sigma_first, log_sigma_second, scale].map(with);
        VariationalMoments { mean_first, mean_second, log_sigma_first, log_sigma_second, scale, step }
    }
}

/// Values of the forward pass of the recurrence that its backward pass needs.
#[derive(Debug, Clone)]
pub struct RecurrenceSaved<B: Backend> {
    /// The inputs, except that `input` holds the matrix products as the forward pass left them, `[N, P * H]`.
    pub(in crate::engine) inputs: RecurrencePrimitives<B>,
    /// Values that the cell saved at each step, `[N, ...]`.
    pub(in crate::engine) kept: FloatTensor<B>,
    /// Hidden states after each step, `[N, H]`.
    pub(in crate::engine) hidden: FloatTensor<B>,
    /// Second states after each step, `[N, H]`; `[N, 0]` for a cell with one state.
    pub(in crate::engine) second: FloatTensor<B>,
}

/// Gradients of the recurrence with respect to its differentiable inputs, in the order of the autodiff node's parents.
pub struct RecurrenceGradients<B: Backend> {
    pub(in crate::engine) input: FloatTensor<B>,
    pub(in crate::engine) recurrent: FloatTensor<B>,
    pub(in crate::engine) z_gates: FloatTensor<B>,
    pub(in crate::engine) bias: FloatTensor<B>,
    pub(in crate::engine) z_neurons: FloatTensor<B>,
}

/// A factor of a matrix product: a matrix or its transpose.
#[derive(Debug, Clone)]
pub struct MatmulOperand<B: Backend> {
    pub(in crate::engine) tensor: FloatTensor<B>,
    /// Whether the factor is the transpose of `tensor`.
    pub(in crate::engine) transposed: bool,
}

impl<B: Backend> MatmulOperand<B> {
    /// The matrix itself.
    pub(in crate::engine) fn plain(tensor: &FloatTensor<B>) -> Self {
        Self { tensor: tensor.clone(), transposed: false }
    }

    /// The transpose of the matrix.
    pub(in crate::engine) fn transposed(tensor: &FloatTensor<B>) -> Self {
        Self { tensor: tensor.clone(), transposed: true }
    }

    /// The factor as a tensor, transposed if necessary.
    pub(super) fn into_tensor(self) -> FloatTensor<B> {
        if self.transposed { B::float_transpose(self.tensor) } else { self.tensor }
    }
}
