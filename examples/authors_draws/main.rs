//! Trains word-ptb W+G+N with the authors' random numbers: their initial values, their noise and their word ids. The
//! remaining differences from their published run are rounding, and signs of initial values that a singular value
//! decomposition leaves open.
//!
//! ```sh
//! scripts/peer_epochs.py FOLDER --write draws.safetensors      # FOLDER has ptb.{train,valid,test}.txt
//! cargo run --release --example authors_draws -- draws.safetensors 5
//! ```
//!
//! Prints a line of JSON per epoch. Everything else is as in `experiments/paper/word-ptb.yaml`. The noise is generated
//! outside the engine's kernels, so a step takes several times as long as in a normal run.

mod draws;
mod mrg;

use std::error::Error;
use std::time::Instant;

use camino::Utf8Path;
use serde_json::json;
use sparsegate_core::trainer::Trainer;
use sparsegate_data as data;
use sparsegate_nn::engine::FusedOps;
use sparsegate_nn::model::{LanguageModel, NetworkTrainer, RecurrentConfig, TrainerOptions};
use sparsegate_spec as spec;
use sparsegate_spec::types::{Optimizer, OutputNoise, RunSpec};

use crate::draws::{RecordedDraws, RecordedNoise};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, epochs] = arguments.as_slice() else { return Err("usage: authors_draws FILE EPOCHS".into()) };
    let bytes = fs_err::read(file)?;
    let draws = RecordedDraws::read(&bytes)?;
    let run = run()?;
    let corpus = draws.corpus()?;
    let train = data::train_batches(&corpus, &run.train, run.seed, 0)?;
    let [valid, _] = data::eval_batches(&corpus, &run.train)?;
    let mut noise = RecordedNoise::new(&draws, &run)?;
    let mut trainer = trainer(&run, &draws, corpus.vocabulary.len(), train.targets())?;
    let mut step = 0;
    for epoch in 1..=epochs.parse::<u32>()? {
        let start = Instant::now();
        let (mut objective, mut norm, mut largest) = (0.0, 0.0, 0.0_f64);
        trainer.reset_state();
        for index in 0..train.len() {
            let batch = train.batch(index);
            step += 1;
            let report = trainer.step_with(&batch, step, &noise.next())?;
            objective += (report.data_loss + report.kl_term) * batch.targets.len() as f64;
            norm += report.gradient_norm;
            largest = largest.max(report.gradient_norm);
        }
        let line = json!({
            "epoch": epoch,
            "objective": objective / train.targets() as f64,
            "mean_norm": norm / train.len() as f64,
            "largest_norm": largest,
            "valid_perplexity": trainer.evaluate(valid.as_ref()).nats.exp(),
            "counts": trainer.counts(),
            "seconds": start.elapsed().as_secs_f64(),
        });
        println!("{line}");
    }
    Ok(())
}

/// The paper's word-ptb LSTM run at W+G+N.
fn run() -> Result<RunSpec, Failure> {
    let file = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/paper/word-ptb.yaml");
    let mut runs = spec::load(&file, &[], &[])?.runs.into_iter();
    let wanted = |run: &RunSpec| run.sparsity.name == "W+G+N" && run.model.cell.0.name() == "lstm";
    Ok(runs.find(wanted).ok_or("word-ptb.yaml has no LSTM at W+G+N")?)
}

/// Trainer of the network with the authors' initial values, before the first step.
fn trainer(
    run: &RunSpec,
    draws: &RecordedDraws<'_>,
    vocabulary: usize,
    train_size: usize,
) -> Result<NetworkTrainer<LanguageModel>, Failure> {
    let Optimizer::Adam(adam) = &run.train.optimizer;
    let units =
        RecurrentConfig { cell: run.model.cell.0, activation: run.model.gate_activation, hidden: run.model.hidden };
    let mut make = draws.initial(run)?;
    let network = LanguageModel::build(vocabulary, units, OutputNoise::Weights, &run.sparsity, &mut make);
    let options = TrainerOptions {
        seed: run.seed,
        carry_state: run.train.carries_state(),
        train_size,
        adam: adam.clone(),
        clip_norm: run.train.clip_norm,
    };
    Ok(NetworkTrainer::new(network, &FusedOps, options))
}
