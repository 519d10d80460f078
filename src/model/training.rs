//! A language model under training.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::language_model::{LanguageModel, State, ids};
use super::noise::NoiseSource;
use crate::cells::Lstm;
use crate::compress::{self, Array, Parts, Posterior};
use crate::data::Evaluation;
use crate::data::batch::{Batch, BatchSource};
use crate::engine::{AdamStep, Moments, Ops};
use crate::spec::types::{Adam, GateActivation};
use crate::store::format::{Counts, Structure};
use crate::train::trainee::{NamedTensor, NonFinite, StepReport, Trainee};

/// Names of the carried state in checkpoints.
const CARRIED: [&str; 2] = ["state/hidden", "state/cell"];

/// What training needs beside the model.
#[derive(Debug, Clone, PartialEq)]
pub struct TraineeOptions {
    /// Seed of the noise.
    pub seed: u64,
    /// Whether a batch starts from the state that the one before it left.
    pub carry_state: bool,
    /// The N of penalty / N: symbols predicted in an epoch.
    pub train_size: usize,
    /// The optimiser's constants.
    pub adam: Adam,
    /// Largest global norm of the gradient.
    pub clip_norm: Option<f64>,
}

/// A language model with its optimiser's moments and its carried state.
#[derive(Debug)]
pub struct LanguageModelTrainee {
    model: LanguageModel,
    ops: &'static dyn Ops,
    options: TraineeOptions,
    /// In the order of [`LanguageModel::visit`].
    moments: Vec<Moments>,
    carried: Option<State>,
}

/// A gradient with the name of its parameter.
type Gradient = (String, Tensor<2>);

impl LanguageModelTrainee {
    /// A model before its first step.
    pub fn new(model: LanguageModel, ops: &'static dyn Ops, options: TraineeOptions) -> Self {
        let zeros = |tensor: &Tensor<2>| tensor.zeros_like();
        let moments =
            model.tensors().iter().map(|(_, tensor)| Moments { first: zeros(tensor), second: zeros(tensor) }).collect();
        Self { model, ops, options, moments, carried: None }
    }

    /// The model as it is.
    pub fn model(&self) -> &LanguageModel {
        &self.model
    }

    /// The state that the next batch would start from, if one is carried.
    pub fn carried(&self) -> Option<&State> {
        self.carried.as_ref()
    }

    /// Replaces the state that the next batch starts from.
    pub fn carry(&mut self, state: Option<State>) {
        self.carried = state;
    }

    /// One step with noise from `noise`.
    ///
    /// # Errors
    /// A number that is not finite.
    pub fn step_with(&mut self, batch: &Batch, step: u64, noise: &NoiseSource) -> Result<StepReport, NonFinite> {
        let (report, gradients) = self.gradients(batch, step, noise)?;
        self.update(gradients, step, report.gradient_norm);
        Ok(report)
    }

    /// Loss and gradients of a batch; the carried state moves on, the parameters do not.
    ///
    /// # Errors
    /// A loss or gradient that is not finite.
    pub fn gradients(
        &mut self,
        batch: &Batch,
        step: u64,
        noise: &NoiseSource,
    ) -> Result<(StepReport, Vec<Gradient>), NonFinite> {
        let not_finite = |tensor: &str| NonFinite { step, tensor: tensor.to_owned() };
        let state = self.start(batch.rows);
        let (device, _) = self.model.kind();
        let mut leaves = self.model.leaves();
        let forward = leaves.forward(self.ops, batch, state, Some(noise));
        let data_loss =
            self.ops.cross_entropy(forward.outputs, leaves.output_bias.clone(), ids(&batch.targets, &device));
        // Not `div_scalar`: its backward rounds the divisor's reciprocal to single precision, also in an f64 graph.
        let share = 1.0 / self.options.train_size as f64;
        let penalty = leaves.penalty(self.ops).map(|penalty| penalty.mul_scalar(share));
        let scalar = |tensor: &Tensor<1>| tensor.clone().inner().into_scalar::<f64>();
        let (loss_value, penalty_value) = (scalar(&data_loss), penalty.as_ref().map_or(0.0, scalar));
        if !loss_value.is_finite() || !penalty_value.is_finite() {
            let loss = if loss_value.is_finite() { "the penalty" } else { "the data loss" };
            return Err(not_finite(&self.broken_parameter().unwrap_or_else(|| loss.to_owned())));
        }
        let objective = match penalty {
            Some(penalty) => data_loss + penalty,
            None => data_loss,
        };
        let mut found = objective.backward();
        let mut gradients = Vec::new();
        leaves.visit(|name, tensor| {
            let gradient = tensor.grad_remove(&mut found).unwrap_or_else(|| tensor.clone().inner().zeros_like());
            gradients.push((name.to_owned(), gradient));
        });
        let mut square_sum = 0.0;
        for (name, gradient) in &gradients {
            let sum = self.ops.square_sum(gradient);
            if !sum.is_finite() {
                let gradient = || format!("the gradient of {name}");
                return Err(not_finite(&self.broken_parameter().unwrap_or_else(gradient)));
            }
            square_sum += sum;
        }
        self.carried = self.options.carry_state.then_some(forward.state);
        let report = StepReport { data_loss: loss_value, penalty: penalty_value, gradient_norm: square_sum.sqrt() };
        Ok((report, gradients))
    }

    /// The name of the first parameter that is not finite.
    fn broken_parameter(&self) -> Option<String> {
        let broken = |tensor: &Tensor<2>| !self.ops.square_sum(tensor).is_finite();
        self.model.tensors().into_iter().find(|(_, tensor)| broken(tensor)).map(|(name, _)| name)
    }

    /// The state a batch of `rows` sequences starts from.
    fn start(&self, rows: usize) -> State {
        match &self.carried {
            Some(state) if self.options.carry_state => state.clone(),
            _ => {
                let (device, dtype) = self.model.kind();
                State::zeros(rows, self.model.shape.hidden, &device, dtype)
            }
        }
    }

    /// Adam in Lasagne's form on the rescaled gradients.
    fn update(&mut self, gradients: Vec<Gradient>, step: u64, norm: f64) {
        let Adam { lr, beta1, beta2, epsilon } = self.options.adam;
        let time = step as f64;
        let step = AdamStep {
            rate: lr * (1.0 - beta2.powf(time)).sqrt() / (1.0 - beta1.powf(time)),
            beta1,
            beta2,
            epsilon,
            // A hair below one even when the norm is within the limit, as in the reference.
            gradient_scale: self.options.clip_norm.map_or(1.0, |limit| norm.min(limit) / (1e-7 + norm)),
        };
        let (device, dtype) = self.model.kind();
        let nothing = Tensor::<2>::zeros([1, 1], (&device, dtype));
        let take = |tensor: &mut Tensor<2>| std::mem::replace(tensor, nothing.clone());
        let mut gradients = gradients.into_iter().zip(&mut self.moments);
        let ops = self.ops;
        self.model.visit(|_, tensor| {
            // The zip runs over the same tensors in the same order.
            let Some(((_, gradient), moments)) = gradients.next() else { return };
            let old = Moments { first: take(&mut moments.first), second: take(&mut moments.second) };
            (*tensor, *moments) = ops.adam(take(tensor), gradient, old, &step);
        });
    }

    /// Calls `with` with the model's numbers on the host.
    fn with_posterior<R>(&self, with: impl FnOnce(&Posterior<'_, f32>) -> R) -> R {
        let host: Vec<(String, Vec<f32>)> =
            self.model.tensors().into_iter().map(|(name, tensor)| (name, values(&tensor))).collect();
        let get = |name: &str| host.iter().find(|(found, _)| found == name).map(|(_, values)| values.as_slice());
        let array = |name: &str, shape: [usize; 2]| {
            let mean = get(&format!("{name}/mean"))?;
            Some(Array::matrix(mean, get(&format!("{name}/log_sigma")), shape))
        };
        let (vocabulary, hidden) = (self.model.shape.vocabulary, self.model.shape.hidden);
        let matrix = |name: &str, shape| array(name, shape).unwrap_or(Array::matrix(&[], None, shape));
        let posterior = Posterior::new(Parts {
            cell: &Lstm,
            activation: GateActivation::Sigmoid,
            embedding: None,
            w_input: matrix("lstm/w_input", [vocabulary, 4 * hidden]),
            w_hidden: matrix("lstm/w_hidden", [hidden, 4 * hidden]),
            z_vocabulary: array("lstm/z_vocabulary", [1, vocabulary]),
            z_inputs: None,
            z_neurons: array("lstm/z_neurons", [1, hidden]),
            z_gates: array("lstm/z_gates", [1, 4 * hidden]),
            bias: get("lstm/bias").unwrap_or_default(),
            w_output: matrix("output/w", [hidden, vocabulary]),
            plain_zeros_are_dead: false,
        });
        match posterior {
            Ok(posterior) => with(&posterior),
            Err(error) => unreachable!("a model's own tensors have its shapes: {error}"),
        }
    }
}

/// The values of a tensor on the host, row-major.
fn values(tensor: &Tensor<2>) -> Vec<f32> {
    match tensor.to_data().convert::<f32>().try_into_vec() {
        Ok(values) => values,
        Err(error) => unreachable!("data converted to f32 is f32: {error:?}"),
    }
}

fn named(name: &str, tensor: &Tensor<2>) -> NamedTensor {
    NamedTensor { name: name.to_owned(), shape: tensor.dims().to_vec(), values: values(tensor) }
}

/// The tensor called `name` with the shape and kind of `like`.
fn find(tensors: &[NamedTensor], name: &str, shape: [usize; 2], kind: &(Device, DType)) -> Result<Tensor<2>, String> {
    let found = tensors.iter().find(|tensor| tensor.name == name).ok_or_else(|| format!("{name} is missing"))?;
    if found.shape != shape {
        return Err(format!("{name} has shape {:?}, not {shape:?}", found.shape));
    }
    let (count, wanted) = (found.values.len(), shape[0] * shape[1]);
    if count != wanted {
        return Err(format!("{name} has {count} values, not the {wanted} of its shape {shape:?}"));
    }
    Ok(Tensor::from_data(TensorData::new(found.values.clone(), shape), (&kind.0, kind.1)))
}

impl Trainee for LanguageModelTrainee {
    fn step(&mut self, batch: &Batch, step: u64) -> Result<StepReport, NonFinite> {
        let noise = NoiseSource::Counter { seed: self.options.seed, step: step as u32 };
        self.step_with(batch, step, &noise)
    }

    fn reset_state(&mut self) {
        self.carried = None;
    }

    fn evaluate(&self, source: &dyn BatchSource) -> Evaluation {
        let model = self.model.at_means(true);
        let (device, dtype) = model.kind();
        let mut carried: Option<State> = None;
        let mut nats = 0.0;
        for index in 0..source.len() {
            let batch = source.batch(index);
            let zeros = || State::zeros(batch.rows, model.shape.hidden, &device, dtype);
            let state = carried.take().filter(|_| source.carries_state()).unwrap_or_else(zeros);
            let forward = model.forward(self.ops, &batch, state, None);
            let loss = self.ops.cross_entropy(forward.outputs, model.output_bias.clone(), ids(&batch.targets, &device));
            nats += loss.into_scalar::<f64>() * batch.targets.len() as f64;
            carried = Some(forward.state);
        }
        Evaluation { nats: nats / source.targets() as f64, accuracy: None }
    }

    fn counts(&self) -> Counts {
        self.with_posterior(|posterior| compress::counts(&compress::masks(posterior)))
    }

    fn structure(&self) -> Structure {
        self.with_posterior(|posterior| compress::structure(posterior, &compress::masks(posterior)))
    }

    fn parameters(&self) -> Vec<NamedTensor> {
        self.model.tensors().iter().map(|(name, tensor)| named(name, tensor)).collect()
    }

    fn save(&self) -> Vec<NamedTensor> {
        let mut saved = self.parameters();
        for ((name, _), moments) in self.model.tensors().iter().zip(&self.moments) {
            saved.push(named(&format!("adam/first/{name}"), &moments.first));
            saved.push(named(&format!("adam/second/{name}"), &moments.second));
        }
        if let Some(state) = &self.carried {
            saved.push(named(CARRIED[0], &state.hidden));
            saved.push(named(CARRIED[1], &state.cell));
        }
        saved
    }

    fn load(&mut self, tensors: &[NamedTensor]) -> Result<(), String> {
        let kind = self.model.kind();
        let mut loaded = Vec::new();
        for (name, tensor) in self.model.tensors() {
            let shape = tensor.dims();
            let moments = Moments {
                first: find(tensors, &format!("adam/first/{name}"), shape, &kind)?,
                second: find(tensors, &format!("adam/second/{name}"), shape, &kind)?,
            };
            loaded.push((find(tensors, &name, shape, &kind)?, moments));
        }
        let carried = match tensors.iter().find(|tensor| tensor.name == CARRIED[0]) {
            Some(hidden) => {
                let shape = [hidden.shape.first().copied().unwrap_or_default(), self.model.shape.hidden];
                Some(State {
                    hidden: find(tensors, CARRIED[0], shape, &kind)?,
                    cell: find(tensors, CARRIED[1], shape, &kind)?,
                })
            }
            None => None,
        };
        // Nothing is changed before everything was found.
        self.carried = carried;
        let (parameters, moments): (Vec<_>, Vec<_>) = loaded.into_iter().unzip();
        self.moments = moments;
        let mut parameters = parameters.into_iter();
        self.model.visit(|_, tensor| {
            if let Some(parameter) = parameters.next() {
                *tensor = parameter;
            }
        });
        Ok(())
    }
}
