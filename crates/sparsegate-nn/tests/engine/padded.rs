//! A classifier on texts without padding equals the classifier on padded texts with a step mask: loss, last state and
//! every gradient.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::CELLS;
use sparsegate_nn::cells::{self, CellStep};
use sparsegate_nn::engine::{FusedOps, Ops, ReferenceOps};
use sparsegate_nn::model::{Classifier, Network, NoiseSource, NoiseStream};
use sparsegate_nn::variational::VariationalMatrix;

use crate::matrix::{HostMatrix, assert_close, host};
use crate::tiny::{EMBEDDING, HIDDEN, NONE, TEXTS, VOCABULARY, classifier, labels, texts};

/// Noise for every variational parameter.
fn draws(wide: usize, outputs: usize) -> BTreeMap<NoiseStream, Tensor<2>> {
    let rows = TEXTS.len();
    let shapes = [
        (NoiseStream::Embedding, [VOCABULARY, EMBEDDING]),
        (NoiseStream::ZVocabulary, [rows, VOCABULARY]),
        (NoiseStream::ZInputs, [rows, EMBEDDING]),
        (NoiseStream::WInput, [EMBEDDING, wide]),
        (NoiseStream::WHidden, [HIDDEN, wide]),
        (NoiseStream::ZGates, [rows, wide]),
        (NoiseStream::ZNeurons, [rows, HIDDEN]),
        (NoiseStream::Output, [rows, outputs]),
    ];
    let matrix =
        |(stream, shape)| (stream, HostMatrix::random(shape, [-1.5, 1.5], 100 + stream as u64).tensor(DType::F64));
    shapes.map(matrix).into()
}

/// Reference: loss and last hidden state, computed with padding on the left and a mask at each step.
fn padded(network: &Classifier, noise: &BTreeMap<NoiseStream, Tensor<2>>, labels: &[u32]) -> (Tensor<1>, Tensor<2>) {
    let (rows, steps) = (TEXTS.len(), TEXTS[0].len());
    let Classifier { embedding, recurrent, output } = network;
    let sample = |parameter: &VariationalMatrix, stream| {
        let sigma = parameter.log_sigma.clone().expect("variational").exp();
        parameter.mean.clone() + noise[&stream].clone() * sigma
    };
    let group = |parameter: &Option<VariationalMatrix>, stream| {
        let parameter = parameter.clone().expect("variational");
        let sigma = parameter.log_sigma.expect("variational").exp();
        parameter.mean + noise[&stream].clone() * sigma
    };
    let vectors = sample(&embedding.w, NoiseStream::Embedding);
    let words = group(&embedding.z_vocabulary, NoiseStream::ZVocabulary);
    let inputs = group(&recurrent.z_inputs, NoiseStream::ZInputs);
    let (w_input, w_hidden) =
        (sample(&recurrent.w_input, NoiseStream::WInput), sample(&recurrent.w_hidden, NoiseStream::WHidden));
    let (z_gates, z_neurons) =
        (group(&recurrent.z_gates, NoiseStream::ZGates), group(&recurrent.z_neurons, NoiseStream::ZNeurons));
    let units = recurrent.units;
    let mut states = units.zero_states(rows, &Device::flex(), DType::F64);
    for step in 0..steps {
        let symbol = |text: &&[u32]| (step + text.len()).checked_sub(steps).map(|place| i64::from(text[place]));
        let ids: Vec<i64> = TEXTS.iter().map(|text| symbol(text).unwrap_or(0)).collect();
        let mask: Vec<f64> = TEXTS.iter().map(|text| f64::from(u8::from(symbol(text).is_some()))).collect();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [rows]), &Device::flex());
        let mask = Tensor::<2>::from_data(TensorData::new(mask, [rows, 1]), (&Device::flex(), DType::F64));
        let word = words.clone().gather(1, ids.clone().reshape([rows, 1]));
        let input = vectors.clone().select(0, ids) * word * inputs.clone();
        let new = cells::step(
            units.cell,
            &CellStep {
                input: input.matmul(w_input.clone()),
                recurrent: states[0].clone().matmul(w_hidden.clone()),
                z_gates: z_gates.clone(),
                bias: recurrent.bias.clone(),
                z_neurons: z_neurons.clone(),
                states: states.clone(),
                activation: units.activation,
            },
        );
        let picked = new.into_iter().zip(states);
        states = picked.map(|(new, old)| old.clone() + mask.clone() * (new - old)).collect();
    }
    let last = states[0].clone();
    let variance = output.w.log_sigma.clone().expect("variational").mul_scalar(2.0).exp();
    let sigma = (last.clone().square().matmul(variance) + 1e-8).sqrt();
    let scores = last.clone().matmul(output.w.mean.clone()) + sigma * noise[&NoiseStream::Output].clone();
    let scores = scores + output.bias.clone();
    let targets: Vec<i64> = labels.iter().map(|label| i64::from(*label)).collect();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [rows]), &Device::flex()).reshape([rows, 1]);
    let probabilities = if scores.dims()[1] == 1 {
        let one = activation::sigmoid(scores);
        Tensor::cat(vec![one.clone().neg() + 1.0, one], 1)
    } else {
        activation::softmax(scores, 1)
    };
    (probabilities.clamp(1e-6, 1.0 - 1e-6).log().gather(1, targets).mean().neg(), last)
}

/// Names and values of a network's gradients.
fn gradients(leaves: &mut Classifier, loss: &Tensor<1>) -> Vec<(String, Vec<f64>)> {
    let mut found = loss.backward();
    let mut gradients = Vec::new();
    leaves.visit(|name, tensor| {
        let gradient = tensor.grad_remove(&mut found).expect("every tensor has a gradient");
        gradients.push((name.to_owned(), host(&gradient)));
    });
    gradients
}

#[test]
fn padding_changes_nothing() {
    for cell in CELLS {
        for (activation, outputs) in [(GateActivation::HardSigmoid, 1), (GateActivation::Sigmoid, 3)] {
            let network = classifier(*cell, activation, outputs, NONE);
            let noise = draws(network.recurrent.units.width(), outputs);
            let mut leaves = network.leaves();
            let (wanted_loss, wanted_last) = padded(&leaves, &noise, &labels(outputs));
            let wanted = gradients(&mut leaves, &wanted_loss);
            for ops in [&ReferenceOps as &dyn Ops, &FusedOps] {
                let what = format!("{} {activation:?} {outputs} {ops:?}", cell.name());
                let mut leaves = network.leaves();
                let (batch, noise) = (texts(outputs), NoiseSource::Given(noise.clone()));
                let forward = leaves.forward(ops, &batch, leaves.zero_states(batch.rows), Some(&noise));
                let loss = leaves.loss(ops, forward.outputs, &batch.targets);
                let [ours, theirs] = [&loss, &wanted_loss].map(|loss| loss.clone().inner().into_scalar::<f64>());
                assert_close(&[ours], &[theirs], 1e-10, &format!("{what} loss"));
                let theirs = host(&wanted_last.clone().inner());
                assert_close(&host(&forward.last[0]), &theirs, 1e-10, &format!("{what} last state"));
                for (ours, theirs) in gradients(&mut leaves, &loss).iter().zip(&wanted) {
                    assert_eq!(ours.0, theirs.0);
                    assert_close(&ours.1, &theirs.1, 1e-10, &format!("{what} gradient of {}", ours.0));
                }
            }
        }
    }
}
