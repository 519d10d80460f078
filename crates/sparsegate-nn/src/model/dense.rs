//! The output layer.

use burn::tensor::Tensor;

use super::network::{Parameter, ParameterKind};
use crate::engine::{Noise, Ops};
use crate::variational::{CreateTensor, VariationalMatrix};
use sparsegate_core::{OutputNoise, Prior};

/// Added to the variance of an output before the square root, as in the authors' program, because the slope of the root
/// at zero is infinite.
const SMALLEST_VARIANCE: f64 = 1e-8;

/// A linear layer `h V + b` with H inputs and O outputs.
#[derive(Debug, Clone)]
pub struct OutputLayer {
    /// Weights, `[H, O]`.
    pub w: VariationalMatrix,
    /// Biases, `[1, O]`.
    pub bias: Tensor<2>,
    /// Whether noise is drawn for the weights or for the outputs.
    pub noise: OutputNoise,
}

impl OutputLayer {
    /// Builds an `[H, O]` layer with tensors from `make`, which is called with each tensor's name and shape.
    pub fn build(dims: [usize; 2], noise: OutputNoise, prior: Prior, make: CreateTensor<'_>) -> Self {
        Self {
            w: VariationalMatrix::build("output/w", dims, prior, make),
            bias: make("output/bias", [1, dims[1]]),
            noise,
        }
    }

    pub(super) fn parameter(&mut self) -> Parameter<'_> {
        Parameter { name: "output/w".to_owned(), kind: ParameterKind::OutputWeights, value: &mut self.w }
    }

    pub(super) fn bias(&mut self) -> (String, &mut Tensor<2>) {
        ("output/bias".to_owned(), &mut self.bias)
    }

    /// Outputs before the bias, `[K, O]`, for hidden states `[K, H]`. Rows are ordered by step: all `rows` sequences at
    /// the first step, then all at the next, and so on.
    ///
    /// With local reparameterisation an output is normal with mean `h V` and variance `h^2 sigma^2 + 1e-8`. One
    /// standard normal per sequence and output is drawn and reused at all steps, although the variance changes with h
    /// (docs/method.md, "Noise").
    pub fn outputs(&self, ops: &dyn Ops, hidden: Tensor<2>, rows: usize, noise: Option<&Noise>) -> Tensor<2> {
        match (&self.w.log_sigma, noise, self.noise) {
            (Some(log_sigma), Some(noise), OutputNoise::LocalReparameterization) => {
                let columns = self.bias.dims()[1];
                let draw = noise.matrix([rows, columns], &self.bias.device().inner(), self.bias.dtype());
                let variance = ops.matmul(hidden.clone().square(), log_sigma.clone().mul_scalar(2.0).exp());
                let sigma = variance.add_scalar(SMALLEST_VARIANCE).sqrt();
                let steps = hidden.dims()[0] / rows;
                ops.matmul(hidden, self.w.mean.clone()) + sigma * draw.repeat_dim(0, steps)
            }
            _ => ops.matmul(hidden, self.w.sample(ops, noise)),
        }
    }
}
