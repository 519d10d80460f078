//! The objective's gradient to every quantity of a language model with every kind of noise, the vocabulary's factors
//! among them, against central differences, by both engines.

use burn::tensor::{DType, Device, Tensor, TensorData};
use sparsegate::data::batch::Batch;
use sparsegate::engine::{Composed, FlexOps, Ops};
use sparsegate::model::{LanguageModel, LanguageModelTrainee, NoiseSource, Shape, TraineeOptions};
use sparsegate::spec::types::{Adam, OutputNoise, Prior, Sparsity};

use crate::matrix::Matrix;

const SHAPE: Shape = Shape { vocabulary: 7, hidden: 3 };
const NOISE: NoiseSource = NoiseSource::Counter { seed: 3, step: 1 };

/// Symbols 2 and 5 occur twice in one sequence, and 2 in both; 6 does not occur.
fn batch() -> Batch {
    Batch::even(2, vec![2, 5, 0, 2, 2, 1, 4, 5], vec![0, 2, 2, 1, 4, 5, 3, 6])
}

/// The model, with `change` added to one number of one tensor.
fn trainee(ops: &'static dyn Ops, output_noise: OutputNoise, change: (&str, usize, f64)) -> LanguageModelTrainee {
    let prior = Prior::LogUniform;
    let (vocabulary, neurons, gates) = (prior, prior, prior);
    let sparsity = Sparsity {
        name: "all".to_owned(),
        weights: prior,
        vocabulary,
        inputs: Prior::None,
        neurons,
        gates,
        output: prior,
        magnitude: None,
        group_lasso: None,
    };
    let mut seed = 0;
    let model = LanguageModel::build(SHAPE, &sparsity, output_noise, |name, dims| {
        seed += 1;
        let limits = if name.ends_with("/log_sigma") { [-2.0, -1.0] } else { [0.3, 1.1] };
        let mut values = Matrix::random(dims, limits, seed).values;
        if name == change.0 {
            values[change.1] += change.2;
        }
        Tensor::from_data(TensorData::new(values, dims), (&Device::flex(), DType::F64))
    });
    let adam = Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let options = TraineeOptions { seed: 0, carry_state: false, train_size: 11, adam, clip_norm: None };
    LanguageModelTrainee::new(model, ops, options)
}

#[test]
fn gradients_are_those_of_the_objective() {
    const STEP: f64 = 1e-5;
    for ops in [&Composed as &'static dyn Ops, &FlexOps] {
        for output_noise in [OutputNoise::Weights, OutputNoise::LocalReparameterization] {
            let objective = |change: (&str, usize, f64)| {
                let (report, _) = trainee(ops, output_noise, change).gradients(&batch(), 1, &NOISE).expect("finite");
                report.data_loss + report.penalty
            };
            let (_, gradients) =
                trainee(ops, output_noise, ("", 0, 0.0)).gradients(&batch(), 1, &NOISE).expect("finite");
            assert_eq!(gradients.len(), 14, "six quantities with mean and log sigma, two biases");
            for (name, gradient) in gradients {
                let gradient: Vec<f64> = gradient.into_data().try_into_vec().expect("f64");
                for (place, ours) in gradient.into_iter().enumerate() {
                    let difference = objective((&name, place, STEP)) - objective((&name, place, -STEP));
                    let expected = difference / (2.0 * STEP);
                    let error = (ours - expected).abs();
                    assert!(error < 1e-7, "{ops:?} {output_noise:?} {name}[{place}]: {ours} against {expected}");
                }
            }
        }
    }
}
