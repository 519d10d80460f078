//! Trains word-ptb W+G+N from the authors' own draws: their initial values, their noise and their numbering of words. What
//! is left between this run and the one that they published is rounding.
//!
//! ```sh
//! scripts/peer_epochs.py FOLDER --write draws.safetensors      # FOLDER holds ptb.train.txt, ptb.valid.txt and ptb.test.txt
//! cargo run --release --example authors_draws -- draws.safetensors 5
//! ```
//!
//! Prints a line of JSON an epoch. Noise comes from outside the engine's kernels, so a step takes several times as long as in a run.

mod mrg;

use std::collections::BTreeMap;
use std::error::Error;

use burn::tensor::{DType, Device, Tensor, TensorData};
use rayon::prelude::*;
use safetensors::SafeTensors;
use serde_json::json;
use sparsegate::cells::Lstm;
use sparsegate::data::batch::{Batch, BatchSource};
use sparsegate::engine::Fused;
use sparsegate::model::{LanguageModel, NetworkTrainee, NoiseSource, Stream, TraineeOptions, Units};
use sparsegate::spec::types::{Adam, GateActivation, OutputNoise, Prior, Sparsity};
use sparsegate::train::trainee::Trainee;

use crate::mrg::{Generator, Normals};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VOCABULARY: usize = 10_000;
const HIDDEN: usize = 256;
const GATES: usize = 4;
const BATCH: usize = 32;
const WINDOW: usize = 35;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, epochs] = arguments.as_slice() else { return Err("usage: authors_draws FILE EPOCHS".into()) };
    let bytes = fs_err::read(file)?;
    let draws = Draws(SafeTensors::deserialize(&bytes)?);
    let (train, valid) = (draws.stream("train")?, draws.stream("valid")?);
    let mut noise = draws.noise()?;
    let mut trainee = draws.trainee(&train)?;
    let mut step = 0;
    for epoch in 1..=epochs.parse::<u32>()? {
        let start = std::time::Instant::now();
        let (mut objective, mut norm, mut largest) = (0.0, 0.0, 0.0_f64);
        trainee.reset_state();
        for index in 0..train.len() {
            let batch = train.batch(index);
            step += 1;
            let report = trainee.step_with(&batch, step, &noise.next())?;
            objective += (report.data_loss + report.penalty) * batch.steps() as f64;
            norm += report.gradient_norm;
            largest = largest.max(report.gradient_norm);
        }
        let line = json!({
            "epoch": epoch,
            "objective": objective * BATCH as f64 / train.targets() as f64,
            "mean_norm": norm / train.len() as f64,
            "largest_norm": largest,
            "valid_perplexity": trainee.evaluate(&valid).nats.exp(),
            "counts": trainee.counts(),
            "seconds": start.elapsed().as_secs_f64(),
        });
        println!("{line}");
    }
    Ok(())
}

/// The file that `peer_epochs.py` writes.
struct Draws<'a>(SafeTensors<'a>);

impl Draws<'_> {
    fn floats(&self, name: &str) -> Result<Vec<f32>, Failure> {
        let bytes = self.0.tensor(name)?;
        Ok(bytes.data().chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect())
    }

    fn integers(&self, name: &str) -> Result<Vec<u32>, Failure> {
        let bytes = self.0.tensor(name)?;
        Ok(bytes.data().chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect())
    }

    fn stream(&self, name: &str) -> Result<Pieces, Failure> {
        Ok(Pieces(self.integers(name)?))
    }

    fn noise(&self) -> Result<Draw, Failure> {
        let seeds = self.integers("seeds")?;
        let [lstm, output] = seeds.as_slice() else { return Err("there should be two seeds".into()) };
        // In the order in which the authors' layers ask for it.
        let mut lstm = Generator::new(u64::from(*lstm));
        Ok(Draw {
            w_input: lstm.normals(GATES * VOCABULARY * HIDDEN),
            w_hidden: lstm.normals(GATES * HIDDEN * HIDDEN),
            z_neurons: lstm.normals(BATCH * HIDDEN),
            z_gates: lstm.normals(GATES * BATCH * HIDDEN),
            output: Generator::new(u64::from(*output)).normals(HIDDEN * VOCABULARY),
        })
    }

    /// The network at the authors' initial values, before its first step.
    fn trainee(&self, train: &Pieces) -> Result<NetworkTrainee<LanguageModel>, Failure> {
        let [w_input, w_hidden, output] = ["w_input", "w_hidden", "output"].map(|name| self.floats(name));
        let (w_input, w_hidden, output) = (w_input?, w_hidden?, output?);
        let mut make = |name: &str, dims: [usize; 2]| match name {
            "lstm/w_input/mean" => tensor(w_input.clone(), dims),
            "lstm/w_hidden/mean" => tensor(w_hidden.clone(), dims),
            "output/w/mean" => tensor(output.clone(), dims),
            // The forget gate's is the second.
            "lstm/bias" => tensor((0..dims[1]).map(|column| f32::from(u8::from(column / HIDDEN == 1))).collect(), dims),
            "output/bias" => Tensor::zeros(dims, (&Device::flex(), DType::F32)),
            _ if name.ends_with("/log_sigma") => Tensor::full(dims, -3.0, (&Device::flex(), DType::F32)),
            _ => Tensor::ones(dims, (&Device::flex(), DType::F32)),
        };
        let units = Units { cell: &Lstm, activation: GateActivation::Sigmoid, hidden: HIDDEN };
        let network = LanguageModel::build(VOCABULARY, units, OutputNoise::Weights, &level(), &mut make);
        let options = TraineeOptions {
            seed: 0,
            carry_state: true,
            train_size: train.targets(),
            adam: Adam { lr: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            clip_norm: Some(10.0),
        };
        Ok(NetworkTrainee::new(network, &Fused, options))
    }
}

/// W+G+N of a language model.
fn level() -> Sparsity {
    Sparsity {
        name: "W+G+N".to_owned(),
        weights: Prior::LogUniform,
        vocabulary: Prior::None,
        inputs: Prior::None,
        neurons: Prior::LogUniform,
        gates: Prior::LogUniform,
        output: Prior::LogUniform,
        magnitude: None,
        group_lasso: None,
    }
}

fn tensor(values: Vec<f32>, dims: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, dims), (&Device::flex(), DType::F32))
}

/// What a step draws.
struct Draw {
    w_input: Normals,
    w_hidden: Normals,
    z_neurons: Normals,
    z_gates: Normals,
    output: Normals,
}

impl Draw {
    fn next(&mut self) -> NoiseSource {
        let noise = [
            (Stream::WInput, side_by_side(&self.w_input.draw())),
            (Stream::WHidden, side_by_side(&self.w_hidden.draw())),
            (Stream::ZNeurons, tensor(self.z_neurons.draw(), [BATCH, HIDDEN])),
            (Stream::ZGates, side_by_side(&self.z_gates.draw())),
            (Stream::Output, tensor(self.output.draw(), [HIDDEN, VOCABULARY])),
        ];
        NoiseSource::Given(BTreeMap::from(noise))
    }
}

/// From theirs, `[gates, rows, H]`, to ours, `[rows, gates * H]`; the gates are in one order, i, f, g, o.
fn side_by_side(theirs: &[f32]) -> Tensor<2> {
    let rows = theirs.len() / (GATES * HIDDEN);
    let mut ours = vec![0.0; theirs.len()];
    ours.par_chunks_mut(GATES * HIDDEN).enumerate().for_each(|(row, ours)| {
        for (gate, ours) in ours.chunks_mut(HIDDEN).enumerate() {
            ours.copy_from_slice(&theirs[(gate * rows + row) * HIDDEN..][..HIDDEN]);
        }
    });
    tensor(ours, [rows, GATES * HIDDEN])
}

/// A text as parallel pieces, `[BATCH, symbols]`, in consecutive windows.
struct Pieces(Vec<u32>);

impl Pieces {
    fn symbols(&self) -> usize {
        self.0.len() / BATCH
    }

    /// Ids of `steps` steps from `start`, step after step.
    fn window(&self, start: usize, steps: usize) -> Vec<u32> {
        (start..start + steps).flat_map(|at| (0..BATCH).map(move |row| self.0[row * self.symbols() + at])).collect()
    }
}

impl BatchSource for Pieces {
    fn len(&self) -> usize {
        (self.symbols() - 1).div_ceil(WINDOW)
    }

    fn batch(&self, index: usize) -> Batch {
        let start = index * WINDOW;
        let steps = WINDOW.min(self.symbols() - 1 - start);
        Batch::even(BATCH, self.window(start, steps), self.window(start + 1, steps))
    }

    fn targets(&self) -> usize {
        (self.symbols() - 1) * BATCH
    }

    fn carries_state(&self) -> bool {
        true
    }
}
