//! Initial values of a network's parameters.

mod orthogonal;
mod uniform;

use burn::tensor::{DType, Device, Tensor, TensorData};

use self::orthogonal::orthogonal;
use self::uniform::{glorot, uniform};
use crate::engine::NoiseKey;
use crate::variational::INITIAL_LOG_SIGMA;
use sparsegate_core::Init;
use sparsegate_core::cells::Cell;

/// Noise streams of the initial values. They use step 0, and training starts at step 1, so they never coincide with
/// training noise. A matrix of the recurrent layer uses one stream per preactivation.
const INPUT_STREAM: u32 = 16;
const HIDDEN_STREAM: u32 = 32;
const OUTPUT_STREAM: u32 = 48;
const EMBEDDING_STREAM: u32 = 64;

/// Bound of the uniform initial values of the embedding.
const EMBEDDING_LIMIT: f64 = 0.05;

/// Gain of the recurrent matrices if the others are initialised by Glorot's rule, as in the authors' program.
const RECURRENT_GAIN: f64 = 1.1;

/// Computes the initial value of each tensor of a run's network.
#[derive(Debug, Clone, Copy)]
pub struct Initializer<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// How weight matrices are initialised.
    pub init: Init,
    /// Initial value of the biases that start open.
    pub forget_bias: f64,
    /// The cell, whose preactivations are initialised one by one.
    pub cell: &'a dyn Cell,
    /// Pretrained vectors, `None` for symbols without one, each as long as the embedding's; they replace the random
    /// ones.
    pub vectors: Option<&'a [Option<Vec<f32>>]>,
    /// Where the tensors live.
    pub device: &'a Device,
}

impl Initializer<'_> {
    /// The tensor of that name and shape.
    ///
    /// # Panics
    /// No network has a parameter of that name.
    pub fn tensor(&self, name: &str, dims: [usize; 2]) -> Tensor<2> {
        let kind = (self.device, DType::F32);
        match name.split_once('/').unwrap_or(("", name)) {
            ("embedding", "w/mean") => self.dense(self.embedding(dims), dims),
            ("output", "w/mean") => self.dense(self.matrix(dims, OUTPUT_STREAM), dims),
            ("output", "bias") => Tensor::zeros(dims, kind),
            (_, "w_input/mean") => self.by_preactivation(dims, |dims, place| self.matrix(dims, INPUT_STREAM + place)),
            (_, "w_hidden/mean") => {
                self.by_preactivation(dims, |dims, place| self.recurrent(dims, HIDDEN_STREAM + place))
            }
            (_, "bias") => self.dense(self.biases(dims[1]), dims),
            (_, part) if part.ends_with("/log_sigma") => Tensor::full(dims, INITIAL_LOG_SIGMA, kind),
            (_, part) if part.starts_with("z_") && part.ends_with("/mean") => Tensor::ones(dims, kind),
            _ => panic!("no initial values are known for the parameter {name}"),
        }
    }

    fn dense(&self, values: Vec<f64>, dims: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, dims), (self.device, DType::F32))
    }

    fn key(&self, stream: u32) -> NoiseKey {
        NoiseKey { seed: self.seed, step: 0, stream }
    }

    /// An initial matrix of the input or output weights.
    fn matrix(&self, [rows, columns]: [usize; 2], stream: u32) -> Vec<f64> {
        match self.init {
            Init::Orthogonal => orthogonal(rows, columns, self.key(stream)),
            Init::Glorot => glorot(rows, columns, self.key(stream)),
        }
    }

    /// An initial matrix of the recurrent weights.
    fn recurrent(&self, [rows, columns]: [usize; 2], stream: u32) -> Vec<f64> {
        let gain = match self.init {
            Init::Orthogonal => 1.0,
            Init::Glorot => RECURRENT_GAIN,
        };
        orthogonal(rows, columns, self.key(stream)).into_iter().map(|value| gain * value).collect()
    }

    /// Initialises the matrix of each preactivation separately and concatenates them by columns.
    fn by_preactivation(&self, dims: [usize; 2], matrix: impl Fn([usize; 2], u32) -> Vec<f64>) -> Tensor<2> {
        let count = self.cell.preactivations().len();
        let one = [dims[0], dims[1] / count];
        let matrices = (0..count).map(|place| self.dense(matrix(one, place as u32), one));
        Tensor::cat(matrices.collect(), 1)
    }

    /// Zeros, except for the biases that start at `model.forget_bias`.
    fn biases(&self, columns: usize) -> Vec<f64> {
        let biases = self.cell.biases();
        let units = columns / biases.len();
        let value = |column: usize| if biases[column / units].uses_forget_bias { self.forget_bias } else { 0.0 };
        (0..columns).map(value).collect()
    }

    fn embedding(&self, [rows, columns]: [usize; 2]) -> Vec<f64> {
        let mut values = uniform(rows, columns, EMBEDDING_LIMIT, self.key(EMBEDDING_STREAM));
        let given = self.vectors.into_iter().flatten();
        for (row, given) in values.chunks_mut(columns).zip(given) {
            for (value, given) in row.iter_mut().zip(given.iter().flatten()) {
                *value = f64::from(*given);
            }
        }
        values
    }
}
