//! The recurrent layer as a Burn module.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};

use super::linear::VariationalLinear;
use super::parameter::{VariationalParameter, parameter};
use super::{to_batch_first, to_time_major};
use crate::engine::ops_for;
use crate::model::{InputKind, LanguageModel, NoiseSource, NoiseStream, RecurrentConfig, RecurrentLayer, last_rows};
use crate::variational::VariationalMatrix;
use sparsegate_core::{Batch, KeptCount};

/// A recurrent layer of H units that reads I inputs, with variational weights and group factors. P is the number of
/// the cell's preactivations; their columns are kind-major, `kind * H + unit`.
///
/// Made by [`VariationalLstmConfig`](super::VariationalLstmConfig),
/// [`VariationalGruConfig`](super::VariationalGruConfig) or [`VariationalRnnConfig`](super::VariationalRnnConfig),
/// and for any other cell from a [`RecurrentLayer`]. The formulas are those of the cell (`docs/method.md`,
/// [`sparsegate_core::cells`]).
#[derive(Module, Debug)]
pub struct VariationalRecurrent {
    /// Input-to-hidden weights, `[I, P * H]`.
    pub w_input: VariationalParameter,
    /// Hidden-to-hidden weights, `[H, P * H]`.
    pub w_hidden: VariationalParameter,
    /// Group factors of the inputs, `[1, I]`.
    pub z_inputs: Option<VariationalParameter>,
    /// Group factors of the hidden units, `[1, H]`.
    pub z_neurons: Option<VariationalParameter>,
    /// Group factors of the preactivations, `[1, P * H]`.
    pub z_gates: Option<VariationalParameter>,
    /// Biases, `[1, biases * H]`; deterministic.
    pub bias: Param<Tensor<2>>,
    /// Cell, gate activation and H.
    #[module(skip)]
    pub units: RecurrentConfig,
}

impl From<RecurrentLayer> for VariationalRecurrent {
    fn from(layer: RecurrentLayer) -> Self {
        let group = |group: Option<VariationalMatrix>| group.map(VariationalParameter::from);
        Self {
            w_input: layer.w_input.into(),
            w_hidden: layer.w_hidden.into(),
            z_inputs: group(layer.z_inputs),
            z_neurons: group(layer.z_neurons),
            z_gates: group(layer.z_gates),
            bias: parameter(layer.bias),
            units: layer.units,
        }
    }
}

impl VariationalRecurrent {
    /// The number of inputs, I.
    pub fn inputs(&self) -> usize {
        self.w_input.mean.dims()[0]
    }

    /// The layer of the same tensors, as a reader of symbols or of vectors. Gradients with respect to it are those of
    /// the module.
    pub fn layer(&self, inputs: fn(usize) -> InputKind) -> RecurrentLayer {
        let group = |group: &Option<VariationalParameter>| group.as_ref().map(VariationalParameter::matrix);
        RecurrentLayer {
            units: self.units,
            inputs: inputs(self.inputs()),
            w_input: self.w_input.matrix(),
            w_hidden: self.w_hidden.matrix(),
            z_inputs: group(&self.z_inputs),
            z_neurons: group(&self.z_neurons),
            z_gates: group(&self.z_gates),
            bias: self.bias.val(),
            columns: None,
        }
    }

    /// The language model in which this layer reads symbols and `output` reads this layer: for
    /// [`counts`](super::counts) and whatever else takes a [`Network`](crate::model::Network).
    ///
    /// # Panics
    /// `output` does not have H inputs.
    pub fn language_model(&self, output: &VariationalLinear) -> LanguageModel {
        let [width, _] = output.w.mean.dims();
        assert_eq!(width, self.units.hidden, "the output layer has as many inputs as the recurrent layer has units");
        LanguageModel { recurrent: self.layer(InputKind::Symbols), output: output.layer() }
    }

    /// Hidden states after each step, `[B, T, H]`, for T steps of B sequences of vectors, `[B, T, I]`, and the states
    /// after the last step.
    ///
    /// With `noise`, one sample of the weights is drawn for all sequences, and one sample of the group factors for
    /// each sequence; without it they are the means. `states` are the initial states, each `[B, H]`, in the order of
    /// the cell's [`states`](sparsegate_core::cells::Cell::states) (for the LSTM: hidden and cell state); `None`
    /// means zeros. No gradient flows through `states` or the returned states, so a loop that carries them truncates
    /// the gradient at the ends of its windows.
    ///
    /// # Panics
    /// The last dimension of `input` is not I, B or T is zero, or `states` are not those of the cell.
    pub fn forward(
        &self,
        input: Tensor<3>,
        noise: Option<&NoiseSource>,
        states: Option<Vec<Tensor<2>>>,
    ) -> (Tensor<3>, Vec<Tensor<2>>) {
        let [rows, steps, width] = input.dims();
        assert_eq!(width, self.inputs(), "the input of a recurrent layer has its number of inputs as last dimension");
        let layer = self.layer(InputKind::Vectors);
        let batch = batch(rows, steps, Vec::new());
        let ops = ops_for(&layer.bias.device());
        let products = layer.read_vectors(ops, &batch, to_time_major(input), noise);
        self.run(&layer, &batch, products, noise, states)
    }

    /// [`Self::forward`] for symbols, `[B, T]`, with ids below I: the same as for one-hot vectors, without making
    /// them. The group factors of the inputs are those of the symbols ([`NoiseStream::ZVocabulary`]). The ids are
    /// read from the device.
    ///
    /// # Panics
    /// An id is negative or not below I, or as [`Self::forward`].
    pub fn forward_symbols(
        &self,
        symbols: Tensor<2, Int>,
        noise: Option<&NoiseSource>,
        states: Option<Vec<Tensor<2>>>,
    ) -> (Tensor<3>, Vec<Tensor<2>>) {
        let [rows, steps] = symbols.dims();
        let ids: Vec<i64> = match symbols.transpose().into_data().convert::<i64>().try_into_vec() {
            Ok(ids) => ids,
            Err(error) => unreachable!("data converted to i64 is i64: {error:?}"),
        };
        let inputs = self.inputs();
        let fit = ids.iter().all(|id| (0..inputs as i64).contains(id));
        assert!(fit, "symbols have ids below the number of inputs, {inputs}");
        let ids = ids.into_iter().map(|id| id as u32).collect();
        let batch = batch(rows, steps, ids);
        let mut layer = self.layer(InputKind::Symbols);
        let ops = ops_for(&layer.bias.device());
        // Sampled as a whole, so that its gradient has all rows: optimisers know no row-sparse gradients
        // ([`Ops::sample_weight_rows`](crate::engine::Ops::sample_weight_rows)).
        let sample = layer.w_input.sample(ops, noise.and_then(|noise| noise.stream(NoiseStream::WInput)).as_ref());
        layer.w_input = VariationalMatrix { mean: sample, log_sigma: None };
        let products = layer.read_symbols(ops, &batch, noise);
        self.run(&layer, &batch, products, noise, states)
    }

    fn run(
        &self,
        layer: &RecurrentLayer,
        batch: &Batch,
        products: Tensor<2>,
        noise: Option<&NoiseSource>,
        states: Option<Vec<Tensor<2>>>,
    ) -> (Tensor<3>, Vec<Tensor<2>>) {
        let (device, dtype) = (layer.bias.device().inner(), layer.bias.dtype());
        let states = match states {
            Some(states) => states.into_iter().map(Tensor::inner).collect(),
            None => self.units.zero_states(batch.rows, &device, dtype),
        };
        let names = self.units.cell.states();
        let fit =
            states.len() == names.len() && states.iter().all(|state| state.dims() == [batch.rows, self.units.hidden]);
        assert!(fit, "the states are {names:?}, each [{}, {}]", batch.rows, self.units.hidden);
        let states = layer.run(ops_for(&device), batch, products, states, noise);
        let last = states.iter().map(|state| last_rows(state.clone().inner(), batch.rows)).collect();
        (to_batch_first(states[0].clone(), batch.rows), last)
    }

    /// Sum of the KL divergences of all weights and group factors from the log-uniform prior, nats, `[1]`, without
    /// the KL weight; zero for a deterministic layer. Differentiable.
    pub fn kl(&self) -> Tensor<1> {
        let sum = self.parameters().filter_map(VariationalParameter::kl).reduce(|sum, kl| sum + kl);
        sum.unwrap_or_else(|| self.bias.val().inner().zeros_like().sum())
    }

    /// The module with its means that count as noise set to zero, and for each of its parameters how many do not; see
    /// [`VariationalParameter::pruned`]. Each element is counted by itself: a weight of a pruned group counts as kept
    /// if its own log alpha is low. [`counts`](super::counts) considers groups and layers together.
    #[must_use]
    pub fn pruned(&self) -> (Self, Vec<(&'static str, KeptCount)>) {
        let mut counts = Vec::new();
        let mut pruned = |name: &'static str, parameter: &VariationalParameter| {
            let (parameter, kept) = parameter.pruned(false);
            counts.push((name, kept));
            parameter
        };
        let module = Self {
            w_input: pruned("w_input", &self.w_input),
            w_hidden: pruned("w_hidden", &self.w_hidden),
            z_inputs: self.z_inputs.as_ref().map(|group| pruned("z_inputs", group)),
            z_neurons: self.z_neurons.as_ref().map(|group| pruned("z_neurons", group)),
            z_gates: self.z_gates.as_ref().map(|group| pruned("z_gates", group)),
            bias: self.bias.clone(),
            units: self.units,
        };
        (module, counts)
    }

    /// The weight matrices and group factors.
    fn parameters(&self) -> impl Iterator<Item = &VariationalParameter> {
        let groups = [&self.z_inputs, &self.z_neurons, &self.z_gates];
        [&self.w_input, &self.w_hidden].into_iter().chain(groups.into_iter().flatten())
    }
}

/// A batch of `rows` sequences of `steps` steps.
fn batch(rows: usize, steps: usize, inputs: Vec<u32>) -> Batch {
    assert!(rows > 0 && steps > 0, "a recurrent layer reads at least one step of one sequence");
    Batch { rows, active: vec![rows; steps], inputs, targets: Vec::new() }
}
