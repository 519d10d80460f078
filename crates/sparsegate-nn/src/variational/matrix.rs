//! A matrix of variational or deterministic weights.

use burn::tensor::{Bool, DType, Int, Tensor};

use crate::engine::{Noise, Ops, kl_divergence};
use sparsegate_core::{KeptCount, LOG_ALPHA_LIMIT, Prior};

/// A matrix of weights: their means and, if they are variational, their log standard deviations.
#[derive(Debug, Clone)]
pub struct VariationalMatrix {
    /// Means, `[R, C]`; the weights themselves if they are deterministic.
    pub mean: Tensor<2>,
    /// Natural logarithms of the standard deviations, `[R, C]`; `None` for deterministic weights.
    pub log_sigma: Option<Tensor<2>>,
}

/// Creates the tensor of a given name and shape.
pub type CreateTensor<'a> = &'a mut dyn FnMut(&str, [usize; 2]) -> Tensor<2>;

impl VariationalMatrix {
    /// Builds a matrix from the tensors that `make` creates: `NAME/mean` and, with a log-uniform prior,
    /// `NAME/log_sigma`.
    pub fn build(name: &str, dims: [usize; 2], prior: Prior, make: CreateTensor<'_>) -> Self {
        let mean = make(&format!("{name}/mean"), dims);
        let log_sigma = (prior == Prior::LogUniform).then(|| make(&format!("{name}/log_sigma"), dims));
        Self { mean, log_sigma }
    }

    /// Builds `count` group factors, `[1, count]`; `None` without a prior, where the factors are the constant one.
    pub fn build_group(name: &str, count: usize, prior: Prior, make: CreateTensor<'_>) -> Option<Self> {
        (prior == Prior::LogUniform).then(|| Self::build(name, [1, count], prior, make))
    }

    /// The weights for one pass, `[R, C]`: a sample if noise is given and the weights are variational, else the means.
    pub fn sample(&self, ops: &dyn Ops, noise: Option<&Noise>) -> Tensor<2> {
        match (&self.log_sigma, noise) {
            (Some(log_sigma), Some(noise)) => ops.sample_weights(self.mean.clone(), log_sigma.clone(), noise),
            _ => self.mean.clone(),
        }
    }

    /// Rows `ids` (`[N]`) of [`Self::sample`], `[N, C]`.
    pub fn sample_rows(&self, ops: &dyn Ops, ids: Tensor<1, Int>, noise: Option<&Noise>) -> Tensor<2> {
        match (&self.log_sigma, noise) {
            (Some(log_sigma), Some(noise)) => ops.sample_weight_rows(self.mean.clone(), log_sigma.clone(), ids, noise),
            _ => self.mean.clone().select(0, ids),
        }
    }

    /// One sample of a `[1, n]` vector of group factors for each of `rows` sequences, `[rows, n]`; the means without
    /// noise.
    pub fn sample_factors(&self, rows: usize, noise: Option<&Noise>) -> Tensor<2> {
        let columns = self.mean.dims()[1];
        match (&self.log_sigma, noise) {
            (Some(log_sigma), Some(noise)) => {
                let noise = noise.matrix([rows, columns], &self.mean.device().inner(), self.mean.dtype());
                noise * log_sigma.clone().exp() + self.mean.clone()
            }
            _ => self.mean.clone().repeat_dim(0, rows),
        }
    }

    /// Sum of the KL divergences of all weights from the log-uniform prior, nats, `[1]`, without the KL weight;
    /// `None` for deterministic weights. Composed of Burn's operations, so autodiff differentiates it; training steps
    /// use the kernels of [`Ops::kl_and_gradient_norm`] instead.
    pub fn kl(&self) -> Option<Tensor<1>> {
        self.log_sigma.as_ref().map(|log_sigma| kl_divergence(self.mean.clone(), log_sigma.clone()))
    }

    /// How many weights do not count as noise; all of them if they are deterministic. Reads one number from the
    /// device.
    pub fn kept(&self, prune_at_limit: bool) -> KeptCount {
        let [rows, columns] = self.mean.dims();
        let total = (rows * columns) as u64;
        let noise = self
            .log_sigma
            .as_ref()
            .map_or(0, |log_sigma| self.noise_mask(log_sigma, prune_at_limit).int().sum().into_scalar::<i64>() as u64);
        KeptCount { kept: total - noise, total }
    }

    /// Which weights count as noise, `[R, C]`: log alpha is above [`LOG_ALPHA_LIMIT`] or, if `prune_at_limit`, equal
    /// to it.
    fn noise_mask(&self, log_sigma: &Tensor<2>, prune_at_limit: bool) -> Tensor<2, Bool> {
        // The lower bound keeps log alpha finite (and large) for a mean of exactly zero.
        let smallest = if self.mean.dtype() == DType::F64 { f64::MIN_POSITIVE } else { f64::from(f32::MIN_POSITIVE) };
        let signal = self.mean.clone().square().clamp_min(smallest).log();
        let log_alpha = log_sigma.clone().mul_scalar(2.0) - signal;
        if prune_at_limit {
            log_alpha.greater_equal_elem(LOG_ALPHA_LIMIT)
        } else {
            log_alpha.greater_elem(LOG_ALPHA_LIMIT)
        }
    }

    /// Deterministic weights at the means; with `prune`, those that count as noise are set to zero.
    #[must_use]
    pub fn to_deterministic(&self, prune: bool, prune_at_limit: bool) -> Self {
        let mean = match &self.log_sigma {
            Some(log_sigma) if prune => self.mean.clone().mask_fill(self.noise_mask(log_sigma, prune_at_limit), 0.0),
            _ => self.mean.clone(),
        };
        Self { mean, log_sigma: None }
    }

    /// Sets mean and standard deviation of the weights that count as noise to exactly zero; the others stay
    /// variational.
    #[must_use]
    pub fn pruned(&self, prune_at_limit: bool) -> Self {
        let Some(log_sigma) = &self.log_sigma else { return self.clone() };
        let noise = self.noise_mask(log_sigma, prune_at_limit);
        Self {
            mean: self.mean.clone().mask_fill(noise.clone(), 0.0),
            log_sigma: Some(log_sigma.clone().mask_fill(noise, f64::NEG_INFINITY)),
        }
    }
}
