//! Trains a sparse LSTM language model in a loop of its own: Burn modules, Burn's Adam, Burn's records.
//!
//! ```sh
//! cargo run --release --example custom_loop -- 25        # epochs; minutes on two cores
//! ```
//!
//! Data, sizes, initial values, batches, noise, learning rate and KL weight are those of the run `sparsity=W+G+N` of
//! `experiments/quick.yaml`, so the two can be compared. The optimisers differ: Burn's Adam corrects the bias before it
//! adds epsilon, and clips each parameter's gradient instead of all together.

use std::error::Error;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_optim::grad_clipping::GradientClippingConfig;
use burn_optim::{AdamConfig, GradientsParams};
use camino::Utf8Path;
use sparsegate_core::{RateCurve, Schedule};
use sparsegate_data::{Manifest, Parts, load};
use sparsegate_nn::module::{
    NoiseSource, VariationalLinear, VariationalLinearConfig, VariationalLstmConfig, VariationalRecurrent, counts,
};
use sparsegate_spec::types::Reading;

#[derive(Module, Debug)]
struct Model {
    lstm: VariationalRecurrent,
    output: VariationalLinear,
}

impl Model {
    /// Mean negative log likelihood of each next symbol, nats, over a window `[B, T + 1]`; and the last states.
    fn loss(
        &self,
        window: &Tensor<2, Int>,
        noise: Option<&NoiseSource>,
        states: Option<Vec<Tensor<2>>>,
    ) -> (Tensor<1>, Vec<Tensor<2>>) {
        let steps = window.dims()[1] - 1;
        let (hidden, states) = self.lstm.forward_symbols(window.clone().narrow(1, 0, steps), noise, states);
        let logits: Tensor<2> = self.output.forward(hidden, noise).flatten(0, 1);
        let targets = window.clone().narrow(1, 1, steps).flatten(0, 1);
        (CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, targets), states)
    }
}

/// A stream of symbols as 32 parallel pieces, cut into windows of 35 symbols and the next one; and the number of symbols
/// that they predict.
fn windows(stream: &[u32]) -> (Vec<Tensor<2, Int>>, f64) {
    let piece = stream.len() / 32;
    let ids = stream[..32 * piece].iter().map(|id| i64::from(*id)).collect();
    let pieces = Tensor::<2, Int>::from_data(TensorData::new::<i64, _>(ids, [32, piece]), &Device::flex());
    let window = |start| pieces.clone().narrow(1, start, 36.min(piece - start));
    ((0..piece - 1).step_by(35).map(window).collect(), (32 * (piece - 1)) as f64)
}

/// Validation perplexity and compression after an epoch.
type Reached = (f64, f64);

/// Trains for some epochs. Returns the model, and each epoch's validation perplexity and compression.
fn train(epochs: u32) -> Result<(Model, Vec<Reached>), Box<dyn Error>> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = load(root, &Manifest::load(root, "planted-words")?, Reading::default())?;
    let Parts::Streams { train, valid, .. } = &corpus.parts else { return Err("not a language".into()) };
    let ((train, trained), (valid, validated)) = (windows(train), windows(valid));

    let (device, symbols) = (Device::flex().autodiff(), corpus.vocabulary.len());
    let mut model = Model {
        lstm: VariationalLstmConfig::new(symbols, 64).init(&device),
        output: VariationalLinearConfig::new(64, symbols).init(&device),
    };
    let clipping = Some(GradientClippingConfig::Norm(1.0));
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).with_grad_clipping(clipping).init();
    let schedule = Schedule {
        rate: RateCurve::Cosine { to: 0.05 },
        kl_weight: 3.0,
        kl_warm_up: u64::from(epochs / 2) * train.len() as u64,
        total_steps: u64::from(epochs) * train.len() as u64,
        ..Schedule::default()
    };
    let (mut step, mut reached) = (0, Vec::new());
    for epoch in 1..=epochs {
        let mut states = None;
        for window in &train {
            step += 1;
            let (loss, last) = model.loss(window, Some(&NoiseSource::Counter { seed: 0, step }), states);
            states = Some(last);
            let kl_weight = schedule.kl_factor(step.into()) / trained;
            let objective = loss + (model.lstm.kl() + model.output.kl()).mul_scalar(kl_weight);
            let gradients = GradientsParams::from_grads(objective.backward(), &model);
            model = optimizer.step(12e-3 * schedule.rate_factor(step.into()), model, gradients);
        }
        let kept = counts(&model.lstm.language_model(&model.output), false);
        let pruned = Model { lstm: model.lstm.pruned().0, output: model.output.pruned().0 }.valid();
        let (mut nats, mut states) = (0.0, None);
        for window in &valid {
            let (loss, last) = pruned.loss(window, None, states);
            nats += loss.into_scalar::<f64>() * (32 * (window.dims()[1] - 1)) as f64;
            states = Some(last);
        }
        let (perplexity, compression) = ((nats / validated).exp(), kept.compression);
        let units = kept.neurons.kept;
        println!("epoch {epoch}: perplexity {perplexity:.2}, compression {compression:.1}, {units} units");
        reached.push((perplexity, compression));
    }
    Ok((model, reached))
}

fn main() -> Result<(), Box<dyn Error>> {
    let epochs = std::env::args().nth(1).map_or(Ok(25), |epochs| epochs.parse())?;
    train(epochs)?.0.save_file(std::env::temp_dir().join("custom_loop.bpk"))?;
    Ok(())
}

/// `cargo test --release --example custom_loop`: a training of two epochs.
#[test]
fn the_network_learns_and_gets_sparse() -> Result<(), Box<dyn Error>> {
    let (_, epochs) = train(2)?;
    assert!(epochs[1].0 < 0.9 * epochs[0].0, "the perplexity does not fall: {epochs:?}");
    assert!(epochs[1].1 > 2.0, "hardly anything is pruned: {epochs:?}");
    Ok(())
}
