//! Uniform random matrices.

use crate::engine::NoiseKey;

/// A `[rows, columns]` matrix, row-major, uniform in (-limit, limit).
pub(super) fn uniform(rows: usize, columns: usize, limit: f64, key: NoiseKey) -> Vec<f64> {
    key.uniform(rows, columns).into_iter().map(|value| limit * (2.0 * value - 1.0)).collect()
}

/// A matrix like that of [`uniform`], with variance `2 / (rows + columns)` (X. Glorot and Y. Bengio, *Understanding the
/// difficulty of training deep feedforward neural networks*, 2010, eq. 16), which roughly preserves the variance of
/// activations and gradients.
pub(super) fn glorot(rows: usize, columns: usize, key: NoiseKey) -> Vec<f64> {
    uniform(rows, columns, (6.0 / (rows + columns) as f64).sqrt(), key)
}

#[cfg(test)]
mod tests {
    use super::{glorot, uniform};
    use crate::engine::NoiseKey;

    const KEY: NoiseKey = NoiseKey { seed: 1, step: 0, stream: 9 };

    #[test]
    fn values_fill_the_interval_evenly() {
        let values = uniform(300, 201, 0.05, KEY);
        assert_eq!(values.len(), 300 * 201);
        let mut tenths = [0_u32; 10];
        for value in &values {
            assert!(value.abs() < 0.05);
            tenths[((value / 0.05 + 1.0) * 5.0) as usize] += 1;
        }
        // Expected 6,030 each, with a standard deviation of 74.
        assert!(tenths.iter().all(|&count| (5_700..6_360).contains(&count)), "{tenths:?}");
        assert_ne!(values, uniform(300, 201, 0.05, NoiseKey { stream: 10, ..KEY }));
    }

    #[test]
    fn glorot_has_the_published_variance() {
        let values = glorot(300, 100, KEY);
        let variance = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        assert!((variance / (2.0 / 400.0) - 1.0).abs() < 0.03, "{variance}");
    }
}
