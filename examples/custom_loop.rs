//! Trains a sparse LSTM language model in a loop of its own: Burn modules, Burn's Adam, Burn's records.
//!
//! ```sh
//! cargo run --release --example custom_loop -- 50        # epochs; minutes on two cores
//! ```
//!
//! Data, sizes, initial values, batches and noise are those of the run `sparsity=W+G+N` of `experiments/quick.yaml`,
//! so the two can be compared. The optimisers differ: Burn's Adam corrects the bias before it adds epsilon, and clips
//! each parameter's gradient instead of all together.

use std::error::Error;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_optim::grad_clipping::GradientClippingConfig;
use burn_optim::{AdamConfig, GradientsParams};
use camino::Utf8Path;
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
        window: Tensor<2, Int>,
        noise: Option<&NoiseSource>,
        states: Option<Vec<Tensor<2>>>,
    ) -> (Tensor<1>, Vec<Tensor<2>>) {
        let [rows, steps] = window.dims();
        let (hidden, states) = self.lstm.forward_symbols(window.clone().narrow(1, 0, steps - 1), noise, states);
        let logits: Tensor<2> = self.output.forward(hidden, noise).flatten(0, 1);
        let targets = window.narrow(1, 1, steps - 1).reshape([rows * (steps - 1)]);
        (CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, targets), states)
    }
}

/// A stream of symbols as 32 parallel pieces, cut into windows of 35 symbols and the next one.
fn windows(stream: &[u32]) -> Vec<Tensor<2, Int>> {
    let piece = stream.len() / 32;
    let ids = stream[..32 * piece].iter().map(|id| i64::from(*id)).collect();
    let pieces = Tensor::<2, Int>::from_data(TensorData::new::<i64, _>(ids, [32, piece]), &Device::flex());
    (0..piece - 1).step_by(35).map(|start| pieces.clone().narrow(1, start, 36.min(piece - start))).collect()
}

/// Number of symbols that a window predicts.
fn predicted(window: &Tensor<2, Int>) -> usize {
    let [rows, steps] = window.dims();
    rows * (steps - 1)
}

/// What an epoch reached on the validation data.
struct Epoch {
    perplexity: f64,
    compression: f64,
    units: u64,
}

/// Trains for some epochs and reports each of them.
fn train(epochs: u32, mut report: impl FnMut(u32, &Epoch)) -> Result<Model, Box<dyn Error>> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = load(root, &Manifest::load(root, "planted-words")?, Reading::default())?;
    let Parts::Streams { train, valid, .. } = &corpus.parts else { return Err("not a language".into()) };
    let (train, valid) = (windows(train), windows(valid));
    let targets: usize = train.iter().map(predicted).sum();

    let device = Device::flex().autodiff();
    let symbols = corpus.vocabulary.len();
    let mut model = Model {
        lstm: VariationalLstmConfig::new(symbols, 64).init(&device),
        output: VariationalLinearConfig::new(64, symbols).init(&device),
    };
    let mut optimizer =
        AdamConfig::new().with_epsilon(1e-8).with_grad_clipping(Some(GradientClippingConfig::Norm(1.0))).init();
    let mut step = 0;
    for epoch in 1..=epochs {
        let mut states = None;
        for window in &train {
            step += 1;
            let (loss, last) = model.loss(window.clone(), Some(&NoiseSource::Counter { seed: 0, step }), states);
            states = Some(last);
            let objective = loss + (model.lstm.kl() + model.output.kl()).mul_scalar(1.0 / targets as f64);
            let gradients = GradientsParams::from_grads(objective.backward(), &model);
            model = optimizer.step(4e-3, model, gradients);
        }
        let kept = counts(&model.lstm.language_model(&model.output), false);
        let pruned = Model { lstm: model.lstm.pruned().0, output: model.output.pruned().0 }.valid();
        let (mut nats, mut states) = (0.0, None);
        for window in &valid {
            let (loss, last) = pruned.loss(window.clone(), None, states);
            nats += loss.into_scalar::<f64>() * predicted(window) as f64;
            states = Some(last);
        }
        let perplexity = (nats / valid.iter().map(predicted).sum::<usize>() as f64).exp();
        report(epoch, &Epoch { perplexity, compression: kept.compression, units: kept.neurons.kept });
    }
    Ok(model)
}

fn main() -> Result<(), Box<dyn Error>> {
    let epochs = std::env::args().nth(1).map_or(Ok(50), |epochs| epochs.parse())?;
    let model = train(epochs, |epoch, Epoch { perplexity, compression, units }| {
        println!("epoch {epoch}: perplexity {perplexity:.2}, compression {compression:.1}, {units} units");
    })?;
    model.save_file(std::env::temp_dir().join("custom_loop.bpk"))?;
    Ok(())
}

/// `cargo test --release --example custom_loop`: two of the fifty epochs.
#[test]
fn the_network_learns_and_gets_sparse() -> Result<(), Box<dyn Error>> {
    let mut epochs = Vec::new();
    train(2, |_, Epoch { perplexity, compression, .. }| epochs.push((*perplexity, *compression)))?;
    let [first, second] = epochs[..] else { return Err("two epochs".into()) };
    assert!(second.0 < 0.9 * first.0, "the perplexity does not fall: {epochs:?}");
    assert!(second.1 > 2.0, "hardly anything is pruned: {epochs:?}");
    Ok(())
}
