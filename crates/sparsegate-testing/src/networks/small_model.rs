//! Training of a small language model in single precision.

use burn::tensor::{DType, Tensor};
use sparsegate_core::Batch;
use sparsegate_core::cells::Lstm;
use sparsegate_core::trainer::{NamedTensor, Trainer};
use sparsegate_core::{Adam, GateActivation, OutputNoise, Prior, Sparsity};
use sparsegate_nn::engine::FusedOps;
use sparsegate_nn::model::{LanguageModel, NetworkTrainer, RecurrentConfig, TrainerOptions};

use super::matrix::{HostMatrix, random_ids};

/// Sizes and kind of a model and its batches.
#[derive(Debug, Clone, Copy)]
pub struct SmallModel {
    /// Number of symbols.
    pub vocabulary: usize,
    /// Number of hidden units.
    pub hidden: usize,
    /// Number of sequences in a batch.
    pub rows: usize,
    /// Number of time steps.
    pub steps: usize,
    /// Prior of every parameter.
    pub prior: Prior,
    /// Noise of the output layer; the state is carried if it is [`OutputNoise::Weights`].
    pub output_noise: OutputNoise,
}

/// All parameters variational, with carried state.
pub const SMALL: SmallModel = SmallModel {
    vocabulary: 23,
    hidden: 9,
    rows: 5,
    steps: 4,
    prior: Prior::LogUniform,
    output_noise: OutputNoise::Weights,
};

impl SmallModel {
    /// Trainer of the model before its first step, on flex; `change` may edit each tensor's values.
    pub fn trainer(self, change: impl FnMut(&str, &mut [f64])) -> NetworkTrainer<LanguageModel> {
        self.build(change, |_| {})
    }

    /// The trainer with other options.
    pub fn trainer_with(self, options: impl FnOnce(&mut TrainerOptions)) -> NetworkTrainer<LanguageModel> {
        self.build(|_, _| {}, options)
    }

    fn build(
        self,
        mut change: impl FnMut(&str, &mut [f64]),
        edit: impl FnOnce(&mut TrainerOptions),
    ) -> NetworkTrainer<LanguageModel> {
        let units = RecurrentConfig { cell: &Lstm, activation: GateActivation::Sigmoid, hidden: self.hidden };
        let sparsity = everything(self.prior);
        let mut seed = 0;
        let mut make = |name: &str, dims| -> Tensor<2> {
            seed += 1;
            let limits = if name.ends_with("/log_sigma") {
                [-3.5, -2.5]
            } else if name.contains("/z_") {
                [0.9, 1.1]
            } else {
                [-0.3, 0.3]
            };
            let mut values = HostMatrix::random(dims, limits, seed);
            change(name, &mut values.values);
            values.tensor(DType::F32)
        };
        let model = LanguageModel::build(self.vocabulary, units, self.output_noise, &sparsity, &mut make);
        let mut options = TrainerOptions {
            seed: 3,
            carry_state: self.output_noise == OutputNoise::Weights,
            train_size: 5000,
            adam: Adam { lr: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            clip_norm: Some(1.0),
        };
        edit(&mut options);
        NetworkTrainer::new(model, &FusedOps, options)
    }

    /// The batch of a step.
    pub fn batch(self, step: u64) -> Batch {
        let count = self.rows * self.steps;
        let ids = |seed: u64| random_ids(count, self.vocabulary, seed);
        Batch::even(self.rows, ids(2 * step), ids(2 * step + 1))
    }

    /// Takes the steps `from..=to`, each of which must succeed.
    pub fn train(self, trainer: &mut NetworkTrainer<LanguageModel>, from: u64, to: u64) {
        for step in from..=to {
            let report = trainer.step(&self.batch(step), step).expect("finite numbers")[0];
            assert!(report.data_loss > 0.0 && report.gradient_norm > 0.0, "step {step}: {report:?}");
        }
    }
}

/// A sparsity level with the same prior for every parameter.
pub fn everything(prior: Prior) -> Sparsity {
    Sparsity {
        name: "test".to_owned(),
        weights: prior,
        vocabulary: prior,
        inputs: prior,
        neurons: prior,
        gates: prior,
        output: prior,
        magnitude: None,
        group_lasso: None,
    }
}

/// Names, shapes and bits of saved tensors.
pub fn saved_bits(saved: &[NamedTensor]) -> Vec<(&str, &[usize], Vec<u32>)> {
    let bits = |tensor: &NamedTensor| tensor.values.iter().map(|value| value.to_bits()).collect();
    saved.iter().map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice(), bits(tensor))).collect()
}
