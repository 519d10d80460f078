//! Pruning baselines that the Bayesian method is compared with. They use no noise.
//!
//! A baseline changes the weights after each step of the optimiser and sets pruned weights to exactly zero. It keeps no
//! other state: the gradient of a zero weight is set to zero ([`mask_gradient`]) and so are its Adam moments
//! ([`mask_moments`]), so the optimiser does not move it and a checkpoint needs no masks. A weight that is exactly
//! zero at initialisation therefore stays zero too; randomly initialised weights are not.
//!
//! | file | method |
//! |---|---|
//! | `magnitude` | set a growing fraction of each matrix's weights to zero, smallest magnitudes first |
//! | `group_lasso` | shrink all weights that read a unit together, until the unit is pruned |
//!
//! Masks, counts and figures are computed as for the Bayesian method; a weight counts as pruned if it is exactly zero.

mod group_lasso;
mod magnitude;

use std::collections::BTreeMap;
use std::fmt::Debug;

use burn::tensor::Tensor;

use crate::engine::Moments;
use sparsegate_core::Sparsity;

/// The weight matrices that baselines prune, which are those that the compression ratio counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WeightMatrixKind {
    /// Embedding vectors of the input symbols, `[V, E]`.
    Embedding,
    /// Input-to-hidden weights, `[I, P * H]`.
    Input,
    /// Hidden-to-hidden weights, `[H, P * H]`.
    Hidden,
    /// Output weights, `[H, O]`.
    Output,
}

impl WeightMatrixKind {
    /// The matrix that a parameter path such as `lstm/w_input/mean` names; `None` for other parameters, such as biases.
    pub fn from_path(path: &str) -> Option<Self> {
        match path.strip_suffix("/mean")? {
            "embedding/w" => Some(Self::Embedding),
            "output/w" => Some(Self::Output),
            path if path.ends_with("/w_input") => Some(Self::Input),
            path if path.ends_with("/w_hidden") => Some(Self::Hidden),
            _ => None,
        }
    }
}

/// The weight matrices of a network.
pub type WeightMatrices = BTreeMap<WeightMatrixKind, Tensor<2>>;

/// The progress of a training run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PruningStep {
    /// The optimiser step that was just taken, counted from 1.
    pub step: u64,
    /// Number of steps of the whole run.
    pub total_steps: u64,
    /// The learning rate of this step.
    pub learning_rate: f64,
}

/// A pruning method that acts during training.
pub trait Baseline: Debug + Send + Sync {
    /// Updates the weights after a step of the optimiser; `false` means that none of them changed. The result depends
    /// on the arguments alone, not on the number of threads. NaN weights are never pruned, so that the check for
    /// non-finite numbers still finds them.
    fn after_step(&self, now: PruningStep, weights: &mut WeightMatrices) -> bool;
}

/// The baseline of a run.
#[derive(Debug)]
pub struct Pruning {
    /// The pruning method.
    pub baseline: Box<dyn Baseline>,
    /// Number of steps of the whole run.
    pub total_steps: u64,
}

/// The baseline that a sparsity level asks for; `None` if it asks for none.
pub fn for_level(level: &Sparsity) -> Option<Box<dyn Baseline>> {
    let magnitude = level.magnitude.clone().map(|magnitude| Box::new(magnitude) as Box<dyn Baseline>);
    magnitude.or_else(|| level.group_lasso.clone().map(|lasso| Box::new(lasso) as Box<dyn Baseline>))
}

/// The gradient of a weight matrix, set to zero where the weight is zero.
pub fn mask_gradient(weights: &Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
    gradient.mask_fill(weights.clone().equal_elem(0.0), 0.0)
}

/// The optimiser's moments of a weight matrix, set to zero where the weight is zero.
pub fn mask_moments(weights: &Tensor<2>, moments: Moments) -> Moments {
    let zeros = weights.clone().equal_elem(0.0);
    Moments { first: moments.first.mask_fill(zeros.clone(), 0.0), second: moments.second.mask_fill(zeros, 0.0) }
}

/// The elements of a tensor, copied to the host in row-major order.
fn values(tensor: &Tensor<2>) -> Vec<f64> {
    match tensor.to_data().convert::<f64>().try_into_vec() {
        Ok(values) => values,
        Err(error) => unreachable!("data converted to f64 is f64: {error:?}"),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};

    use super::*;
    use crate::engine::{AdamStep, Ops, ReferenceOps};
    use sparsegate_core::{GroupLasso, Magnitude, Prior};

    fn tensor(values: Vec<f64>, shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), DType::F32))
    }

    #[test]
    fn matrices_are_known_by_their_paths() {
        assert_eq!(WeightMatrixKind::from_path("embedding/w/mean"), Some(WeightMatrixKind::Embedding));
        assert_eq!(WeightMatrixKind::from_path("gru/w_input/mean"), Some(WeightMatrixKind::Input));
        assert_eq!(WeightMatrixKind::from_path("lstm/w_hidden/mean"), Some(WeightMatrixKind::Hidden));
        assert_eq!(WeightMatrixKind::from_path("output/w/mean"), Some(WeightMatrixKind::Output));
        for other in ["lstm/bias", "output/bias", "lstm/w_input/log_sigma", "lstm/z_gates/mean"] {
            assert_eq!(WeightMatrixKind::from_path(other), None, "{other}");
        }
    }

    #[test]
    fn a_level_has_at_most_one_baseline() {
        let dense = Sparsity {
            name: "dense".to_owned(),
            weights: Prior::None,
            vocabulary: Prior::None,
            inputs: Prior::None,
            neurons: Prior::None,
            gates: Prior::None,
            output: Prior::None,
            magnitude: None,
            group_lasso: None,
        };
        assert!(for_level(&dense).is_none());
        let lasso = Sparsity { group_lasso: Some(GroupLasso { strength: 1.0 }), ..dense.clone() };
        assert!(format!("{:?}", for_level(&lasso)).contains("GroupLasso"));
        let magnitude = Some(Magnitude { share: 0.5, begin: 0.0, end: 1.0, every: 1 });
        assert!(format!("{:?}", for_level(&Sparsity { magnitude, ..dense })).contains("Magnitude"));
    }

    #[test]
    fn what_is_zero_stays_zero_under_the_optimiser() {
        let scale = Tensor::from_data([1.0_f32], &Device::flex());
        let step = AdamStep { rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        let moments = || Moments { first: tensor(vec![0.5; 4], [2, 2]), second: tensor(vec![0.25; 4], [2, 2]) };
        let mut weights = tensor(vec![0.0, 1.0, -0.0, -1.0], [2, 2]);
        let mut moments = mask_moments(&weights, moments());
        assert_eq!(values(&moments.first), [0.0, 0.5, 0.0, 0.5]);
        assert_eq!(values(&moments.second), [0.0, 0.25, 0.0, 0.25]);
        for _ in 0..3 {
            let gradient = mask_gradient(&weights, tensor(vec![0.3; 4], [2, 2]));
            (weights, moments) = ReferenceOps.adam(weights, gradient, moments, &scale, &step);
        }
        let ours = values(&weights);
        assert_eq!((ours[0], ours[2]), (0.0, 0.0));
        assert!(ours[1] < 1.0 && ours[3] < -1.0, "the others move: {ours:?}");
    }
}
