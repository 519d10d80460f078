//! Gradual magnitude pruning (M. Zhu and S. Gupta, *To prune, or not to prune*, arXiv 1710.01878).

use std::cmp::Ordering;

use burn::tensor::{Tensor, TensorData};

use super::{Baseline, PruningStep, WeightMatrices, values};
use sparsegate_core::Magnitude;

impl Baseline for Magnitude {
    /// Prunes each matrix separately: the weights of smallest magnitude are set to zero until the scheduled sparsity is
    /// reached; among equal magnitudes the first in row-major order go first. Steps between two prunings change
    /// nothing.
    fn after_step(&self, now: PruningStep, weights: &mut WeightMatrices) -> bool {
        let Some(share) = scheduled_sparsity(self, now.step, now.total_steps) else { return false };
        for weights in weights.values_mut() {
            *weights = zero_smallest(weights, share);
        }
        true
    }
}

/// The scheduled sparsity (fraction of zeros) at a pruning step, `None` at other steps. Pruning steps are every
/// `every`-th step between begin `t0` and end `t1`, and the end itself. The schedule is the paper's cubic,
/// `share (1 - (1 - (t - t0) / (t1 - t0))^3)`.
fn scheduled_sparsity(spec: &Magnitude, step: u64, total_steps: u64) -> Option<f64> {
    let (begin, end) = (spec.begin * total_steps as f64, (spec.end * total_steps as f64).ceil());
    let now = step as f64;
    let last = step == end as u64;
    let between = now >= begin && now < end && step.is_multiple_of(spec.every.max(1));
    let left = if last { 0.0 } else { 1.0 - (now - begin) / (end - begin) };
    (last || between).then(|| spec.share * (1.0 - left.powi(3)))
}

/// The matrix with its smallest elements set to zero: the fraction `share` of all elements, rounded to a whole number.
fn zero_smallest(weights: &Tensor<2>, share: f64) -> Tensor<2> {
    let host = values(weights);
    let zeros = ((share * host.len() as f64).round() as usize).min(host.len());
    if zeros == 0 {
        return weights.clone();
    }
    // Ties are broken by position, which makes the result deterministic. NaN sorts last.
    let order = |a: &(f64, usize), b: &(f64, usize)| -> Ordering { a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)) };
    let mut magnitudes: Vec<(f64, usize)> = host.iter().map(|weight| weight.abs()).zip(0..).collect();
    magnitudes.select_nth_unstable_by(zeros - 1, order);
    let mut pruned = vec![false; host.len()];
    magnitudes[..zeros]
        .iter()
        .filter(|(magnitude, _)| !magnitude.is_nan())
        .for_each(|&(_, place)| pruned[place] = true);
    let pruned = Tensor::from_data(TensorData::new(pruned, weights.dims()), &weights.device());
    weights.clone().mask_fill(pruned, 0.0)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device};
    use proptest::prelude::*;

    use super::super::WeightMatrixKind;
    use super::*;

    const SPEC: Magnitude = Magnitude { share: 0.9, begin: 0.1, end: 0.7, every: 5 };

    fn tensor(values: &[f32], shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F32))
    }

    fn zeros(values: &[f64]) -> usize {
        values.iter().filter(|value| **value == 0.0).count()
    }

    #[test]
    fn the_share_rises_along_the_cubic_to_its_end() {
        let shares: Vec<(u64, f64)> =
            (1..=100).filter_map(|step| Some((step, scheduled_sparsity(&SPEC, step, 100)?))).collect();
        assert_eq!(shares.first(), Some(&(10, 0.0)));
        assert_eq!(shares.last(), Some(&(70, 0.9)));
        assert_eq!(shares.len(), 13);
        assert!(shares.windows(2).all(|pair| pair[0].1 < pair[1].1));
        // Half-way: 0.9 (1 - 1/8).
        assert!(shares.iter().any(|&(step, share)| step == 40 && (share - 0.7875).abs() < 1e-12));
    }

    #[test]
    fn the_end_is_reached_whatever_the_number_of_steps() {
        for total in 1..200 {
            for every in [1, 7, 1000] {
                for (begin, end) in [(0.0, 1.0), (0.1, 0.7), (0.5, 0.51)] {
                    let spec = Magnitude { share: 0.9, begin, end, every };
                    let last = (1..=total).filter_map(|step| scheduled_sparsity(&spec, step, total)).next_back();
                    assert_eq!(last, Some(0.9), "{total} steps, {spec:?}");
                }
            }
        }
    }

    #[test]
    fn the_smallest_go_and_of_equal_ones_the_first() {
        let weights = tensor(&[0.5, -0.1, 0.1, 0.1, -0.5, 2.0], [2, 3]);
        assert_eq!(values(&zero_smallest(&weights, 0.34)), values(&tensor(&[0.5, 0.0, 0.0, 0.1, -0.5, 2.0], [2, 3])));
        assert_eq!(values(&zero_smallest(&weights, 0.67)), values(&tensor(&[0.0, 0.0, 0.0, 0.0, -0.5, 2.0], [2, 3])));
        assert_eq!(values(&zero_smallest(&weights, 0.0)), values(&weights));
    }

    #[test]
    fn what_is_not_a_number_is_not_hidden() {
        let weights = tensor(&[f32::NAN, 1.0, -f32::NAN], [1, 3]);
        let ours = values(&zero_smallest(&weights, 1.0));
        assert!(ours[0].is_nan() && ours[1] == 0.0 && ours[2].is_nan());
    }

    #[test]
    fn each_matrix_is_pruned_for_itself() {
        let mut weights = WeightMatrices::from([
            (WeightMatrixKind::Hidden, tensor(&[1.0, 2.0, 3.0, 4.0], [2, 2])),
            (WeightMatrixKind::Output, tensor(&[10.0, 20.0, 30.0, 40.0], [2, 2])),
        ]);
        let spec = Magnitude { share: 0.5, begin: 0.0, end: 1.0, every: 1 };
        let now = PruningStep { step: 4, total_steps: 4, learning_rate: 0.1 };
        assert!(spec.after_step(now, &mut weights));
        assert_eq!(values(&weights[&WeightMatrixKind::Hidden]), [0.0, 0.0, 3.0, 4.0]);
        assert_eq!(values(&weights[&WeightMatrixKind::Output]), [0.0, 0.0, 30.0, 40.0]);
        assert!(!spec.after_step(PruningStep { step: 5, total_steps: 4, learning_rate: 0.1 }, &mut weights));
    }

    proptest! {
        #[test]
        fn the_share_is_exact_and_nothing_comes_back(
            weights in proptest::collection::vec(prop_oneof![Just(0.25_f32), -1.0_f32..1.0], 1..60),
            shares in proptest::collection::vec(0.0..1.0, 1..5),
        ) {
            let mut shares = shares;
            shares.sort_by(f64::total_cmp);
            let before = tensor(&weights, [1, weights.len()]);
            let mut now = before.clone();
            for share in shares {
                let earlier = values(&now);
                now = zero_smallest(&now, share);
                let later = values(&now);
                let wanted = (share * weights.len() as f64).round() as usize;
                prop_assert_eq!(zeros(&later), wanted.max(zeros(&earlier)));
                for (later, earlier) in later.iter().zip(&earlier) {
                    prop_assert!(*later == 0.0 || later.to_bits() == earlier.to_bits());
                }
            }
        }
    }
}
