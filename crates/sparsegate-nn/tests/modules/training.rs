//! Training by Burn's optimiser: the modules learn a small task and become sparse.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use burn_optim::{AdamConfig, GradientsParams};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sparsegate_nn::module::{
    Groups, NoiseSource, VariationalGruConfig, VariationalLinear, VariationalLinearConfig, VariationalLstmConfig,
    VariationalRecurrent, VariationalRnnConfig, counts,
};

use crate::symbols;

const ROWS: usize = 16;
const STEPS: usize = 10;
/// Symbols 0 to 3 each follow another; the others are noise, and the symbol after one continues the cycle.
const INFORMATIVE: u32 = 4;
const SYMBOLS: usize = 12;

#[derive(Module, Debug)]
struct Predictor {
    recurrent: VariationalRecurrent,
    output: VariationalLinear,
}

/// A window of the task, time-major: inputs and the informative symbol that each leads to.
fn window(random: &mut ChaCha8Rng) -> (Vec<u32>, Vec<u32>) {
    let mut now: Vec<u32> = (0..ROWS).map(|_| random.random_range(0..INFORMATIVE)).collect();
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        for current in &mut now {
            if step > 0 && random.random_range(0..3) == 0 {
                inputs.push(random.random_range(INFORMATIVE..SYMBOLS as u32));
            } else {
                inputs.push(*current);
                *current = (*current + 1) % INFORMATIVE;
            }
            targets.push(*current);
        }
    }
    (inputs, targets)
}

/// Mean negative log likelihood of the targets, nats.
fn loss(logits: Tensor<3>, targets: &[u32]) -> Tensor<1> {
    let logits = logits.reshape([ROWS * STEPS, INFORMATIVE as usize]);
    let targets = symbols(targets, ROWS).reshape([ROWS * STEPS, 1]);
    activation::log_softmax(logits, 1).gather(1, targets).mean().neg()
}

/// Trains for `steps` steps; returns the network, and the data loss of its pruned form on new data.
fn train(recurrent: VariationalRecurrent, steps: u32) -> (Predictor, f64) {
    let device = Device::flex().autodiff();
    let output = VariationalLinearConfig::new(recurrent.units.hidden, INFORMATIVE as usize).init(&device);
    let mut model = Predictor { recurrent, output };
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for step in 1..=steps {
        let (inputs, targets) = window(&mut random);
        let noise = NoiseSource::Counter { seed: 1, step };
        let (hidden, _) = model.recurrent.forward_symbols(symbols(&inputs, ROWS), Some(&noise), None);
        let loss = loss(model.output.forward(hidden, Some(&noise)), &targets);
        let kl = model.recurrent.kl() + model.output.kl();
        let objective = loss + kl.mul_scalar(1.0 / 2000.0);
        let gradients = GradientsParams::from_grads(objective.backward(), &model);
        model = optimizer.step(0.02, model, gradients);
    }
    let model = model.valid();
    let (inputs, targets) = window(&mut random);
    let ((recurrent, _), (output, _)) = (model.recurrent.pruned(), model.output.pruned());
    let (hidden, _) = recurrent.forward_symbols(symbols(&inputs, ROWS), None, None);
    let nats = loss(output.forward(hidden, None), &targets).into_scalar::<f64>();
    (model, nats)
}

fn check(name: &str, recurrent: VariationalRecurrent) {
    let (model, nats) = train(recurrent, 400);
    let counts = counts(&model.recurrent.language_model(&model.output), false);
    let left = counts.input_weights.kept + counts.recurrent_weights.kept;
    let all = counts.input_weights.total + counts.recurrent_weights.total;
    println!("{name}: {nats:.4} nats, {left} of {all} weights, {} units", counts.neurons.kept);
    assert!(nats < 0.1, "{name}: {nats} nats; guessing costs 1.386");
    assert!(3 * left < all, "{name}: {left} of {all} weights are kept");
    assert!(counts.neurons.kept < counts.neurons.total, "{name}: {counts:?}");
}

#[test]
fn modules_learn_and_become_sparse() {
    let device = Device::flex().autodiff();
    let groups = Groups::new().with_inputs(true);
    check("LSTM", VariationalLstmConfig::new(SYMBOLS, 16).with_groups(groups.clone()).init(&device));
    check("GRU", VariationalGruConfig::new(SYMBOLS, 16).with_groups(groups.clone()).init(&device));
    check("RNN", VariationalRnnConfig::new(SYMBOLS, 16).with_groups(groups.clone()).init(&device));
}

#[test]
fn training_repeats_to_the_bit() {
    let device = Device::flex().autodiff();
    let [one, two] = [1, 1].map(|seed| train(VariationalLstmConfig::new(SYMBOLS, 8).with_seed(seed).init(&device), 5));
    assert_eq!(one.1.to_bits(), two.1.to_bits());
}
