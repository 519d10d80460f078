//! Networks of a few units in double precision with all parameters variational, for tests that check every value.

use burn::tensor::{DType, Tensor};
use sparsegate_core::Batch;
use sparsegate_core::cells::Cell;
use sparsegate_core::{Adam, GateActivation, OutputNoise, Prior};
use sparsegate_nn::engine::Ops;
use sparsegate_nn::model::{
    Classifier, ClassifierSizes, LanguageModel, Network, NetworkTrainer, RecurrentConfig, TrainerOptions,
};

use super::matrix::HostMatrix;
use super::small_model::everything;

/// Number of symbols.
pub const VOCABULARY: usize = 7;
/// Number of embedding dimensions.
pub const EMBEDDING: usize = 4;
/// Number of hidden units.
pub const HIDDEN: usize = 3;

/// Name of a tensor, index of one of its elements, and the value to add to it.
pub type Change<'a> = (&'a str, usize, f64);

/// No change.
pub const NONE: Change<'static> = ("", 0, 0.0);

/// A language model.
pub fn language_model(cell: &'static dyn Cell, noise: OutputNoise, change: Change<'_>) -> LanguageModel {
    let units = RecurrentConfig { cell, activation: GateActivation::Sigmoid, hidden: HIDDEN };
    LanguageModel::build(VOCABULARY, units, noise, &everything(Prior::LogUniform), &mut numbers(change))
}

/// A classifier with `outputs` outputs.
pub fn classifier(
    cell: &'static dyn Cell,
    activation: GateActivation,
    outputs: usize,
    change: Change<'_>,
) -> Classifier {
    let units = RecurrentConfig { cell, activation, hidden: HIDDEN };
    let sizes = ClassifierSizes { vocabulary: VOCABULARY, embedding: EMBEDDING, outputs };
    Classifier::build(sizes, units, &everything(Prior::LogUniform), &mut numbers(change))
}

fn numbers(change: Change<'_>) -> impl FnMut(&str, [usize; 2]) -> Tensor<2> {
    let mut seed = 0;
    move |name: &str, dims| {
        seed += 1;
        let limits = if name.ends_with("/log_sigma") { [-2.0, -1.0] } else { [0.3, 1.1] };
        let mut matrix = HostMatrix::random(dims, limits, seed);
        // Values of both signs, far from zero, so that no gate is always open.
        matrix.values.iter_mut().step_by(2).filter(|_| name.ends_with("/mean")).for_each(|value| *value *= -1.0);
        if name == change.0 {
            matrix.values[change.1] += change.2;
        }
        matrix.tensor(DType::F64)
    }
}

/// N of the KL weight 1/N in [`trainer`].
pub const TRAIN_SIZE: usize = 11;

/// Trainer of a network, from a zero state.
pub fn trainer<N: Network>(network: N, ops: &'static dyn Ops) -> NetworkTrainer<N> {
    let adam = Adam { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let options = TrainerOptions { seed: 0, carry_state: false, train_size: TRAIN_SIZE, adam, clip_norm: None };
    NetworkTrainer::new(network, ops, options)
}

/// Two sequences for a language model. Symbols 2 and 5 occur twice in one of them, 2 occurs in both, and 6 does not
/// occur.
pub fn streams() -> Batch {
    Batch::even(2, vec![2, 5, 0, 2, 2, 1, 4, 5], vec![0, 2, 2, 1, 4, 5, 3, 6])
}

/// Texts for a classifier, by decreasing length.
pub const TEXTS: [&[u32]; 5] = [&[2, 5, 0, 2, 5], &[1, 1, 4], &[2, 3, 2], &[5], &[0]];

/// Classes of [`TEXTS`] for an output layer with `outputs` outputs.
pub fn labels(outputs: usize) -> Vec<u32> {
    let classes = outputs.max(2) as u32;
    (0..TEXTS.len() as u32).map(|text| (text + 1) % classes).collect()
}

/// [`TEXTS`] as a batch: all end at the last step, and padding is not stored.
pub fn texts(outputs: usize) -> Batch {
    let steps = TEXTS[0].len();
    let mut batch = Batch { rows: TEXTS.len(), active: Vec::new(), inputs: Vec::new(), targets: labels(outputs) };
    for left in (1..=steps).rev() {
        let under_way: Vec<u32> =
            TEXTS.iter().filter(|text| text.len() >= left).map(|text| text[text.len() - left]).collect();
        batch.active.push(under_way.len());
        batch.inputs.extend(under_way);
    }
    batch
}
