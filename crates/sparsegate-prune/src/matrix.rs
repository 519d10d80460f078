//! A weight matrix or vector of group factors on the host, and the pruning rule.

use rayon::prelude::*;
use sparsegate_core::LOG_ALPHA_LIMIT;

use super::Element;

/// Elements per parallel task.
const CHUNK: usize = 1 << 15;

/// A weight matrix or group variable, row-major: the means and, if it is variational, the log standard deviations. A
/// vector is a matrix of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PosteriorMatrix<'a, T> {
    /// Means, `rows * columns` elements.
    pub mean: &'a [T],
    /// Natural logarithms of the standard deviations, as many as means; `None` for a deterministic array.
    pub log_sigma: Option<&'a [T]>,
    /// `[rows, columns]`.
    pub shape: [usize; 2],
}

impl<'a, T: Element> PosteriorMatrix<'a, T> {
    /// A matrix of `shape` `[rows, columns]`.
    pub fn matrix(mean: &'a [T], log_sigma: Option<&'a [T]>, shape: [usize; 2]) -> Self {
        Self { mean, log_sigma, shape }
    }

    /// A vector, as a matrix of one row.
    pub fn vector(mean: &'a [T], log_sigma: Option<&'a [T]>) -> Self {
        Self { mean, log_sigma, shape: [1, mean.len()] }
    }

    /// Which elements are live, row-major: those with `2 * log_sigma - ln(mean^2) < 3`. Log alpha is not clamped, so a
    /// mean of exactly zero is dead for any log sigma, and so is NaN. In a deterministic array every element is live,
    /// except that exact zeros are dead if `zeros_are_pruned`.
    pub fn live(&self, zeros_are_pruned: bool) -> Vec<bool> {
        self.live_below(LOG_ALPHA_LIMIT, zeros_are_pruned)
    }

    /// [`Self::live`] with another limit of log alpha.
    pub fn live_below(&self, limit: f64, zeros_are_pruned: bool) -> Vec<bool> {
        let Some(log_sigma) = self.log_sigma else {
            return self.mean.par_iter().map(|mean| !zeros_are_pruned || mean.to_f64() != 0.0).collect();
        };
        let mut live = vec![false; self.mean.len()];
        live.par_chunks_mut(CHUNK).zip(self.mean.par_chunks(CHUNK)).zip(log_sigma.par_chunks(CHUNK)).for_each(
            |((live, mean), log_sigma)| {
                for ((live, &mean), &log_sigma) in live.iter_mut().zip(mean).zip(log_sigma) {
                    *live = T::log_alpha(mean, log_sigma).to_f64() < limit;
                }
            },
        );
        live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_means_log_alpha_below_three() {
        // log alpha = 2 * 0 - ln(m^2) = 3 at m = e^-1.5; an element exactly at the limit is dead.
        let edge = (-1.5_f64).exp();
        let mean = [edge * 1.001, edge * 0.999, -edge * 1.001, -edge * 0.999];
        assert_eq!(PosteriorMatrix::vector(&mean, Some(&[0.0; 4])).live(false), [true, false, true, false]);
        let exactly_three = [1.0_f64];
        assert_eq!(PosteriorMatrix::vector(&exactly_three, Some(&[1.5])).live(false), [false]);
    }

    #[test]
    fn zeros_underflow_and_not_a_number_are_dead() {
        let mean = [0.0_f32, -0.0, 1e-30, f32::NAN, 1.0];
        let log_sigma = [-100.0, -100.0, -80.0, -3.0, f32::NAN];
        assert_eq!(PosteriorMatrix::vector(&mean, Some(&log_sigma)).live(false), [false; 5]);
        // In double precision the square of this number does not underflow, and its log alpha is far below the limit.
        assert_eq!(PosteriorMatrix::vector(&[1e-30_f64], Some(&[-80.0])).live(false), [true]);
    }

    #[test]
    fn the_value_is_not_clamped() {
        assert_eq!(PosteriorMatrix::vector(&[1e20_f64, 1e-20], Some(&[-60.0, -60.0])).live(false), [true, true]);
    }

    #[test]
    fn without_noise_everything_is_live() {
        assert_eq!(PosteriorMatrix::vector(&[0.0_f64, 1.0], None).live(false), [true, true]);
    }

    #[test]
    fn exact_zeros_without_noise_are_dead_where_pruning_made_them() {
        let mean = [0.0_f32, -0.0, 1e-30, -1.0];
        assert_eq!(PosteriorMatrix::vector(&mean, None).live(true), [false, false, true, true]);
        // In a variational array log alpha alone decides.
        assert_eq!(PosteriorMatrix::vector(&[1.0_f64, 0.0], Some(&[9.0, -9.0])).live(true), [false, false]);
    }
}
