//! The pruned network at full size: means instead of samples, and zeros for pruned weights.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::classifier::{Classifier, ClassifierSizes};
use super::language_model::LanguageModel;
use super::network::Network;
use super::recurrent::RecurrentConfig;
use crate::engine::{FusedOps, Ops};
use sparsegate_core::Batch;
use sparsegate_core::trainer::NamedTensor;
use sparsegate_core::{ModelKind, OutputNoise, Sparsity};

/// A pruned network at full size, computed by the engine that evaluates it during training, on the CPU.
#[derive(Debug)]
pub struct MaskedNetwork(Inner);

#[derive(Debug)]
enum Inner {
    Classifier(Classifier),
    LanguageModel(LanguageModel),
}

impl MaskedNetwork {
    /// A network of `kind` with these `units`, at the level `sparsity`, with these `parameters`, those of
    /// `model.safetensors`.
    ///
    /// # Errors
    /// The first tensor that is missing or has another shape than the network's.
    pub fn new(
        kind: ModelKind,
        units: RecurrentConfig,
        sparsity: &Sparsity,
        parameters: &[NamedTensor],
    ) -> Result<Self, String> {
        let place = (Device::flex(), DType::F32);
        let shape = |name: &str| -> Result<[usize; 2], String> {
            let found =
                parameters.iter().find(|tensor| tensor.name == name).ok_or_else(|| format!("{name} is missing"))?;
            <[usize; 2]>::try_from(found.shape.as_slice()).map_err(|_| format!("{name} is not a matrix"))
        };
        let mut wrong = None;
        let mut make = |name: &str, dims: [usize; 2]| {
            super::host::load_tensor(parameters, name, dims, &place).unwrap_or_else(|problem| {
                wrong.get_or_insert(problem);
                Tensor::from_data(TensorData::zeros::<f32, _>(dims), (&place.0, place.1))
            })
        };
        let network = match kind {
            ModelKind::LanguageModel => {
                let [vocabulary, _] = shape(&format!("{}/w_input/mean", units.cell.layer()))?;
                let noise = OutputNoise::Weights;
                let network = LanguageModel::build(vocabulary, units, noise, sparsity, &mut make);
                Inner::LanguageModel(network.to_deterministic(true))
            }
            ModelKind::Classification => {
                let [vocabulary, embedding] = shape("embedding/w/mean")?;
                let [_, outputs] = shape("output/w/mean")?;
                let sizes = ClassifierSizes { vocabulary, embedding, outputs };
                Inner::Classifier(Classifier::build(sizes, units, sparsity, &mut make).to_deterministic(true))
            }
        };
        wrong.map_or(Ok(Self(network)), Err)
    }

    /// Logits, from zero states: `[N, O]` for a language model, `[B, O]` for a classifier.
    pub fn outputs(&self, batch: &Batch) -> Tensor<2> {
        fn run(network: &impl Network, bias: &Tensor<2>, batch: &Batch) -> Tensor<2> {
            let ops: &dyn Ops = &FusedOps;
            network.forward(ops, batch, network.zero_states(batch.rows), None).outputs + bias.clone()
        }
        match &self.0 {
            Inner::Classifier(network) => run(network, &network.output.bias, batch),
            Inner::LanguageModel(network) => run(network, &network.output.bias, batch),
        }
    }
}
