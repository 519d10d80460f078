//! Networks built from the cases.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, activation};
use sparsegate_core::Batch;
use sparsegate_core::{Adam, OutputNoise, Sparsity};
use sparsegate_nn::model::{
    Classifier, ClassifierSizes, LanguageModel, Network, NetworkTrainer, NoiseSource, RecurrentConfig, TrainerOptions,
};

use super::carries;
use crate::case::Case;
use crate::config::CheckConfig;
use crate::layout::parameters;

/// A kind of network that occurs in the cases.
pub(super) trait GoldenNetwork: Network {
    /// A network with the tensors `values`, by name; V and O are the case's, and E is that of the `[V, E]` embedding.
    fn build(
        case: &Case,
        units: RecurrentConfig,
        sparsity: &Sparsity,
        values: &Values,
        config: CheckConfig,
    ) -> Result<Self, String>;

    /// Embedding vectors of the inputs, `[N, E]`, if there is an embedding.
    fn vectors(&self, batch: &Batch, noise: Option<&NoiseSource>, config: CheckConfig) -> Option<Tensor<2>>;

    /// Biases of the output layer.
    fn output_bias(&self) -> Tensor<2>;

    /// The case's network with its parameters.
    fn of(case: &Case, config: CheckConfig) -> Result<Self, String> {
        let hidden = case.meta.hidden.ok_or("no hidden in the metadata")?;
        let units = RecurrentConfig { cell: case.cell()?, activation: case.activation()?, hidden };
        Self::build(case, units, &case.sparsity()?, &parameters(case, "param/")?, config)
    }

    /// Trainer of the case's network.
    fn trainer(case: &Case, config: CheckConfig) -> Result<NetworkTrainer<Self>, String> {
        let meta = &case.meta;
        let adam = Adam {
            lr: meta.learning_rate.ok_or("no learning_rate in the metadata")?,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        };
        let options = TrainerOptions {
            seed: 0,
            carry_state: carries(case),
            train_size: meta.train_size.ok_or("no train_size in the metadata")?,
            adam,
            clip_norm: meta.grad_clip,
        };
        Ok(NetworkTrainer::new(Self::of(case, config)?, config.ops, options))
    }
}

/// Tensors by name, row-major.
pub(super) type Values = BTreeMap<String, Vec<f64>>;

/// Creates tensors from `values`, and records the first one that is missing or has the wrong size.
struct Maker<'a> {
    values: &'a Values,
    config: CheckConfig,
    wrong: Option<String>,
}

impl<'a> Maker<'a> {
    fn new(values: &'a Values, config: CheckConfig) -> Self {
        Self { values, config, wrong: None }
    }

    fn make(&mut self, name: &str, shape: [usize; 2]) -> Tensor<2> {
        let found = self.values.get(name).cloned().ok_or_else(|| format!("the case has no {name}"));
        found.and_then(|values| self.config.tensor(values, shape)).unwrap_or_else(|why| {
            self.wrong.get_or_insert(format!("{name}: {why}"));
            Tensor::zeros(shape, &Device::flex())
        })
    }

    fn checked<N>(self, network: N) -> Result<N, String> {
        self.wrong.map_or(Ok(network), Err)
    }
}

impl GoldenNetwork for LanguageModel {
    fn build(
        case: &Case,
        units: RecurrentConfig,
        sparsity: &Sparsity,
        values: &Values,
        config: CheckConfig,
    ) -> Result<Self, String> {
        let vocabulary = case.meta.vocab.ok_or("no vocab in the metadata")?;
        let noise = if carries(case) { OutputNoise::Weights } else { OutputNoise::LocalReparameterization };
        let mut maker = Maker::new(values, config);
        let network = Self::build(vocabulary, units, noise, sparsity, &mut |name, shape| maker.make(name, shape));
        maker.checked(network)
    }

    fn vectors(&self, _: &Batch, _: Option<&NoiseSource>, _: CheckConfig) -> Option<Tensor<2>> {
        None
    }

    fn output_bias(&self) -> Tensor<2> {
        self.output.bias.clone()
    }
}

impl GoldenNetwork for Classifier {
    fn build(
        case: &Case,
        units: RecurrentConfig,
        sparsity: &Sparsity,
        values: &Values,
        config: CheckConfig,
    ) -> Result<Self, String> {
        let vocabulary = case.meta.vocab.ok_or("no vocab in the metadata")?;
        let outputs = case.meta.classes.ok_or("no classes in the metadata")?;
        let embedding = values.get("embedding/w/mean").ok_or("no embedding")?.len() / vocabulary;
        let mut maker = Maker::new(values, config);
        let sizes = ClassifierSizes { vocabulary, embedding, outputs };
        let network = Self::build(sizes, units, sparsity, &mut |name, shape| maker.make(name, shape));
        maker.checked(network)
    }

    fn vectors(&self, batch: &Batch, noise: Option<&NoiseSource>, config: CheckConfig) -> Option<Tensor<2>> {
        Some(self.embedding.vectors(config.ops, batch, noise))
    }

    fn output_bias(&self) -> Tensor<2> {
        self.output.bias.clone()
    }
}

/// Probabilities from logits: a sigmoid for one output, else a softmax.
pub(super) fn probabilities(scores: Tensor<2>) -> Tensor<2> {
    if scores.dims()[1] == 1 { activation::sigmoid(scores) } else { activation::softmax(scores, 1) }
}
