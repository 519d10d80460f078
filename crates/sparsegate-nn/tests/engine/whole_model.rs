//! Gradients of the objective of whole networks, for every parameter, kind of noise and cell: those of both engines,
//! compared to central differences of the reference ops' forward pass.

use burn::tensor::Tensor;
use sparsegate_core::Batch;
use sparsegate_core::cells::CELLS;
use sparsegate_core::{GateActivation, OutputNoise};
use sparsegate_nn::engine::{DataGradients, FusedOps, Ops, ReferenceOps};
use sparsegate_nn::model::{Network, NoiseSource};

use crate::tiny::{Change, NONE, TRAIN_SIZE, classifier, language_model, streams, texts, trainer};

const NOISE: NoiseSource = NoiseSource::Counter { seed: 3, step: 1 };
const STEP: f64 = 1e-5;
const ENGINES: [&dyn Ops; 2] = [&ReferenceOps, &FusedOps];

/// Data loss plus KL term of a batch, by the reference ops, without autodiff.
fn objective(mut network: impl Network, batch: &Batch) -> f64 {
    let forward = network.forward(&ReferenceOps, batch, network.zero_states(batch.rows), Some(&NOISE));
    let loss: f64 = network.loss(&ReferenceOps, forward.outputs, &batch.targets).into_scalar();
    loss + divergence(&mut network) / TRAIN_SIZE as f64
}

/// Sum of the KL divergences of all variational parameters, nats.
fn divergence(network: &mut impl Network) -> f64 {
    let of = |mean: &Tensor<2>, log_sigma: &Tensor<2>| {
        let zeros = DataGradients { mean: mean.zeros_like(), log_sigma: mean.zeros_like(), rows: None };
        ReferenceOps.kl_and_gradient_norm([mean, log_sigma], &zeros, 1.0).kl.into_scalar::<f64>()
    };
    let parameters = network.parameters().into_iter();
    parameters.filter_map(|parameter| Some(of(&parameter.value.mean, parameter.value.log_sigma.as_ref()?))).sum()
}

/// Checks the `count` gradients of a network.
fn check<N: Network>(what: &str, count: usize, batch: &Batch, build: impl Fn(Change<'_>) -> N) {
    let at_rest = objective(build(NONE), batch);
    let gradients = ENGINES.map(|ops| {
        let (report, gradients) = trainer(build(NONE), ops).gradients(batch, 1, &NOISE).expect("finite");
        let error = (report.data_loss + report.kl_term - at_rest).abs();
        assert!(error < 1e-12, "{ops:?} {what}: the objective is off by {error}");
        assert_eq!(gradients.len(), count, "{ops:?} {what}");
        gradients.into_iter().map(|(name, gradient)| (name, gradient.into_data().try_into_vec().expect("f64")))
    });
    let [reference, fused]: [Vec<(String, Vec<f64>)>; 2] = gradients.map(Iterator::collect);
    for ((name, reference), (fused_name, fused)) in reference.iter().zip(&fused) {
        assert_eq!(name, fused_name, "{what}");
        assert_eq!(reference.len(), fused.len(), "{what} {name}");
        assert!(reference.iter().any(|value| *value != 0.0), "{what} {name}: no gradient at all");
        for (place, values) in reference.iter().zip(fused).enumerate() {
            let at = |step| objective(build((name, place, step)), batch);
            let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            for (ops, ours) in ENGINES.iter().zip([values.0, values.1]) {
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
