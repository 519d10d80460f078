//! Group lasso over hidden units, applied as proximal steps.

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::{Baseline, PruningStep, WeightMatrices, WeightMatrixKind, values};
use sparsegate_core::GroupLasso;

impl Baseline for GroupLasso {
    /// The proximal operator of `rate * strength` times the sum of the units' norms (N. Parikh and S. Boyd, *Proximal
    /// algorithms*, 6.5.4). A unit's group is all weights that read it: its row of the recurrent matrix and its row of
    /// the output matrix. The group is scaled by `max(0, 1 - rate * strength / norm)`, where `norm` is its Euclidean
    /// norm.
    fn after_step(&self, now: PruningStep, weights: &mut WeightMatrices) -> bool {
        let (Some(hidden), Some(output)) =
            (weights.get(&WeightMatrixKind::Hidden), weights.get(&WeightMatrixKind::Output))
        else {
            return false;
        };
        let threshold = now.learning_rate * self.strength;
        let scales: Vec<f64> = row_square_sums(hidden)
            .into_iter()
            .zip(row_square_sums(output))
            .map(|(hidden, output)| scale((hidden + output).sqrt(), threshold))
            .collect();
        let scaled = |of: &Tensor<2>| {
            let shape = [scales.len(), 1];
            of.clone() * Tensor::from_data(TensorData::new(scales.clone(), shape), (&of.device(), of.dtype()))
        };
        let (hidden, output) = (scaled(hidden), scaled(output));
        weights.extend([(WeightMatrixKind::Hidden, hidden), (WeightMatrixKind::Output, output)]);
        true
    }
}

/// The factor for a group of this norm. A group whose norm is not finite is left unchanged.
fn scale(norm: f64, threshold: f64) -> f64 {
    if norm <= threshold {
        0.0
    } else if norm.is_finite() {
        1.0 - threshold / norm
    } else {
        1.0
    }
}

/// Sum of squares of each row, accumulated from left to right in double precision.
fn row_square_sums(matrix: &Tensor<2>) -> Vec<f64> {
    let host = values(matrix);
    host.par_chunks(matrix.dims()[1].max(1)).map(|row| row.iter().map(|weight| weight * weight).sum()).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device};

    use super::*;

    fn tensor(values: &[f64], shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F64))
    }

    /// Two units with two recurrent weights and one output weight each.
    fn weights(hidden: [f64; 4], output: [f64; 2]) -> WeightMatrices {
        WeightMatrices::from([
            (WeightMatrixKind::Input, tensor(&[0.01, 0.02], [1, 2])),
            (WeightMatrixKind::Hidden, tensor(&hidden, [2, 2])),
            (WeightMatrixKind::Output, tensor(&output, [2, 1])),
        ])
    }

    fn after(strength: f64, weights: &mut WeightMatrices) -> (Vec<f64>, Vec<f64>) {
        assert!(
            GroupLasso { strength }.after_step(PruningStep { step: 1, total_steps: 9, learning_rate: 0.5 }, weights)
        );
        (values(&weights[&WeightMatrixKind::Hidden]), values(&weights[&WeightMatrixKind::Output]))
    }

    #[test]
    fn a_unit_shrinks_by_the_threshold_and_is_gone_at_it() {
        // Norms 3 and 6; the threshold is 0.5 * 6.
        let mut weights = weights([1.0, 2.0, 2.0, -4.0], [-2.0, 4.0]);
        let (hidden, output) = after(6.0, &mut weights);
        assert_eq!(hidden, [0.0, 0.0, 1.0, -2.0]);
        assert_eq!(output, [0.0, 2.0]);
        assert_eq!(values(&weights[&WeightMatrixKind::Input]), [0.01, 0.02], "what a unit reads is not in its group");
        // Again: norm 3 is at the threshold now.
        let (hidden, output) = after(6.0, &mut weights);
        assert_eq!((hidden, output), (vec![0.0; 4], vec![0.0; 2]));
        assert_eq!(after(6.0, &mut weights), (vec![0.0; 4], vec![0.0; 2]), "no division by a norm of zero");
    }

    #[test]
    fn the_norm_falls_by_the_threshold_at_most() {
        for norm in [0.001, 0.5, 1.0, 20.0] {
            let ours = norm * scale(norm, 0.5);
            assert!((ours - (norm - 0.5).max(0.0)).abs() < 1e-15, "{norm}: {ours}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_hidden() {
        let mut weights = weights([f64::NAN, 2.0, 1.0, 1.0], [1.0, 1.0]);
        let (hidden, output) = after(100.0, &mut weights);
        assert!(hidden[0].is_nan());
        assert_eq!((hidden[1], output[0]), (2.0, 1.0));
        assert_eq!((hidden[2], hidden[3], output[1]), (0.0, 0.0, 0.0));
    }
}
