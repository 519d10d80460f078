//! The recurrent layer, for any cell.

use burn::tensor::{DType, Device, Tensor};

use super::network::{Parameter, ParameterKind};
use super::noise::{NoiseSource, NoiseStream, draw};
use super::symbols::{Symbols, indices};
use crate::engine::{Ops, RecurrenceInputs};
use crate::variational::{CreateTensor, VariationalMatrix};
use sparsegate_core::Batch;
use sparsegate_core::cells::Cell;
use sparsegate_core::{GateActivation, Prior, Sparsity};

/// Cell, gate activation and size of a recurrent layer.
#[derive(Debug, Clone, Copy)]
pub struct RecurrentConfig {
    /// The cell.
    pub cell: &'static dyn Cell,
    /// Activation of the cell's gates.
    pub activation: GateActivation,
    /// Hidden units, H.
    pub hidden: usize,
}

/// The input of a recurrent layer at one step, of width I.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// One of I symbols, equivalent to a one-hot vector.
    Symbols(usize),
    /// A dense vector of I elements.
    Vectors(usize),
}

/// A recurrent layer of H units that reads I inputs. P is the number of the cell's preactivations; their columns are
/// kind-major, `kind * H + unit`.
#[derive(Debug, Clone)]
pub struct RecurrentLayer {
    /// Cell, gate activation and H.
    pub units: RecurrentConfig,
    /// The kind of input.
    pub inputs: InputKind,
    /// Input-to-hidden weights, `[I, P * H]`.
    pub w_input: VariationalMatrix,
    /// Hidden-to-hidden weights, `[H, P * H]`.
    pub w_hidden: VariationalMatrix,
    /// Group factors of the inputs, `[1, I]`.
    pub z_inputs: Option<VariationalMatrix>,
    /// Group factors of the hidden units, `[1, H]`.
    pub z_neurons: Option<VariationalMatrix>,
    /// Group factors of the preactivations, `[1, P * H]`.
    pub z_gates: Option<VariationalMatrix>,
    /// Biases, `[1, biases * H]`.
    pub bias: Tensor<2>,
    /// The preactivations that have a column in the weights and in `z_gates`, ascending, if some were removed
    /// ([`super::live`]); these tensors then have C columns instead of `P * H`.
    pub(crate) columns: Option<Vec<u32>>,
}

impl RecurrentConfig {
    /// P * H, the width of the weight matrices.
    pub fn width(&self) -> usize {
        self.cell.preactivations().len() * self.hidden
    }

    /// Zero states of `rows` sequences, each `[rows, H]`, in the order of [`Cell::states`].
    pub fn zero_states(&self, rows: usize, device: &Device, dtype: DType) -> Vec<Tensor<2>> {
        self.cell.states().iter().map(|_| Tensor::zeros([rows, self.hidden], (device, dtype))).collect()
    }

    /// Path of one of the layer's parameters.
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.cell.layer())
    }
}

impl InputKind {
    /// The input width I.
    pub fn count(self) -> usize {
        match self {
            InputKind::Symbols(count) | InputKind::Vectors(count) => count,
        }
    }

    /// Name of the inputs' group factors.
    fn group(self) -> &'static str {
        match self {
            InputKind::Symbols(_) => "z_vocabulary",
            InputKind::Vectors(_) => "z_inputs",
        }
    }

    fn prior(self, sparsity: &Sparsity) -> Prior {
        match self {
            InputKind::Symbols(_) => sparsity.vocabulary,
            InputKind::Vectors(_) => sparsity.inputs,
        }
    }
}

impl RecurrentLayer {
    /// Builds a layer with tensors from `make`, which is called with each tensor's name and shape. The names are those
    /// used in checkpoints, such as `lstm/w_input/mean`.
    pub fn build(units: RecurrentConfig, inputs: InputKind, sparsity: &Sparsity, make: CreateTensor<'_>) -> Self {
        let path = |name: &str| units.path(name);
        let (count, hidden, width) = (inputs.count(), units.hidden, units.width());
        Self {
            w_input: VariationalMatrix::build(&path("w_input"), [count, width], sparsity.weights, make),
            w_hidden: VariationalMatrix::build(&path("w_hidden"), [hidden, width], sparsity.weights, make),
            z_inputs: VariationalMatrix::build_group(&path(inputs.group()), count, inputs.prior(sparsity), make),
            z_neurons: VariationalMatrix::build_group(&path("z_neurons"), hidden, sparsity.neurons, make),
            z_gates: VariationalMatrix::build_group(&path("z_gates"), width, sparsity.gates, make),
            bias: make(&path("bias"), [1, units.cell.biases().len() * hidden]),
            units,
            inputs,
            columns: None,
        }
    }

    pub(super) fn parameters(&mut self) -> impl Iterator<Item = Parameter<'_>> {
        let (units, inputs) = (self.units, self.inputs);
        let parameter = move |name: &str, kind, value| Parameter { name: units.path(name), kind, value };
        let weights = [("w_input", &mut self.w_input), ("w_hidden", &mut self.w_hidden)];
        let groups =
            [(inputs.group(), &mut self.z_inputs), ("z_neurons", &mut self.z_neurons), ("z_gates", &mut self.z_gates)];
        let groups = groups.into_iter().filter_map(|(name, group)| group.as_mut().map(|value| (name, value)));
        weights
            .into_iter()
            .map(move |(name, value)| parameter(name, ParameterKind::Weights, value))
            .chain(groups.map(move |(name, value)| parameter(name, ParameterKind::Groups, value)))
    }

    pub(super) fn bias(&mut self) -> (String, &mut Tensor<2>) {
        (self.units.path("bias"), &mut self.bias)
    }

    /// Device (without autodiff) and float type.
    pub(super) fn device_and_dtype(&self) -> (Device, DType) {
        (self.bias.device().inner(), self.bias.dtype())
    }

    /// Input products `x W`, `[N, P * H]`, of a batch's symbols, each times the symbol's group factor in its sequence.
    pub(crate) fn read_symbols(&self, ops: &dyn Ops, batch: &Batch, noise: Option<&NoiseSource>) -> Tensor<2> {
        let symbols = Symbols::of(batch);
        if symbols.is_empty() {
            return self.no_products(batch);
        }
        let ids = symbols.ids(&self.device_and_dtype().0);
        let products = self.w_input.sample_rows(ops, ids, draw(noise, NoiseStream::WInput).as_ref());
        let products = match &self.z_inputs {
            Some(group) => products * symbols.factors(group, draw(noise, NoiseStream::ZVocabulary).as_ref()),
            None => products,
        };
        symbols.among_all(products)
    }

    /// The number of columns of the weights: `P * H`, unless some were removed.
    fn columns(&self) -> usize {
        self.columns.as_ref().map_or_else(|| self.units.width(), Vec::len)
    }

    /// The input products of a batch none of whose symbols has a row.
    pub(super) fn no_products(&self, batch: &Batch) -> Tensor<2> {
        Tensor::zeros([batch.inputs.len(), self.columns()], (&self.bias.device(), self.bias.dtype()))
    }

    /// Input products `x W`, `[N, P * H]`, of `vectors`, `[L, I]`, one for each symbol that has a row, whose dimensions
    /// are first multiplied by their group factors in the sequence. The products of the other symbols are zero.
    pub(crate) fn read_vectors(
        &self,
        ops: &dyn Ops,
        batch: &Batch,
        vectors: Tensor<2>,
        noise: Option<&NoiseSource>,
    ) -> Tensor<2> {
        let symbols = Symbols::of(batch);
        let vectors = match &self.z_inputs {
            Some(group) => {
                let factors = group.sample_factors(batch.rows, draw(noise, NoiseStream::ZInputs).as_ref());
                vectors * factors.select(0, indices(&symbols.sequences(), &self.device_and_dtype().0))
            }
            None => vectors,
        };
        let weights = self.w_input.sample(ops, draw(noise, NoiseStream::WInput).as_ref());
        symbols.among_all(ops.matmul(vectors, weights))
    }

    /// Runs the layer on input products, `[N, P * H]`, from the initial `states`, each `[B, H]`. Returns the states
    /// after each step, each `[N, H]`, in the order of [`Cell::states`]; only the first is part of the autodiff graph.
    pub(crate) fn run(
        &self,
        ops: &dyn Ops,
        batch: &Batch,
        input: Tensor<2>,
        states: Vec<Tensor<2>>,
        noise: Option<&NoiseSource>,
    ) -> Vec<Tensor<2>> {
        let (device, dtype) = self.device_and_dtype();
        let factors = |group: &Option<VariationalMatrix>, columns: usize, of: NoiseStream| match group {
            Some(group) => group.sample_factors(batch.rows, draw(noise, of).as_ref()),
            None => Tensor::ones([batch.rows, columns], (&device, dtype)),
        };
        let inputs = RecurrenceInputs {
            input,
            recurrent: self.w_hidden.sample(ops, draw(noise, NoiseStream::WHidden).as_ref()),
            z_gates: factors(&self.z_gates, self.columns(), NoiseStream::ZGates),
            bias: self.bias.clone(),
            z_neurons: factors(&self.z_neurons, self.units.hidden, NoiseStream::ZNeurons),
            states,
            active: &batch.active,
            columns: self.columns.as_deref(),
            activation: self.units.activation,
        };
        ops.recurrence(self.units.cell, inputs)
    }
}
