//! What training, evaluation and counting need from a network.

use std::fmt::Debug;

use burn::tensor::{DType, Device, Int, Tensor};

use super::noise::NoiseSource;
use super::recurrent::RecurrentLayer;
use crate::engine::Ops;
use crate::variational::VariationalMatrix;
use sparsegate_core::Batch;

/// Role of a variational parameter in its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A weight matrix before the output layer.
    Weights,
    /// The weight matrix of the output layer.
    OutputWeights,
    /// Group factors.
    Groups,
}

/// A named weight matrix or vector of group factors of a network, variational or deterministic.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// Path, such as `lstm/w_input`.
    pub name: String,
    /// Its role.
    pub kind: ParameterKind,
    /// Its mean and, if it is variational, its log sigma.
    pub value: &'a mut VariationalMatrix,
}

/// Result of a forward pass over a batch of B sequences with N symbols.
#[derive(Debug, Clone)]
pub struct Forward {
    /// The cell's states after each step, each `[N, H]`, in the order of [`sparsegate_core::cells::Cell::states`];
    /// all but the first are outside autodiff.
    pub states: Vec<Tensor<2>>,
    /// The states after the last step, each `[B, H]`, outside autodiff.
    pub last: Vec<Tensor<2>>,
    /// Outputs before the bias and the head: `[N, V]` for a language model, `[B, O]` for a classifier.
    pub outputs: Tensor<2>,
}

impl Forward {
    /// Wraps the states of all steps of `rows` sequences, which end together.
    pub(super) fn new(states: Vec<Tensor<2>>, outputs: Tensor<2>, rows: usize) -> Self {
        let last = states.iter().map(|state| last_rows(state.clone().inner(), rows)).collect();
        Self { states, last, outputs }
    }
}

/// The last `rows` rows of a matrix. Of `[N, H]` states these are the states of the last step, at which all sequences
/// are active.
pub(crate) fn last_rows(tensor: Tensor<2>, rows: usize) -> Tensor<2> {
    let [count, columns] = tensor.dims();
    tensor.slice([count - rows..count, 0..columns])
}

/// A network of weights, group factors and biases around one recurrent layer.
pub trait Network: Clone + Debug + 'static {
    /// The recurrent layer.
    fn recurrent(&self) -> &RecurrentLayer;

    /// The recurrent layer, to change its sizes.
    fn recurrent_mut(&mut self) -> &mut RecurrentLayer;

    /// Every weight matrix and vector of group factors, always in the same order.
    fn parameters(&mut self) -> Vec<Parameter<'_>>;

    /// Every bias vector with its name, always in the same order.
    fn biases(&mut self) -> Vec<(String, &mut Tensor<2>)>;

    /// A forward pass over a batch from `states`, each `[B, H]`. Weights are sampled with `noise`, or are the means if
    /// it is `None`.
    fn forward(&self, ops: &dyn Ops, batch: &Batch, states: Vec<Tensor<2>>, noise: Option<&NoiseSource>) -> Forward;

    /// Mean negative log likelihood of a batch's targets, nats, `[1]`, from [`Forward::outputs`].
    fn loss(&self, ops: &dyn Ops, outputs: Tensor<2>, targets: &[u32]) -> Tensor<1>;

    /// The most probable class of each row of `outputs`, `[B, 1]`; `None` for a network whose metric is the likelihood.
    fn predicted_classes(&self, outputs: &Tensor<2>) -> Option<Tensor<2, Int>>;

    /// Calls `visit` with every tensor and its name, always in the same order, to read or replace it.
    fn visit(&mut self, mut visit: impl FnMut(&str, &mut Tensor<2>)) {
        for Parameter { name, value, .. } in self.parameters() {
            visit(&format!("{name}/mean"), &mut value.mean);
            if let Some(log_sigma) = &mut value.log_sigma {
                visit(&format!("{name}/log_sigma"), log_sigma);
            }
        }
        for (name, bias) in self.biases() {
            visit(&name, bias);
        }
    }

    /// Every tensor with its name. The handles share the network's storage.
    fn tensors(&self) -> Vec<(String, Tensor<2>)> {
        let mut tensors = Vec::new();
        self.clone().visit(|name, tensor| tensors.push((name.to_owned(), tensor.clone())));
        tensors
    }

    /// A copy of the network in which each tensor is a leaf of a new autodiff graph.
    #[must_use]
    fn leaves(&self) -> Self {
        let mut network = self.clone();
        network.visit(|_, tensor| *tensor = tensor.clone().autodiff().require_grad());
        network
    }

    /// A deterministic copy of the network at the means; with `prune`, elements above the log alpha limit are zero.
    #[must_use]
    fn to_deterministic(&self, prune: bool) -> Self {
        self.map_parameters(|value, prune_at_limit| value.to_deterministic(prune, prune_at_limit))
    }

    /// A copy of the network in which elements above the log alpha limit are exactly zero and the others keep their
    /// noise.
    #[must_use]
    fn pruned(&self) -> Self {
        self.map_parameters(VariationalMatrix::pruned)
    }

    /// A copy of the network with `change` applied to every weight matrix and vector of group factors. The second
    /// argument of `change` tells whether an element exactly at the limit counts as pruned: the authors' program prunes
    /// it in the output layer and keeps it elsewhere.
    #[must_use]
    fn map_parameters(&self, change: impl Fn(&VariationalMatrix, bool) -> VariationalMatrix) -> Self {
        let mut network = self.clone();
        for Parameter { kind, value, .. } in network.parameters() {
            *value = change(value, kind == ParameterKind::OutputWeights);
        }
        network
    }

    /// Zero states of `rows` sequences, each `[rows, H]`.
    fn zero_states(&self, rows: usize) -> Vec<Tensor<2>> {
        let (device, dtype) = self.device_and_dtype();
        self.recurrent().units.zero_states(rows, &device, dtype)
    }

    /// Device and float type of the network's tensors; the device is the one without autodiff.
    fn device_and_dtype(&self) -> (Device, DType) {
        self.recurrent().device_and_dtype()
    }
}
