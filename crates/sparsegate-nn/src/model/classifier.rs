//! Text classifier: an embedding, a recurrent layer, and an output layer on the state after the last symbol.

use burn::tensor::{Int, Tensor};

use super::dense::OutputLayer;
use super::embedding::Embedding;
use super::network::{Forward, Network, Parameter, last_rows};
use super::noise::{NoiseSource, NoiseStream, draw};
use super::recurrent::{InputKind, RecurrentConfig, RecurrentLayer};
use super::symbols::{self, Symbols};
use crate::engine::Ops;
use crate::variational::CreateTensor;
use sparsegate_core::Batch;
use sparsegate_core::{OutputNoise, Sparsity};

/// The classifier network. Its output layer uses local reparameterisation.
#[derive(Debug, Clone)]
pub struct Classifier {
    /// The embedding of the symbols.
    pub embedding: Embedding,
    /// The recurrent layer, which reads the embedding vectors.
    pub recurrent: RecurrentLayer,
    /// The output layer: one output with a sigmoid head for two classes, otherwise one output per class with a softmax
    /// head.
    pub output: OutputLayer,
}

/// Sizes of a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassifierSizes {
    /// Symbols, V.
    pub vocabulary: usize,
    /// Dimensions of a symbol's vector, E.
    pub embedding: usize,
    /// Outputs, O: one for two classes, otherwise the number of classes.
    pub outputs: usize,
}

impl ClassifierSizes {
    /// The number of outputs O for a number of classes.
    pub fn outputs(classes: usize) -> usize {
        if classes <= 2 { 1 } else { classes }
    }
}

impl Classifier {
    /// Builds a classifier. `make` is called with each tensor's name and shape and returns the tensor. The names are
    /// those used in checkpoints: `embedding/w/mean`, `embedding/z_vocabulary/mean`, `lstm/w_input/mean`,
    /// `lstm/z_inputs/mean`, ..., `lstm/bias`, `output/w/mean`, `output/bias`. A variational parameter has a
    /// `log_sigma` beside its `mean`.
    pub fn build(sizes: ClassifierSizes, units: RecurrentConfig, sparsity: &Sparsity, make: CreateTensor<'_>) -> Self {
        let ClassifierSizes { vocabulary, embedding, outputs } = sizes;
        let noise = OutputNoise::LocalReparameterization;
        Self {
            embedding: Embedding::build([vocabulary, embedding], sparsity, make),
            recurrent: RecurrentLayer::build(units, InputKind::Vectors(embedding), sparsity, make),
            output: OutputLayer::build([units.hidden, outputs], noise, sparsity.output, make),
        }
    }
}

impl Network for Classifier {
    fn recurrent(&self) -> &RecurrentLayer {
        &self.recurrent
    }

    fn recurrent_mut(&mut self) -> &mut RecurrentLayer {
        &mut self.recurrent
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let (embedding, recurrent) = (self.embedding.parameters(), self.recurrent.parameters());
        embedding.chain(recurrent).chain([self.output.parameter()]).collect()
    }

    fn biases(&mut self) -> Vec<(String, &mut Tensor<2>)> {
        vec![self.recurrent.bias(), self.output.bias()]
    }

    fn forward(&self, ops: &dyn Ops, batch: &Batch, states: Vec<Tensor<2>>, noise: Option<&NoiseSource>) -> Forward {
        let input = if Symbols::of(batch).is_empty() {
            self.recurrent.no_products(batch)
        } else {
            let vectors = self.embedding.vectors(ops, batch, noise);
            self.recurrent.read_vectors(ops, batch, vectors, noise)
        };
        let states = self.recurrent.run(ops, batch, input, states, noise);
        let last = last_rows(states[0].clone(), batch.rows);
        let outputs = self.output.outputs(ops, last, batch.rows, draw(noise, NoiseStream::Output).as_ref());
        Forward::new(states, outputs, batch.rows)
    }

    fn loss(&self, ops: &dyn Ops, outputs: Tensor<2>, targets: &[u32]) -> Tensor<1> {
        ops.class_loss(outputs, self.output.bias.clone(), symbols::ids(targets, &self.device_and_dtype().0))
    }

    fn predicted_classes(&self, outputs: &Tensor<2>) -> Option<Tensor<2, Int>> {
        Some(most_probable(outputs.clone() + self.output.bias.clone()))
    }
}

/// The most probable class of each row, `[B, 1]`, from the logits `[B, C]`. Ties go to the lowest class index; with one
/// logit, a probability of at least one half is class 1.
fn most_probable(scores: Tensor<2>) -> Tensor<2, Int> {
    let [rows, classes] = scores.dims();
    if classes == 1 {
        return scores.greater_equal_elem(0.0).int();
    }
    // Backends break ties of `argmax` differently, so the lowest index is chosen explicitly.
    let largest = scores.clone().max_dim(1);
    let class = Tensor::arange(0..classes as i64, &scores.device()).reshape([1, classes]).repeat_dim(0, rows);
    class.mask_fill(scores.not_equal(largest.repeat_dim(1, classes)), classes as i64).min_dim(1)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn a_half_is_class_one_and_the_first_of_equals_wins() {
        let classes_of = |scores: Vec<f32>, classes: usize| -> Vec<i64> {
            let rows = scores.len() / classes;
            let scores = Tensor::from_data(TensorData::new(scores, [rows, classes]), &Device::flex());
            most_probable(scores).into_data().convert::<i64>().try_into_vec().expect("integers")
        };
        assert_eq!(classes_of(vec![-0.1, 0.0, 0.1], 1), [0, 1, 1]);
        assert_eq!(classes_of(vec![1.0, 3.0, 2.0, -1.0, -2.0, -1.0, 0.0, 1.0, 1.0], 3), [1, 0, 1]);
    }

    #[test]
    fn two_classes_have_one_output() {
        assert_eq!([2, 3, 20].map(ClassifierSizes::outputs), [1, 3, 20]);
    }
}
