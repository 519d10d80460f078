//! Gradients of the objective of whole networks, for every parameter, kind of noise and cell, compared to central
//! differences, in both engines.

use sparsegate_core::Batch;
use sparsegate_core::cells::CELLS;
use sparsegate_core::{GateActivation, OutputNoise};
use sparsegate_nn::engine::{FusedOps, Ops, ReferenceOps};
use sparsegate_nn::model::{Network, NoiseSource};

use crate::tiny::{Change, NONE, classifier, language_model, streams, texts, trainer};

const NOISE: NoiseSource = NoiseSource::Counter { seed: 3, step: 1 };
const STEP: f64 = 1e-5;
const ENGINES: [&dyn Ops; 2] = [&ReferenceOps, &FusedOps];

/// Checks the `count` gradients of a network.
fn check<N: Network>(what: &str, count: usize, batch: &Batch, build: impl Fn(Change<'_>) -> N) {
    for ops in ENGINES {
        let objective = |change: Change<'_>| {
            let (report, _) = trainer(build(change), ops).gradients(batch, 1, &NOISE).expect("finite");
            report.data_loss + report.kl_term
        };
        let (_, gradients) = trainer(build(NONE), ops).gradients(batch, 1, &NOISE).expect("finite");
        assert_eq!(gradients.len(), count, "{what}");
        for (name, gradient) in gradients {
            let gradient: Vec<f64> = gradient.into_data().try_into_vec().expect("f64");
            assert!(gradient.iter().any(|value| *value != 0.0), "{what} {name}: no gradient at all");
            for (place, ours) in gradient.into_iter().enumerate() {
                let difference = objective((&name, place, STEP)) - objective((&name, place, -STEP));
                let expected = difference / (2.0 * STEP);
                let error = (ours - expected).abs();
                assert!(error < 1e-7, "{ops:?} {what} {name}[{place}]: {ours} against {expected}");
            }
        }
    }
}

#[test]
fn of_language_models() {
    for cell in CELLS {
        for noise in [OutputNoise::Weights, OutputNoise::LocalReparameterization] {
            // Six variational parameters with mean and log sigma, and two biases.
            let build = |change: Change<'_>| language_model(*cell, noise, change);
            check(&format!("{} {noise:?}", cell.name()), 14, &streams(), build);
        }
    }
}

#[test]
fn of_classifiers() {
    for cell in CELLS {
        for activation in [GateActivation::Sigmoid, GateActivation::HardSigmoid] {
            for outputs in [1, 3] {
                // Eight variational parameters with mean and log sigma, and two biases.
                let build = |change: Change<'_>| classifier(*cell, activation, outputs, change);
                check(&format!("{} {activation:?} {outputs}", cell.name()), 18, &texts(outputs), build);
            }
        }
    }
}
