//! The output layer.

use burn::tensor::Tensor;

use super::network::{Quantity, QuantityKind};
use crate::bayes::{Make, Variational};
use crate::engine::{Noise, Ops};
use sparsegate_core::{OutputNoise, Prior};

/// Added to the variance of an output before its root is taken, as in the reference: the root's slope at zero is infinite.
const SMALLEST_VARIANCE: f64 = 1e-8;

/// A layer `h V + b` of O outputs on H units.
#[derive(Debug, Clone)]
pub struct Dense {
    /// Weights, `[H, O]`.
    pub w: Variational,
    /// Biases, `[1, O]`.
    pub bias: Tensor<2>,
    /// How noise reaches the outputs.
    pub noise: OutputNoise,
}

impl Dense {
    /// A layer of `[H, O]` with tensors from `make`.
    pub(super) fn build(dims: [usize; 2], noise: OutputNoise, prior: Prior, make: Make<'_>) -> Self {
        Self { w: Variational::build("output/w", dims, prior, make), bias: make("output/bias", [1, dims[1]]), noise }
    }

    pub(super) fn quantity(&mut self) -> Quantity<'_> {
        Quantity { name: "output/w".to_owned(), kind: QuantityKind::OutputWeights, value: &mut self.w }
    }

    pub(super) fn bias(&mut self) -> (String, &mut Tensor<2>) {
        ("output/bias".to_owned(), &mut self.bias)
    }

    /// Outputs before the bias, `[K, O]`, of hidden states `[K, H]`: those of all `rows` sequences at one step, then at the
    /// next, ...
    ///
    /// By local reparameterisation an output is normal with mean `h V` and variance `h^2 sigma^2 + 1e-8`; its one draw
    /// a sequence is shared by all steps, though the variance moves with h.
    pub fn outputs(&self, ops: &dyn Ops, hidden: Tensor<2>, rows: usize, noise: Option<&Noise>) -> Tensor<2> {
        match (&self.w.log_sigma, noise, self.noise) {
            (Some(log_sigma), Some(noise), OutputNoise::LocalReparameterization) => {
                let columns = self.bias.dims()[1];
                let draw = noise.matrix([rows, columns], &self.bias.device().inner(), self.bias.dtype());
                let variance = ops.product(hidden.clone().square(), log_sigma.clone().mul_scalar(2.0).exp());
                let sigma = variance.add_scalar(SMALLEST_VARIANCE).sqrt();
                let steps = hidden.dims()[0] / rows;
                ops.product(hidden, self.w.mean.clone()) + sigma * draw.repeat_dim(0, steps)
            }
            _ => ops.product(hidden, self.w.sample(ops, noise)),
        }
    }
}
