//! A matrix of variational or plain weights.

use burn::tensor::{Bool, DType, Int, Tensor};

use super::PRUNE_LIMIT;
use crate::engine::{Noise, Ops};
use sparsegate_core::Prior;

/// A matrix of quantities, each with a mean and, where it is variational, a log standard deviation.
#[derive(Debug, Clone)]
pub struct Variational {
    /// Means, `[R, C]`; the values themselves where there is no log sigma.
    pub mean: Tensor<2>,
    /// Natural logarithms of the standard deviations, `[R, C]`.
    pub log_sigma: Option<Tensor<2>>,
}

/// Makes a tensor from its name and shape.
pub type Make<'a> = &'a mut dyn FnMut(&str, [usize; 2]) -> Tensor<2>;

impl Variational {
    /// A matrix whose tensors `make` makes: `NAME/mean` and, under a log-uniform prior, `NAME/log_sigma`.
    pub fn build(name: &str, dims: [usize; 2], prior: Prior, make: Make<'_>) -> Self {
        let mean = make(&format!("{name}/mean"), dims);
        let log_sigma = (prior == Prior::LogUniform).then(|| make(&format!("{name}/log_sigma"), dims));
        Self { mean, log_sigma }
    }

    /// `count` group factors, `[1, count]`; without a prior they are the constant one, so nothing.
    pub fn build_group(name: &str, count: usize, prior: Prior, make: Make<'_>) -> Option<Self> {
        (prior == Prior::LogUniform).then(|| Self::build(name, [1, count], prior, make))
    }

    /// A value for each quantity, `[R, C]`: a sample where there is noise and a log sigma, else the means.
    pub fn sample(&self, ops: &dyn Ops, noise: Option<&Noise>) -> Tensor<2> {
        match (&self.log_sigma, noise) {
            (Some(log_sigma), Some(noise)) => ops.noisy(self.mean.clone(), log_sigma.clone(), noise),
            _ => self.mean.clone(),
        }
    }

    /// Rows `ids` (`[N]`) of a sample, `[N, C]`.
    pub fn sample_rows(&self, ops: &dyn Ops, ids: Tensor<1, Int>, noise: Option<&Noise>) -> Tensor<2> {
        match (&self.log_sigma, noise) {
            (Some(log_sigma), Some(noise)) => ops.noisy_rows(self.mean.clone(), log_sigma.clone(), ids, noise),
            _ => self.mean.clone().select(0, ids),
        }
    }

    /// A sample of one vector of factors for each of `rows` sequences: `[1, n]` quantities give `[rows, n]`.
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

    /// Which quantities count as noise, `[R, C]`. At exactly the limit they do only when `edge_is_noise`.
    fn noise_mask(&self, log_sigma: &Tensor<2>, edge_is_noise: bool) -> Tensor<2, Bool> {
        // The floor gives a mean of exactly zero a large finite log alpha.
        let smallest = if self.mean.dtype() == DType::F64 { f64::MIN_POSITIVE } else { f64::from(f32::MIN_POSITIVE) };
        let signal = self.mean.clone().square().clamp_min(smallest).log();
        let log_alpha = log_sigma.clone().mul_scalar(2.0) - signal;
        if edge_is_noise { log_alpha.greater_equal_elem(PRUNE_LIMIT) } else { log_alpha.greater_elem(PRUNE_LIMIT) }
    }

    /// The means alone, without noise, and with `prune` without what counts as noise.
    #[must_use]
    pub fn at_means(&self, prune: bool, edge_is_noise: bool) -> Self {
        let mean = match &self.log_sigma {
            Some(log_sigma) if prune => self.mean.clone().mask_fill(self.noise_mask(log_sigma, edge_is_noise), 0.0),
            _ => self.mean.clone(),
        };
        Self { mean, log_sigma: None }
    }

    /// What counts as noise made exactly zero, mean and noise both; the rest keeps its noise.
    #[must_use]
    pub fn pruned(&self, edge_is_noise: bool) -> Self {
        let Some(log_sigma) = &self.log_sigma else { return self.clone() };
        let noise = self.noise_mask(log_sigma, edge_is_noise);
        Self {
            mean: self.mean.clone().mask_fill(noise.clone(), 0.0),
            log_sigma: Some(log_sigma.clone().mask_fill(noise, f64::NEG_INFINITY)),
        }
    }
}
