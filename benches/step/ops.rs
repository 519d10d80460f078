//! Time of each op of a training step, forward and backward, at the sizes of a step.
//!
//! The forward pass runs on an autodiff graph, as in training. The backward pass starts from a gradient of ones for the
//! op's own output; creating that gradient is included.

use std::cell::RefCell;

use burn::tensor::{Int, Tensor, TensorData};
use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode};
use sparsegate_core::Batch;
use sparsegate_nn::engine::{self, AdamStep, DataGradients, Engine, Moments, Noise, Ops, RecurrenceInputs};
use sparsegate_nn::model::{LanguageModel, Network, NoiseSource, NoiseStream, RecurrentConfig};
use sparsegate_spec::types::{Backend, OutputNoise};

use super::Scale;
use super::cases::{CELLS, Case, TASKS};

/// The language models at W+G+N, LSTM.
pub fn all(criterion: &mut Criterion, scale: Scale) {
    let mut group = criterion.benchmark_group("ops");
    group.sampling_mode(SamplingMode::Flat);
    for task in TASKS.iter().filter(|task| task.streams()) {
        let case = Case::new(*task, CELLS[0], "W+G+N", &[], scale);
        let mut parts = None;
        for (name, op, differentiable) in OPS {
            let id = |way: &str| BenchmarkId::new(format!("{}/{name}", task.name), way);
            group.bench_function(id("forward"), |bencher| {
                let parts = parts.get_or_insert_with(|| OpInputs::new(&case));
                // Each result is dropped before the next one; keeping them would measure page faults of fresh memory.
                bencher.iter_batched(|| parts.refresh(name), |()| op(parts), BatchSize::PerIteration);
            });
            if *differentiable {
                group.bench_function(id("backward"), |bencher| {
                    let parts = parts.get_or_insert_with(|| OpInputs::new(&case));
                    let backward = |out: Vec<Out>| out.into_iter().map(Out::backward).collect::<Vec<_>>();
                    let forward = || {
                        parts.refresh(name);
                        op(parts)
                    };
                    bencher.iter_batched(forward, backward, BatchSize::PerIteration);
                });
            }
        }
    }
    group.finish();
}

/// Name, op, and whether it has a backward pass.
type Op = (&'static str, fn(&OpInputs) -> Vec<Out>, bool);

/// In the order of a step.
const OPS: &[Op] = &[
    ("input rows", OpInputs::input_rows, true),
    ("recurrent weights", OpInputs::recurrent_weights, true),
    ("factors", OpInputs::factors, true),
    ("recurrence", OpInputs::recurrence, true),
    ("output weights", OpInputs::output_weights, true),
    ("output layer", OpInputs::output_layer, true),
    ("cross entropy", OpInputs::cross_entropy, true),
    ("penalty and norm", OpInputs::kl_first_pass, false),
    ("adam", OpInputs::adam, false),
    ("whole graph", OpInputs::whole, true),
];

/// Output of an op.
enum Out {
    Matrix(Tensor<2>),
    Scalar(Tensor<1>),
}

impl Out {
    fn backward(self) -> burn::tensor::Gradients {
        match self {
            Self::Matrix(tensor) => tensor.backward(),
            Self::Scalar(tensor) => tensor.backward(),
        }
    }
}

/// Inputs of the ops of a step: the network, a batch, and leaf tensors in place of the results of the preceding ops.
struct OpInputs {
    ops: &'static dyn Ops,
    plain: LanguageModel,
    network: LanguageModel,
    batch: Batch,
    ids: Tensor<1, Int>,
    targets: Tensor<1, Int>,
    input: Tensor<2>,
    recurrent: Tensor<2>,
    z_gates: Tensor<2>,
    z_neurons: Tensor<2>,
    hidden: Tensor<2>,
    output: Tensor<2>,
    logits: Tensor<2>,
    /// A copy of the tensor that an op may overwrite, as in a step, where nothing else uses it.
    fresh: RefCell<Option<Tensor<2>>>,
    /// Mean and log sigma of each variational parameter with their moments; Adam consumes them and returns the updated
    /// ones.
    trained: RefCell<Vec<Vec<(Tensor<2>, Moments)>>>,
    /// Gradients of the data loss for each variational parameter.
    gradients: Vec<DataGradients>,
}

impl OpInputs {
    fn new(case: &Case) -> Self {
        let Engine { device, ops, .. } = engine::open(Backend::Flex).expect("flex is in every build");
        let model = &case.run.model;
        let units = RecurrentConfig { cell: model.cell.0, activation: model.gate_activation, hidden: model.hidden };
        let noise =
            if case.run.train.carries_state() { OutputNoise::Weights } else { OutputNoise::LocalReparameterization };
        let filled = |dims: [usize; 2], size: f32| {
            let values: Vec<f32> = (0..dims[0] * dims[1]).map(|at| ((at % 19) as f32 - 9.0) * size / 9.0).collect();
            Tensor::<2>::from_data(TensorData::new(values, dims), &device)
        };
        let mut make = |name: &str, dims: [usize; 2]| {
            if name.ends_with("log_sigma") { Tensor::full(dims, -3.0, &device) } else { filled(dims, 0.05) }
        };
        let plain = LanguageModel::build(case.vocabulary(), units, noise, &case.run.sparsity, &mut make);
        let batch = case.data().batches.swap_remove(0);
        let int = |ids: &[u32]| {
            let ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
            let count = ids.len();
            Tensor::<1, Int>::from_data(TensorData::new(ids, [count]), &device)
        };
        let leaf = |dims, size| filled(dims, size).autodiff().require_grad();
        let (hidden, width, vocabulary) = (units.hidden, units.width(), case.vocabulary());
        let count = batch.inputs.len();
        let zeros = |tensor: &Tensor<2>| tensor.zeros_like();
        let fresh = |tensor: &Tensor<2>| {
            (tensor.clone().mul_scalar(1.0), Moments { first: zeros(tensor), second: zeros(tensor) })
        };
        let (mut trained, mut gradients) = (Vec::new(), Vec::new());
        for parameter in plain.clone().parameters() {
            let Some(log_sigma) = &parameter.value.log_sigma else { unreachable!("every parameter has one at W+G+N") };
            let read = parameter.name.ends_with("w_input").then(|| {
                let mut read = batch.inputs.clone();
                read.sort_unstable();
                read.dedup();
                read
            });
            let [rows, columns] = log_sigma.dims();
            let shape = [read.as_ref().map_or(rows, Vec::len), columns];
            trained.push(vec![fresh(&parameter.value.mean), fresh(log_sigma)]);
            gradients.push(DataGradients { mean: filled(shape, 1e-3), log_sigma: filled(shape, 1e-3), rows: read });
        }
        Self {
            ops,
            network: plain.leaves(),
            ids: int(&batch.inputs),
            targets: int(&batch.targets),
            input: leaf([count, width], 1.0),
            recurrent: leaf([hidden, width], 0.1),
            z_gates: leaf([batch.rows, width], 1.0),
            z_neurons: leaf([batch.rows, hidden], 1.0),
            hidden: leaf([count, hidden], 1.0),
            output: leaf([hidden, vocabulary], 0.1),
            logits: leaf([count, vocabulary], 1.0),
            fresh: RefCell::new(None),
            trained: RefCell::new(trained),
            gradients,
            plain,
            batch,
        }
    }

    /// Makes a new copy of the tensor that the op `name` may overwrite.
    fn refresh(&self, name: &str) {
        let of = match name {
            "recurrence" => &self.input,
            "cross entropy" => &self.logits,
            _ => return,
        };
        *self.fresh.borrow_mut() = Some(of.clone().mul_scalar(1.0));
    }

    fn fresh(&self) -> Tensor<2> {
        self.fresh.borrow_mut().take().expect("refreshed before each call")
    }

    fn noise() -> NoiseSource {
        NoiseSource::Counter { seed: 0, step: 1 }
    }

    fn stream(stream: NoiseStream) -> Option<Noise> {
        Self::noise().stream(stream)
    }

    fn input_rows(&self) -> Vec<Out> {
        let noise = Self::stream(NoiseStream::WInput);
        vec![Out::Matrix(self.network.recurrent.w_input.sample_rows(self.ops, self.ids.clone(), noise.as_ref()))]
    }

    fn recurrent_weights(&self) -> Vec<Out> {
        vec![Out::Matrix(self.network.recurrent.w_hidden.sample(self.ops, Self::stream(NoiseStream::WHidden).as_ref()))]
    }

    fn factors(&self) -> Vec<Out> {
        let recurrent = &self.network.recurrent;
        [(&recurrent.z_gates, NoiseStream::ZGates), (&recurrent.z_neurons, NoiseStream::ZNeurons)]
            .into_iter()
            .filter_map(|(group, stream)| Some((group.as_ref()?, stream)))
            .map(|(group, stream)| Out::Matrix(group.sample_factors(self.batch.rows, Self::stream(stream).as_ref())))
            .collect()
    }

    fn recurrence(&self) -> Vec<Out> {
        let units = self.network.recurrent.units;
        let inputs = RecurrenceInputs {
            input: self.fresh(),
            recurrent: self.recurrent.clone(),
            z_gates: self.z_gates.clone(),
            bias: self.network.recurrent.bias.clone(),
            z_neurons: self.z_neurons.clone(),
            states: self.plain.zero_states(self.batch.rows),
            active: &self.batch.active,
            columns: None,
            activation: units.activation,
        };
        vec![Out::Matrix(self.ops.recurrence(units.cell, inputs).swap_remove(0))]
    }

    /// Empty for an output layer with local reparameterisation, which samples no weights.
    fn output_weights(&self) -> Vec<Out> {
        match self.network.output.noise {
            OutputNoise::Weights => {
                vec![Out::Matrix(self.network.output.w.sample(self.ops, Self::stream(NoiseStream::Output).as_ref()))]
            }
            OutputNoise::LocalReparameterization => Vec::new(),
        }
    }

    fn output_layer(&self) -> Vec<Out> {
        let noise = Self::stream(NoiseStream::Output);
        let outputs = match self.network.output.noise {
            OutputNoise::Weights => self.ops.matmul(self.hidden.clone(), self.output.clone()),
            OutputNoise::LocalReparameterization => {
                self.network.output.outputs(self.ops, self.hidden.clone(), self.batch.rows, noise.as_ref())
            }
        };
        vec![Out::Matrix(outputs)]
    }

    fn cross_entropy(&self) -> Vec<Out> {
        let bias = self.network.output.bias.clone();
        vec![Out::Scalar(self.ops.cross_entropy(self.fresh(), bias, self.targets.clone()))]
    }

    fn kl_first_pass(&self) -> Vec<Out> {
        for (parameter, gradients) in self.plain.clone().parameters().iter().zip(&self.gradients) {
            let Some(log_sigma) = &parameter.value.log_sigma else { continue };
            self.ops.kl_and_gradient_norm([&parameter.value.mean, log_sigma], gradients, 1e-9);
        }
        Vec::new()
    }

    fn adam(&self) -> Vec<Out> {
        let step = AdamStep { rate: 1e-9, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        let scale = Tensor::ones([1], &self.targets.device());
        let mut trained = self.trained.borrow_mut();
        for (parameter, gradients) in trained.iter_mut().zip(&self.gradients) {
            let [mean, log_sigma] = std::mem::take(parameter).try_into().expect("a mean and a log sigma");
            let (parameter_now, moments) = ([mean.0, log_sigma.0], [mean.1, log_sigma.1]);
            let moved = self.ops.adam_variational(parameter_now, gradients.clone(), 1e-9, moments, &scale, &step);
            *parameter = moved.into();
        }
        Vec::new()
    }

    /// The whole forward pass and loss in one graph. A step does little beyond this and the two preceding ops.
    fn whole(&self) -> Vec<Out> {
        let states = self.plain.zero_states(self.batch.rows);
        let forward = self.network.forward(self.ops, &self.batch, states, Some(&Self::noise()));
        vec![Out::Scalar(self.network.loss(self.ops, forward.outputs, &self.batch.targets))]
    }
}
