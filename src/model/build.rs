//! From a run's spec to a model ready for its first step.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::init::orthogonal;
use super::language_model::{LanguageModel, Shape};
use super::training::{LanguageModelTrainee, TraineeOptions};
use crate::bayes::INITIAL_LOG_SIGMA;
use crate::data::DataError;
use crate::data::corpus::Corpus;
use crate::engine::{self, NoiseKey, NotCompiled};
use crate::spec::types::{Optimizer, OutputNoise, RunSpec};
use crate::train::trainee::Trainee;

/// Why no model could be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The spec's backend is not in this build.
    #[error(transparent)]
    Backend(#[from] NotCompiled),
    /// The data set is too small for the spec's batches.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Streams of the initial values, apart from those of training: step 0.
const INPUT_STREAM: u32 = 16;
const HIDDEN_STREAM: u32 = 32;
const OUTPUT_STREAM: u32 = 48;

/// The model and optimiser of a run before its first step, on the spec's backend.
///
/// # Errors
/// [`BuildError`].
pub fn new_trainee(spec: &RunSpec, corpus: &Corpus) -> Result<Box<dyn Trainee>, BuildError> {
    let Optimizer::Adam(adam) = &spec.train.optimizer;
    let (device, ops) = engine::open(spec.backend)?;
    let options = TraineeOptions {
        seed: spec.seed,
        carry_state: spec.train.carries_state(),
        train_size: crate::data::train_size(corpus, &spec.train)?,
        adam: adam.clone(),
        clip_norm: spec.train.clip_norm,
    };
    Ok(Box::new(LanguageModelTrainee::new(initial(spec, corpus, &device), ops, options)))
}

/// The model at its initial values.
fn initial(spec: &RunSpec, corpus: &Corpus, device: &Device) -> LanguageModel {
    let shape = Shape { vocabulary: corpus.vocabulary.len(), hidden: spec.model.hidden };
    let output_noise = spec.model.output_noise.unwrap_or(if spec.train.carries_state() {
        OutputNoise::Weights
    } else {
        OutputNoise::LocalReparameterization
    });
    let key = |stream: u32| NoiseKey { seed: spec.seed, step: 0, stream };
    let dense = |values: Vec<f64>, dims: [usize; 2]| -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, dims), (device, DType::F32))
    };
    // Each gate's matrix is orthogonal by itself.
    let by_gate = |dims: [usize; 2], stream: u32| {
        let units = dims[1] / 4;
        let gates = (0..4).map(|gate| dense(orthogonal(dims[0], units, key(stream + gate)), [dims[0], units]));
        Tensor::cat(gates.collect(), 1)
    };
    LanguageModel::build(shape, &spec.sparsity, output_noise, |name, dims| match name {
        "lstm/w_input/mean" => by_gate(dims, INPUT_STREAM),
        "lstm/w_hidden/mean" => by_gate(dims, HIDDEN_STREAM),
        "output/w/mean" => dense(orthogonal(dims[0], dims[1], key(OUTPUT_STREAM)), dims),
        "lstm/bias" => {
            let units = dims[1] / 4;
            let forget = |column: usize| if column / units == 1 { spec.model.forget_bias } else { 0.0 };
            dense((0..dims[1]).map(forget).collect(), dims)
        }
        "output/bias" => Tensor::zeros(dims, (device, DType::F32)),
        name if name.ends_with("/log_sigma") => Tensor::full(dims, INITIAL_LOG_SIGMA, (device, DType::F32)),
        _ => Tensor::ones(dims, (device, DType::F32)),
    })
}
