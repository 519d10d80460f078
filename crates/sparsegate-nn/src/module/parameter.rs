//! A variational parameter as a Burn module.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::variational::VariationalMatrix;
use sparsegate_core::KeptCount;

/// A weight matrix, or a `[1, n]` vector of group factors, whose tensors are parameters of a Burn module.
#[derive(Module, Debug)]
pub struct VariationalParameter {
    /// Means, `[R, C]`; the weights themselves if they are deterministic.
    pub mean: Param<Tensor<2>>,
    /// Natural logarithms of the standard deviations, `[R, C]`; `None` for deterministic weights.
    pub log_sigma: Option<Param<Tensor<2>>>,
}

impl From<VariationalMatrix> for VariationalParameter {
    /// Makes the tensors parameters with new ids.
    fn from(VariationalMatrix { mean, log_sigma }: VariationalMatrix) -> Self {
        Self { mean: parameter(mean), log_sigma: log_sigma.map(parameter) }
    }
}

impl VariationalParameter {
    /// The matrix of the same tensors. Gradients with respect to it are those of the parameter.
    pub fn matrix(&self) -> VariationalMatrix {
        VariationalMatrix { mean: self.mean.val(), log_sigma: self.log_sigma.as_ref().map(Param::val) }
    }

    /// Sum of the KL divergences of all elements from the log-uniform prior, nats, `[1]`, without the KL weight;
    /// `None` if the parameter is deterministic. Differentiable. The formula is stated at [`crate::variational`].
    pub fn kl(&self) -> Option<Tensor<1>> {
        self.matrix().kl()
    }

    /// The parameter with its means that count as noise set to zero, and how many do not. Log sigmas stay as they
    /// are, so that the same elements still count as noise. Ids and training state stay as well. `prune_at_limit`
    /// tells whether an element exactly at [`LOG_ALPHA_LIMIT`](sparsegate_core::LOG_ALPHA_LIMIT) counts as noise.
    #[must_use]
    pub fn pruned(&self, prune_at_limit: bool) -> (Self, KeptCount) {
        let matrix = self.matrix();
        let pruned = matrix.to_deterministic(true, prune_at_limit).mean.inner();
        let mean = self.mean.clone().map(|mean| {
            if mean.is_autodiff() { pruned.autodiff().set_require_grad(mean.is_require_grad()) } else { pruned }
        });
        (Self { mean, log_sigma: self.log_sigma.clone() }, matrix.kept(prune_at_limit))
    }
}

/// A trainable parameter that is a leaf of the autodiff graph, whatever computed the tensor.
pub(super) fn parameter(tensor: Tensor<2>) -> Param<Tensor<2>> {
    Param::from_tensor(tensor.detach())
}
