//! Random numbers of the authors' run, read from the file of `scripts/peer_epochs.py --write`, in the engine's layout.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor, TensorData};
use rayon::prelude::*;
use safetensors::SafeTensors;
use sparsegate_data::{Corpus, Parts, Unit};
use sparsegate_nn::model::{NoiseSource, NoiseStream};
use sparsegate_nn::variational::INITIAL_LOG_SIGMA;
use sparsegate_spec::types::RunSpec;

use crate::Failure;
use crate::mrg::{Generator, Normals};

/// The file's tensors.
pub struct RecordedDraws<'a>(SafeTensors<'a>);

impl<'a> RecordedDraws<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(SafeTensors::deserialize(bytes)?))
    }

    fn values<T: bytemuck::Pod>(&self, name: &str) -> Result<Vec<T>, Failure> {
        Ok(bytemuck::pod_collect_to_vec(self.0.tensor(name)?.data()))
    }

    /// Training and validation text, with the authors' word ids.
    pub fn corpus(&self) -> Result<Corpus, Failure> {
        let words = self.0.tensor("w_input")?.shape()[0];
        let (train, valid) = (self.values("train")?, self.values::<u32>("valid")?);
        Ok(Corpus {
            name: "word-ptb".to_owned(),
            hash: String::new(),
            unit: Unit::Word,
            vocabulary: (0..words).map(|word| word.to_string()).collect(),
            informative: None,
            // The test text is not used.
            parts: Parts::Streams { train, test: valid.clone(), valid },
        })
    }

    /// Initialiser of the network's tensors by name, with the authors' initial values.
    pub fn initial(&self, run: &RunSpec) -> Result<impl FnMut(&str, [usize; 2]) -> Tensor<2> + use<>, Failure> {
        let mut drawn = BTreeMap::new();
        for (ours, theirs) in
            [("lstm/w_input/mean", "w_input"), ("lstm/w_hidden/mean", "w_hidden"), ("output/w/mean", "output")]
        {
            drawn.insert(ours, self.values::<f32>(theirs)?);
        }
        let (hidden, forget_bias) = (run.model.hidden, run.model.forget_bias as f32);
        let kind = (Device::flex(), DType::F32);
        Ok(move |name: &str, dims: [usize; 2]| match name {
            // The forget gate is the second gate.
            "lstm/bias" => {
                let open = |column: usize| if column / hidden == 1 { forget_bias } else { 0.0 };
                tensor((0..dims[1]).map(open).collect(), dims)
            }
            "output/bias" => Tensor::zeros(dims, (&kind.0, kind.1)),
            _ if name.ends_with("/log_sigma") => Tensor::full(dims, INITIAL_LOG_SIGMA, (&kind.0, kind.1)),
            _ => match drawn.remove(name) {
                Some(values) => tensor(values, dims),
                None => Tensor::ones(dims, (&kind.0, kind.1)),
            },
        })
    }
}

/// Noise for the training steps.
pub struct RecordedNoise {
    /// Number of sequences in a batch.
    rows: usize,
    hidden: usize,
    w_input: Normals,
    w_hidden: Normals,
    z_neurons: Normals,
    z_gates: Normals,
    output: Normals,
}

impl RecordedNoise {
    pub fn new(draws: &RecordedDraws<'_>, run: &RunSpec) -> Result<Self, Failure> {
        let seeds = draws.values::<u32>("seeds")?;
        let &[lstm, output] = seeds.as_slice() else { return Err("the tensor `seeds` must have two values".into()) };
        let count = |name: &str| draws.0.tensor(name).map(|tensor| tensor.shape().iter().product::<usize>());
        let (rows, hidden) = (run.train.batch, run.model.hidden);
        let gates = run.model.cell.0.preactivations().len();
        // In the order in which the authors' layers draw noise.
        let mut lstm = Generator::new(lstm);
        Ok(Self {
            rows,
            hidden,
            w_input: lstm.normals(count("w_input")?),
            w_hidden: lstm.normals(count("w_hidden")?),
            z_neurons: lstm.normals(rows * hidden),
            z_gates: lstm.normals(gates * rows * hidden),
            output: Generator::new(output).normals(count("output")?),
        })
    }

    /// Noise of the next step.
    pub fn next(&mut self) -> NoiseSource {
        let (rows, hidden) = (self.rows, self.hidden);
        let output = self.output.draw();
        let words = output.len() / hidden;
        NoiseSource::Given(BTreeMap::from([
            (NoiseStream::WInput, side_by_side(&self.w_input.draw(), words, hidden)),
            (NoiseStream::WHidden, side_by_side(&self.w_hidden.draw(), hidden, hidden)),
            (NoiseStream::ZNeurons, tensor(self.z_neurons.draw(), [rows, hidden])),
            (NoiseStream::ZGates, side_by_side(&self.z_gates.draw(), rows, hidden)),
            (NoiseStream::Output, tensor(output, [hidden, words])),
        ]))
    }
}

/// Converts from the authors' layout `[gates, rows, hidden]` to `[rows, gates * hidden]`; the order of the gates is the
/// same, i, f, g, o.
fn side_by_side(theirs: &[f32], rows: usize, hidden: usize) -> Tensor<2> {
    let width = theirs.len() / rows;
    let mut ours = vec![0.0; theirs.len()];
    ours.par_chunks_mut(width).enumerate().for_each(|(row, ours)| {
        for (gate, ours) in ours.chunks_mut(hidden).enumerate() {
            ours.copy_from_slice(&theirs[(gate * rows + row) * hidden..][..hidden]);
        }
    });
    tensor(ours, [rows, width])
}

fn tensor(values: Vec<f32>, dims: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, dims), (&Device::flex(), DType::F32))
}
