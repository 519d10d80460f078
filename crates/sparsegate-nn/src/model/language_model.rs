//! Language model: a recurrent layer that reads symbols, and an output layer at every step.
//!
//! For an LSTM. W, U and the output weights V are noisy as the sparsity level says; the group factors z are constant
//! over a sequence:
//!
//! ```text
//! a_j = (z_x x W_j + h U_j) z_j + b_j        j in i, f, g, o
//! c   = s(a_f) c + s(a_i) tanh(a_g)
//! h   = s(a_o) tanh(c) z_h
//! y   = h V + b_y
//! ```

use burn::tensor::{Int, Tensor};

use super::dense::OutputLayer;
use super::network::{Forward, Network, Parameter};
use super::noise::{NoiseSource, NoiseStream, draw};
use super::recurrent::{InputKind, RecurrentConfig, RecurrentLayer};
use super::symbols;
use crate::engine::Ops;
use crate::variational::CreateTensor;
use sparsegate_core::Batch;
use sparsegate_core::{OutputNoise, Sparsity};

/// The language model network, for V symbols.
#[derive(Debug, Clone)]
pub struct LanguageModel {
    /// The recurrent layer, which reads the symbols.
    pub recurrent: RecurrentLayer,
    /// The output layer, with one logit per symbol.
    pub output: OutputLayer,
}

impl LanguageModel {
    /// Builds a language model. `make` is called with each tensor's name and shape and returns the tensor. The names
    /// are those used in checkpoints: `lstm/w_input/mean`, `lstm/w_input/log_sigma`, `lstm/z_vocabulary/mean`, ...,
    /// `lstm/bias`, `output/w/mean`, `output/bias`.
    pub fn build(
        vocabulary: usize,
        units: RecurrentConfig,
        noise: OutputNoise,
        sparsity: &Sparsity,
        make: CreateTensor<'_>,
    ) -> Self {
        Self {
            recurrent: RecurrentLayer::build(units, InputKind::Symbols(vocabulary), sparsity, make),
            output: OutputLayer::build([units.hidden, vocabulary], noise, sparsity.output, make),
        }
    }
}

impl Network for LanguageModel {
    fn recurrent(&self) -> &RecurrentLayer {
        &self.recurrent
    }

    fn recurrent_mut(&mut self) -> &mut RecurrentLayer {
        &mut self.recurrent
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.recurrent.parameters().chain([self.output.parameter()]).collect()
    }

    fn biases(&mut self) -> Vec<(String, &mut Tensor<2>)> {
        vec![self.recurrent.bias(), self.output.bias()]
    }

    fn forward(&self, ops: &dyn Ops, batch: &Batch, states: Vec<Tensor<2>>, noise: Option<&NoiseSource>) -> Forward {
        let input = self.recurrent.read_symbols(ops, batch, noise);
        let states = self.recurrent.run(ops, batch, input, states, noise);
        let outputs =
            self.output.outputs(ops, states[0].clone(), batch.rows, draw(noise, NoiseStream::Output).as_ref());
        Forward::new(states, outputs, batch.rows)
    }

    fn loss(&self, ops: &dyn Ops, outputs: Tensor<2>, targets: &[u32]) -> Tensor<1> {
        ops.cross_entropy(outputs, self.output.bias.clone(), symbols::ids(targets, &self.device_and_dtype().0))
    }

    fn predicted_classes(&self, _: &Tensor<2>) -> Option<Tensor<2, Int>> {
        None
    }
}
