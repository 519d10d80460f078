//! The output layer as a Burn module.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::parameter::{VariationalParameter, parameter};
use super::{to_batch_first, to_time_major};
use crate::engine::ops_for;
use crate::model::{NoiseSource, NoiseStream, OutputLayer};
use sparsegate_core::{KeptCount, OutputNoise};

/// A linear layer `h V + b` with H inputs and O outputs, whose weights are variational. Made by
/// [`VariationalLinearConfig`](super::VariationalLinearConfig), or from an [`OutputLayer`].
#[derive(Module, Debug)]
pub struct VariationalLinear {
    /// Weights, `[H, O]`.
    pub w: VariationalParameter,
    /// Biases, `[1, O]`; deterministic.
    pub bias: Param<Tensor<2>>,
    /// Whether noise is drawn for the weights or for the outputs.
    #[module(skip)]
    pub sampling: OutputNoise,
}

impl From<OutputLayer> for VariationalLinear {
    fn from(OutputLayer { w, bias, noise }: OutputLayer) -> Self {
        Self { w: w.into(), bias: parameter(bias), sampling: noise }
    }
}

impl VariationalLinear {
    /// The layer of the same tensors. Gradients with respect to it are those of the module.
    pub fn layer(&self) -> OutputLayer {
        OutputLayer { w: self.w.matrix(), bias: self.bias.val(), noise: self.sampling }
    }

    /// Outputs `[B, T, O]` for inputs `[B, T, H]`: T steps of B sequences. With `noise` the weights or the outputs
    /// are sampled ([`NoiseStream::Output`]), without it the weights are the means.
    ///
    /// # Panics
    /// The last dimension of `input` is not H.
    pub fn forward(&self, input: Tensor<3>, noise: Option<&NoiseSource>) -> Tensor<3> {
        let [rows, _, width] = input.dims();
        let [inputs, _] = self.w.mean.dims();
        assert_eq!(width, inputs, "the input of an output layer has its number of inputs as last dimension");
        let noise = noise.and_then(|noise| noise.stream(NoiseStream::Output));
        let layer = self.layer();
        let outputs = layer.outputs(ops_for(&layer.bias.device()), to_time_major(input), rows, noise.as_ref());
        to_batch_first(outputs + layer.bias, rows)
    }

    /// Sum of the KL divergences of all weights from the log-uniform prior, nats, `[1]`, without the KL weight; zero
    /// for deterministic weights. Differentiable.
    pub fn kl(&self) -> Tensor<1> {
        self.w.kl().unwrap_or_else(|| self.w.mean.val().inner().zeros_like().sum())
    }

    /// The module with its means that count as noise set to zero, and how many do not; see
    /// [`VariationalParameter::pruned`]. A weight with log alpha exactly at the limit is pruned, as in the authors'
    /// program.
    #[must_use]
    pub fn pruned(&self) -> (Self, KeptCount) {
        let (w, kept) = self.w.pruned(true);
        (Self { w, bias: self.bias.clone(), sampling: self.sampling }, kept)
    }
}
