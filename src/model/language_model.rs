//! An LSTM language model: one-hot input, LSTM, output layer.
//!
//! With W, U and the output weights V noisy as their sparsity says, and factors z constant over a sequence:
//!
//! ```text
//! a_j = (z_x x W_j + h U_j) z_j + b_j        j in i, f, g, o
//! c   = s(a_f) c + s(a_i) tanh(a_g)
//! h   = s(a_o) tanh(c) z_h
//! y   = h V + b_y
//! ```

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::noise::{NoiseSource, Stream};
use crate::bayes::Variational;
use crate::cells::Lstm;
use crate::data::batch::Batch;
use crate::engine::{Noise, Ops, RecurrenceInputs};
use crate::spec::types::{GateActivation, OutputNoise, Prior, Sparsity};

/// Sizes of a language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Symbols, V.
    pub vocabulary: usize,
    /// Hidden units, H.
    pub hidden: usize,
}

/// The network's quantities. Columns of `4H` are gate-major, gates i, f, g, o.
#[derive(Debug, Clone)]
pub struct LanguageModel {
    /// Sizes.
    pub shape: Shape,
    /// How noise reaches the output layer.
    pub output_noise: OutputNoise,
    /// Input-to-hidden weights, `[V, 4H]`.
    pub w_input: Variational,
    /// Hidden-to-hidden weights, `[H, 4H]`.
    pub w_hidden: Variational,
    /// Factors of input symbols, `[1, V]`.
    pub z_vocabulary: Option<Variational>,
    /// Factors of hidden units, `[1, H]`.
    pub z_neurons: Option<Variational>,
    /// Factors of preactivations, `[1, 4H]`.
    pub z_gates: Option<Variational>,
    /// Biases of the preactivations, `[1, 4H]`.
    pub bias: Tensor<2>,
    /// Output weights, `[H, V]`.
    pub output: Variational,
    /// Biases of the output layer, `[1, V]`.
    pub output_bias: Tensor<2>,
}

/// The recurrent state of B sequences.
#[derive(Debug, Clone)]
pub struct State {
    /// Hidden state, after the product with the unit factors, `[B, H]`.
    pub hidden: Tensor<2>,
    /// Cell state, `[B, H]`.
    pub cell: Tensor<2>,
}

/// What a pass over a batch gives.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Hidden states, `[T * B, H]`.
    pub hidden: Tensor<2>,
    /// Cell states, `[T * B, H]`, outside autodiff.
    pub cell: Tensor<2>,
    /// Outputs before the bias and the softmax, `[T * B, V]`.
    pub outputs: Tensor<2>,
    /// State after the last step, outside autodiff.
    pub state: State,
}

impl State {
    /// Zeros for `rows` sequences of `units` units.
    pub fn zeros(rows: usize, units: usize, device: &Device, dtype: DType) -> Self {
        let zeros = || Tensor::zeros([rows, units], (device, dtype));
        Self { hidden: zeros(), cell: zeros() }
    }
}

impl LanguageModel {
    /// A model whose tensors come from `tensor`, called with each tensor's name and shape. Names are those of
    /// checkpoints: `lstm/w_input/mean`, `lstm/w_input/log_sigma`, ..., `lstm/bias`, `output/w/mean`, `output/bias`.
    pub fn build(
        shape: Shape,
        sparsity: &Sparsity,
        output_noise: OutputNoise,
        mut tensor: impl FnMut(&str, [usize; 2]) -> Tensor<2>,
    ) -> Self {
        let Shape { vocabulary, hidden } = shape;
        let wide = 4 * hidden;
        let mut quantity = |name: &str, dims: [usize; 2], prior: Prior| Variational {
            mean: tensor(&format!("{name}/mean"), dims),
            log_sigma: (prior == Prior::LogUniform).then(|| tensor(&format!("{name}/log_sigma"), dims)),
        };
        let w_input = quantity("lstm/w_input", [vocabulary, wide], sparsity.weights);
        let w_hidden = quantity("lstm/w_hidden", [hidden, wide], sparsity.weights);
        let mut group = |name: &str, count: usize, prior: Prior| {
            (prior == Prior::LogUniform).then(|| quantity(name, [1, count], prior))
        };
        let z_vocabulary = group("lstm/z_vocabulary", vocabulary, sparsity.vocabulary);
        let z_neurons = group("lstm/z_neurons", hidden, sparsity.neurons);
        let z_gates = group("lstm/z_gates", wide, sparsity.gates);
        let output = quantity("output/w", [hidden, vocabulary], sparsity.output);
        let bias = tensor("lstm/bias", [1, wide]);
        let output_bias = tensor("output/bias", [1, vocabulary]);
        Self { shape, output_noise, w_input, w_hidden, z_vocabulary, z_neurons, z_gates, bias, output, output_bias }
    }

    /// Calls `visit` with every tensor and its name, always in the same order, to read or replace it.
    pub fn visit(&mut self, mut visit: impl FnMut(&str, &mut Tensor<2>)) {
        let mut quantity = |name: &str, quantity: &mut Variational| {
            visit(&format!("{name}/mean"), &mut quantity.mean);
            if let Some(log_sigma) = &mut quantity.log_sigma {
                visit(&format!("{name}/log_sigma"), log_sigma);
            }
        };
        quantity("lstm/w_input", &mut self.w_input);
        quantity("lstm/w_hidden", &mut self.w_hidden);
        let groups = [
            ("lstm/z_vocabulary", &mut self.z_vocabulary),
            ("lstm/z_neurons", &mut self.z_neurons),
            ("lstm/z_gates", &mut self.z_gates),
        ];
        for (name, group) in groups {
            if let Some(group) = group {
                quantity(name, group);
            }
        }
        quantity("output/w", &mut self.output);
        visit("lstm/bias", &mut self.bias);
        visit("output/bias", &mut self.output_bias);
    }

    /// Every tensor with its name; the handles share the values.
    pub fn tensors(&self) -> Vec<(String, Tensor<2>)> {
        let mut tensors = Vec::new();
        self.clone().visit(|name, tensor| tensors.push((name.to_owned(), tensor.clone())));
        tensors
    }

    /// The same model with each tensor a leaf of a new autodiff graph.
    #[must_use]
    pub fn leaves(&self) -> Self {
        let mut model = self.clone();
        model.visit(|_, tensor| *tensor = tensor.clone().autodiff().require_grad());
        model
    }

    /// The model without noise; with `prune`, without the quantities that count as noise.
    #[must_use]
    pub fn at_means(&self, prune: bool) -> Self {
        self.change(|quantity, edge| quantity.at_means(prune, edge))
    }

    /// The model without the quantities that count as noise, the rest as noisy as before.
    #[must_use]
    pub fn pruned(&self) -> Self {
        self.change(Variational::pruned)
    }

    /// The reference keeps a weight of the LSTM and drops one of the output layer at exactly the limit: `change` is
    /// told which.
    fn change(&self, change: impl Fn(&Variational, bool) -> Variational) -> Self {
        let group = |group: &Option<Variational>| group.as_ref().map(|group| change(group, false));
        Self {
            w_input: change(&self.w_input, false),
            w_hidden: change(&self.w_hidden, false),
            z_vocabulary: group(&self.z_vocabulary),
            z_neurons: group(&self.z_neurons),
            z_gates: group(&self.z_gates),
            output: change(&self.output, true),
            ..self.clone()
        }
    }

    /// Device and float type of the model's tensors, without autodiff.
    pub fn kind(&self) -> (Device, DType) {
        (self.bias.device().inner(), self.bias.dtype())
    }

    /// One pass over a batch from `state`, with noise or at the means.
    pub fn forward(&self, ops: &dyn Ops, batch: &Batch, state: State, noise: Option<&NoiseSource>) -> Forward {
        let (device, dtype) = self.kind();
        let stream = |stream: Stream| noise.and_then(|noise| noise.stream(stream));
        let ids = ids(&batch.inputs, &device);
        let mut input = self.w_input.sample_rows(ops, ids.clone(), stream(Stream::WInput).as_ref());
        if let Some(group) = &self.z_vocabulary {
            input = input * self.input_factors(group, batch, ids, stream(Stream::ZVocabulary).as_ref());
        }
        let factors = |group: &Option<Variational>, columns: usize, of: Stream| match group {
            Some(group) => group.sample_factors(batch.rows, stream(of).as_ref()),
            None => Tensor::ones([batch.rows, columns], (&device, dtype)),
        };
        let inputs = RecurrenceInputs {
            input,
            recurrent: self.w_hidden.sample(ops, stream(Stream::WHidden).as_ref()),
            z_gates: factors(&self.z_gates, 4 * self.shape.hidden, Stream::ZGates),
            bias: self.bias.clone(),
            z_neurons: factors(&self.z_neurons, self.shape.hidden, Stream::ZNeurons),
            states: vec![state.hidden, state.cell],
            active: &batch.active,
            activation: GateActivation::Sigmoid,
        };
        let mut states = ops.recurrence(&Lstm, inputs).into_iter();
        let (Some(hidden), Some(cell)) = (states.next(), states.next()) else {
            unreachable!("an LSTM has two states");
        };
        let outputs = self.outputs(ops, hidden.clone(), batch, stream(Stream::Output).as_ref());
        let last = |states: Tensor<2>| {
            let count = states.dims()[0];
            states.slice([count - batch.rows..count, 0..self.shape.hidden])
        };
        let state = State { hidden: last(hidden.clone().inner()), cell: last(cell.clone()) };
        Forward { hidden, cell, outputs, state }
    }

    /// The factor of each input symbol in its sequence, `[T * B, 1]`.
    fn input_factors(
        &self,
        group: &Variational,
        batch: &Batch,
        ids: Tensor<1, Int>,
        noise: Option<&Noise>,
    ) -> Tensor<2> {
        let (device, dtype) = self.kind();
        let column = |values: &Tensor<2>| values.clone().reshape([self.shape.vocabulary, 1]).select(0, ids.clone());
        let mean = column(&group.mean);
        match (&group.log_sigma, noise) {
            (Some(log_sigma), Some(noise)) => {
                let places: Vec<(u32, u32)> =
                    batch.sequences().zip(&batch.inputs).map(|(row, id)| (row as u32, *id)).collect();
                noise.places(&places, &device, dtype) * column(log_sigma).exp() + mean
            }
            _ => mean,
        }
    }

    /// The output layer before its bias, `[T * B, V]`.
    fn outputs(&self, ops: &dyn Ops, hidden: Tensor<2>, batch: &Batch, noise: Option<&Noise>) -> Tensor<2> {
        match (&self.output.log_sigma, noise, self.output_noise) {
            (Some(log_sigma), Some(noise), OutputNoise::LocalReparameterization) => {
                let (device, dtype) = self.kind();
                let draw = noise.matrix([batch.rows, self.shape.vocabulary], &device, dtype);
                let variance = hidden.clone().square().matmul(log_sigma.clone().mul_scalar(2.0).exp());
                let sigma = variance.add_scalar(1e-8).sqrt();
                hidden.matmul(self.output.mean.clone()) + sigma * draw.repeat_dim(0, batch.steps())
            }
            _ => hidden.matmul(self.output.sample(ops, noise)),
        }
    }

    /// Sum of all penalties, `[1]`; nothing for a model without variational quantities.
    pub fn penalty(&self, ops: &dyn Ops) -> Option<Tensor<1>> {
        let groups = [&self.z_vocabulary, &self.z_neurons, &self.z_gates];
        [&self.w_input, &self.w_hidden, &self.output]
            .into_iter()
            .chain(groups.into_iter().flatten())
            .filter_map(|quantity| quantity.penalty(ops))
            .reduce(|sum, penalty| sum + penalty)
    }
}

/// Ids as an integer tensor.
pub(super) fn ids(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    Tensor::from_data(TensorData::new(values, [ids.len()]), device)
}
