//! Outputs, states and gradients of the modules against those of the networks in [`sparsegate_nn::model`], which
//! golden tests and finite differences check, with the same noise and in double precision.

use burn::module::{Module, Param};
use burn::tensor::{Gradients, Tensor, activation};
use sparsegate_core::cells::CELLS;
use sparsegate_core::{Batch, GateActivation, OutputNoise};
use sparsegate_nn::engine::{FusedOps, Ops};
use sparsegate_nn::model::{Network, NoiseSource};
use sparsegate_nn::module::{VariationalLinear, VariationalParameter, VariationalRecurrent};

use crate::matrix::{assert_close, ids};
use crate::tiny::{HIDDEN, NONE, VOCABULARY, classifier, language_model, streams, trainer};
use crate::{symbols, values};

const NOISE: NoiseSource = NoiseSource::Counter { seed: 3, step: 1 };
/// That of [`trainer`].
const KL_WEIGHT: f64 = 1.0 / 11.0;
const TOLERANCE: f64 = 1e-11;

/// The parameters of both modules, with their names in a network.
fn parameters(recurrent: &VariationalRecurrent, output: &VariationalLinear) -> Vec<(String, Param<Tensor<2>>)> {
    let layer = recurrent.units.cell.layer();
    let mut named =
        vec![(format!("{layer}/bias"), recurrent.bias.clone()), ("output/bias".to_owned(), output.bias.clone())];
    let mut add = |name: &str, parameter: &VariationalParameter| {
        named.push((format!("{name}/mean"), parameter.mean.clone()));
        named.extend(parameter.log_sigma.clone().map(|log_sigma| (format!("{name}/log_sigma"), log_sigma)));
    };
    add(&format!("{layer}/w_input"), &recurrent.w_input);
    add(&format!("{layer}/w_hidden"), &recurrent.w_hidden);
    add(&format!("{layer}/z_neurons"), recurrent.z_neurons.as_ref().expect("factors of units"));
    add(&format!("{layer}/z_gates"), recurrent.z_gates.as_ref().expect("factors of gates"));
    add("output/w", &output.w);
    named
}

/// Compares the modules' gradients to those of a network, by name.
fn compare(what: &str, found: &Gradients, parameters: &[(String, Param<Tensor<2>>)], wanted: &[(String, Tensor<2>)]) {
    for (name, parameter) in parameters {
        let gradient = values(parameter.val().grad(found).expect("every parameter has a gradient"));
        assert!(gradient.iter().any(|value| *value != 0.0), "{what} {name}: no gradient at all");
        let (_, wanted) = wanted.iter().find(|(other, _)| other == name).expect("a gradient of that name");
        assert_close(&gradient, &values(wanted.clone()), TOLERANCE, &format!("{what} {name}"));
    }
}

#[test]
fn a_language_model_of_modules_is_the_language_model() {
    for cell in CELLS {
        for sampling in [OutputNoise::Weights, OutputNoise::LocalReparameterization] {
            let what = format!("{} {sampling:?}", cell.name());
            let (network, batch) = (language_model(*cell, sampling, NONE), streams());
            let states: Vec<Tensor<2>> =
                network.zero_states(batch.rows).iter().map(|zero| zero.clone() + 0.25).collect();
            let recurrent = VariationalRecurrent::from(network.recurrent.clone()).train();
            let output = VariationalLinear::from(network.output.clone()).train();
            for noise in [None, Some(&NOISE)] {
                let wanted = network.forward(&FusedOps, &batch, states.clone(), noise);
                let read = symbols(&batch.inputs, batch.rows);
                let (hidden, last) = recurrent.forward_symbols(read, noise, Some(states.clone()));
                let logits = output.forward(hidden, noise).swap_dims(0, 1).reshape([batch.inputs.len(), VOCABULARY]);
                let scores = values(wanted.outputs + network.output.bias.clone());
                assert_close(&values(logits), &scores, TOLERANCE, &format!("{what}, logits"));
                for (found, wanted) in last.into_iter().zip(wanted.last) {
                    assert_close(&values(found), &values(wanted), TOLERANCE, &format!("{what}, last state"));
                }
            }
            let (hidden, _) = recurrent.forward_symbols(symbols(&batch.inputs, batch.rows), Some(&NOISE), None);
            let logits = output.forward(hidden, Some(&NOISE));
            let count = batch.inputs.len();
            let targets = symbols(&batch.targets, batch.rows).reshape([count, 1]);
            let log_probabilities = activation::log_softmax(logits.reshape([count, VOCABULARY]), 1);
            let loss = log_probabilities.gather(1, targets).mean().neg();
            let objective = loss + (recurrent.kl() + output.kl()).mul_scalar(KL_WEIGHT);
            let (report, wanted) = trainer(network, &FusedOps).gradients(&batch, 1, &NOISE).expect("finite");
            let total = report.data_loss + report.kl_term;
            assert_close(&values(objective.clone()), &[total], TOLERANCE, &format!("{what}, objective"));
            let mut parameters = parameters(&recurrent, &output);
            let z_vocabulary = recurrent.z_inputs.as_ref().expect("factors of symbols");
            let name = format!("{}/z_vocabulary", cell.layer());
            parameters.push((format!("{name}/mean"), z_vocabulary.mean.clone()));
            let log_sigma = z_vocabulary.log_sigma.clone().expect("variational factors");
            parameters.push((format!("{name}/log_sigma"), log_sigma));
            assert_eq!(parameters.len(), wanted.len(), "{what}");
            compare(&what, &objective.backward(), &parameters, &wanted);
        }
    }
}

#[test]
fn a_layer_on_vectors_is_that_of_the_classifier() {
    let batch = Batch::even(2, vec![2, 5, 0, 2, 2, 1, 4, 5], vec![1, 2]);
    for cell in CELLS {
        for activation in [GateActivation::Sigmoid, GateActivation::HardSigmoid] {
            let what = format!("{} {activation:?}", cell.name());
            let network = classifier(*cell, activation, 3, NONE);
            let recurrent = VariationalRecurrent::from(network.recurrent.clone()).train();
            let output = VariationalLinear::from(network.output.clone()).train();
            let vectors = network.embedding.vectors(&FusedOps, &batch, Some(&NOISE));
            let [_, width] = vectors.dims();
            let vectors = vectors.reshape([batch.steps(), batch.rows, width]).swap_dims(0, 1);
            let (hidden, _) = recurrent.forward(vectors, Some(&NOISE), None);
            let last = hidden.slice([0..batch.rows, batch.steps() - 1..batch.steps(), 0..HIDDEN]);
            let logits = output.forward(last, Some(&NOISE)).reshape([batch.rows, 3]);
            let nothing = network.output.bias.zeros_like();
            let loss = FusedOps.class_loss(logits, nothing, ids(&batch.targets));
            let objective = loss + (recurrent.kl() + output.kl()).mul_scalar(KL_WEIGHT);
            let (_, wanted) = trainer(network, &FusedOps).gradients(&batch, 1, &NOISE).expect("finite");
            let mut parameters = parameters(&recurrent, &output);
            let z_inputs = recurrent.z_inputs.as_ref().expect("factors of dimensions");
            parameters.push((format!("{}/z_inputs/mean", cell.layer()), z_inputs.mean.clone()));
            compare(&what, &objective.backward(), &parameters, &wanted);
        }
    }
}

#[test]
fn symbols_are_one_hot_vectors() {
    for cell in CELLS {
        let network = language_model(*cell, OutputNoise::Weights, NONE);
        let recurrent = VariationalRecurrent::from(network.recurrent);
        let read = symbols(&streams().inputs, 2);
        let one_hot = read.clone().one_hot::<3>(VOCABULARY).float().cast(recurrent.bias.dtype());
        let (by_id, _) = recurrent.forward_symbols(read, None, None);
        let (by_vector, _) = recurrent.forward(one_hot, None, None);
        assert_close(&values(by_vector), &values(by_id), TOLERANCE, cell.name());
    }
}

/// A window from the states of the window before it is the second half of both windows at once.
#[test]
fn carried_states_continue_a_sequence() {
    for cell in CELLS {
        let network = language_model(*cell, OutputNoise::Weights, NONE);
        let recurrent = VariationalRecurrent::from(network.recurrent);
        let read = symbols(&[2, 5, 0, 2, 2, 1, 4, 5], 2);
        let half = |from: usize| read.clone().slice([0..2, from..from + 2]);
        let (whole, last) = recurrent.forward_symbols(read.clone(), None, None);
        let (_, between) = recurrent.forward_symbols(half(0), None, None);
        let (second, last_of_second) = recurrent.forward_symbols(half(2), None, Some(between));
        let wanted = whole.slice([0..2, 2..4, 0..HIDDEN]);
        assert_close(&values(second), &values(wanted), TOLERANCE, cell.name());
        for (found, wanted) in last_of_second.into_iter().zip(last) {
            assert_close(&values(found), &values(wanted), TOLERANCE, cell.name());
        }
    }
}
