//! A time step of a cell on Burn tensors: the definition that every kernel is held against.

use burn::tensor::{Tensor, activation};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::Cell;
use sparsegate_core::formula::{Arithmetic, Leaf, Symbols, evaluate};

/// One time step of a cell of P preactivations over `n` sequences with H units.
#[derive(Debug, Clone)]
pub struct CellStep {
    /// Input products `x W`, `[n, P * H]`.
    pub input: Tensor<2>,
    /// Recurrent products `h U`, `[n, P * H]`.
    pub recurrent: Tensor<2>,
    /// Group factors of the preactivations, `[n, P * H]`.
    pub z_gates: Tensor<2>,
    /// Biases, `[1, biases * H]`.
    pub bias: Tensor<2>,
    /// Group factors of the hidden units, `[n, H]`.
    pub z_neurons: Tensor<2>,
    /// The states before the step, each `[n, H]`, as [`Cell::states`] lists them.
    pub states: Vec<Tensor<2>>,
    /// Activation of the gates.
    pub activation: GateActivation,
}

/// The states of `cell` after `step`, each `[n, H]`, in the order of [`Cell::states`].
pub fn step(cell: &dyn Cell, step: &CellStep) -> Vec<Tensor<2>> {
    evaluate(&cell.step(Symbols), &mut OnTensors(step))
}

struct OnTensors<'a>(&'a CellStep);

impl OnTensors<'_> {
    /// Columns `index * H..(index + 1) * H` of a `[n, k * H]` tensor, `[n, H]`.
    fn columns_of_kind(&self, of: &Tensor<2>, index: usize) -> Tensor<2> {
        let units = self.0.z_neurons.dims()[1];
        of.clone().slice([0..of.dims()[0], index * units..(index + 1) * units])
    }
}

impl Arithmetic for OnTensors<'_> {
    type Value = Tensor<2>;

    fn leaf(&mut self, leaf: Leaf) -> Tensor<2> {
        match leaf {
            Leaf::Input(kind) => self.columns_of_kind(&self.0.input, kind),
            Leaf::Recurrent(kind) => self.columns_of_kind(&self.0.recurrent, kind),
            Leaf::GateFactor(kind) => self.columns_of_kind(&self.0.z_gates, kind),
            Leaf::Bias(index) => self.columns_of_kind(&self.0.bias, index),
            Leaf::State(index) => self.0.states[index].clone(),
            Leaf::UnitFactor => self.0.z_neurons.clone(),
        }
    }

    fn add(&mut self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
        a + b
    }

    fn sub(&mut self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
        a - b
    }

    fn mul(&mut self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
        a * b
    }

    fn complement(&mut self, a: Tensor<2>) -> Tensor<2> {
        a.neg().add_scalar(1.0)
    }

    fn gate(&mut self, a: Tensor<2>) -> Tensor<2> {
        match self.0.activation {
            GateActivation::Sigmoid => activation::sigmoid(a),
            GateActivation::HardSigmoid => a.mul_scalar(0.2).add_scalar(0.5).clamp(0.0, 1.0),
        }
    }

    fn tanh(&mut self, a: Tensor<2>) -> Tensor<2> {
        a.tanh()
    }
}
