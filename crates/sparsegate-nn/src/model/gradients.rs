//! The gradients of one training step: metrics, total gradients and the Adam update.

use burn::tensor::{Gradients, Tensor};

use super::network::{Network, Parameter, ParameterKind};
use super::symbols::NO_ROW;
use crate::baselines::{WeightMatrixKind, mask_gradient};
use crate::engine::{AdamStep, DataGradients, Moments, Ops};
use sparsegate_core::Batch;

/// The gradient of one parameter of the network.
enum ParameterGradient {
    /// The total gradient of a deterministic matrix or a bias.
    Total(Tensor<2>),
    /// The gradient of the data loss to a variational parameter; the KL gradient is added when it is used.
    Data(DataGradients),
}

/// The gradients of a batch: those of the weight matrices and group factors, then those of the biases, in the network's
/// order.
pub(super) struct StepGradients {
    parts: Vec<ParameterGradient>,
    /// Weight of the KL term at this step.
    kl_weight: f64,
}

/// The KL term of the objective and the squared gradient norm.
pub(super) struct KlTermAndNorm {
    /// Sum of the KL divergences times the KL weight, weights before group factors; `None` for a deterministic network.
    pub(super) kl_term: Option<Tensor<1>>,
    /// Sum of squares of the total gradient; `None` for a network without tensors.
    pub(super) square_sum: Option<Tensor<1>>,
}

fn sum(values: Vec<Tensor<1>>) -> Option<Tensor<1>> {
    values.into_iter().reduce(|sum, value| sum + value)
}

impl StepGradients {
    /// Collects the gradients that autodiff computed for `leaves`. With `hold`, a pruned weight (exactly zero) gets no
    /// gradient.
    pub(super) fn new(
        leaves: &mut impl Network,
        mut found: Gradients,
        batch: &Batch,
        hold: bool,
        kl_weight: f64,
    ) -> Self {
        let mut of = |leaf: &Tensor<2>| leaf.grad_remove(&mut found);
        let mut parts = Vec::new();
        for Parameter { name, value, .. } in leaves.parameters() {
            let mean = value.mean.clone().inner();
            let to_mean = of(&value.mean).unwrap_or_else(|| mean.zeros_like());
            parts.push(match &value.log_sigma {
                None if hold && WeightMatrixKind::from_path(&format!("{name}/mean")).is_some() => {
                    ParameterGradient::Total(mask_gradient(&mean, to_mean))
                }
                None => ParameterGradient::Total(to_mean),
                Some(log_sigma) => {
                    let log_sigma = of(log_sigma).unwrap_or_else(|| to_mean.zeros_like());
                    // Only parameters that a batch reads row by row have row-sparse gradients; see
                    // [`Ops::sample_weight_rows`].
                    let rows = (to_mean.dims() != mean.dims()).then(|| sorted_distinct(&batch.inputs));
                    ParameterGradient::Data(DataGradients { mean: to_mean, log_sigma, rows })
                }
            });
        }
        for (_, bias) in leaves.biases() {
            parts.push(ParameterGradient::Total(of(bias).unwrap_or_else(|| bias.clone().inner().zeros_like())));
        }
        Self { parts, kl_weight }
    }

    /// The KL term and the sum of squares of the total gradient.
    pub(super) fn kl_term_and_norm(&self, network: &impl Network, ops: &dyn Ops) -> KlTermAndNorm {
        let (mut terms, mut of_groups, mut squares) = (Vec::new(), Vec::new(), Vec::new());
        let mut network = network.clone();
        let mut parts = self.parts.iter();
        for (Parameter { kind, value, .. }, part) in network.parameters().into_iter().zip(&mut parts) {
            match (&value.log_sigma, part) {
                (Some(log_sigma), ParameterGradient::Data(gradients)) => {
                    let found = ops.kl_and_gradient_norm([&value.mean, log_sigma], gradients, self.kl_weight);
                    squares.push(found.square_sum);
                    if kind == ParameterKind::Groups { &mut of_groups } else { &mut terms }.push(found.kl);
                }
                (_, part) => squares.extend(part.total().map(|gradient| ops.square_sum(gradient))),
            }
        }
        squares.extend(parts.filter_map(ParameterGradient::total).map(|gradient| ops.square_sum(gradient)));
        terms.append(&mut of_groups);
        // Not `div_scalar`, which rounds the reciprocal of the divisor to single precision even for f64.
        let kl_term = sum(terms).map(|kl| kl.mul_scalar(self.kl_weight));
        KlTermAndNorm { kl_term, square_sum: sum(squares) }
    }

    /// The total gradient (data and KL) of each tensor, with its name.
    pub(super) fn total(&self, network: &impl Network, ops: &dyn Ops) -> Vec<(String, Tensor<2>)> {
        let mut whole = Vec::new();
        let mut network = network.clone();
        let mut parts = self.parts.iter();
        for (Parameter { name, value, .. }, part) in network.parameters().into_iter().zip(&mut parts) {
            let (to_mean, to_log_sigma) = (format!("{name}/mean"), format!("{name}/log_sigma"));
            match (&value.log_sigma, part) {
                (Some(log_sigma), ParameterGradient::Data(gradients)) => {
                    let found = ops.total_gradients([&value.mean, log_sigma], gradients.clone(), self.kl_weight);
                    whole.extend([to_mean, to_log_sigma].into_iter().zip(found));
                }
                (_, part) => whole.extend(part.total().map(|gradient| (to_mean, gradient.clone()))),
            }
        }
        let names = network.biases().into_iter().map(|(name, _)| name);
        whole.extend(names.zip(parts.filter_map(ParameterGradient::total).cloned()));
        whole
    }

    /// Makes one Adam step; `moments` are in the order of [`Network::visit`].
    pub(super) fn adam(
        self,
        network: &mut impl Network,
        moments: &mut [Moments],
        ops: &dyn Ops,
        scale: &Tensor<1>,
        step: &AdamStep,
    ) {
        let (device, dtype) = network.device_and_dtype();
        let nothing = Tensor::<2>::zeros([1, 1], (&device, dtype));
        // Ops update a tensor in place only if they hold the last handle to it.
        let take = |tensor: &mut Tensor<2>| std::mem::replace(tensor, nothing.clone());
        let take_both =
            |moments: &mut Moments| Moments { first: take(&mut moments.first), second: take(&mut moments.second) };
        let move_one = |tensor: &mut Tensor<2>, gradient: Tensor<2>, moments: &mut Moments| {
            (*tensor, *moments) = ops.adam(take(tensor), gradient, take_both(moments), scale, step);
        };
        let (mut parts, mut moments) = (self.parts.into_iter(), moments.iter_mut());
        for (Parameter { value, .. }, part) in network.parameters().into_iter().zip(&mut parts) {
            match (&mut value.log_sigma, part) {
                (Some(log_sigma), ParameterGradient::Data(gradients)) => {
                    let (Some(of_mean), Some(of_log_sigma)) = (moments.next(), moments.next()) else { return };
                    let parameter = [take(&mut value.mean), take(log_sigma)];
                    let old = [take_both(of_mean), take_both(of_log_sigma)];
                    [(value.mean, *of_mean), (*log_sigma, *of_log_sigma)] =
                        ops.adam_variational(parameter, gradients, self.kl_weight, old, scale, step);
                }
                (_, ParameterGradient::Total(gradient)) => {
                    let Some(moments) = moments.next() else { return };
                    move_one(&mut value.mean, gradient, moments);
                }
                (None, ParameterGradient::Data(_)) => {
                    unreachable!("gradients are computed for this network's own parameters")
                }
            }
        }
        for (((_, bias), part), moments) in network.biases().into_iter().zip(parts).zip(moments) {
            if let ParameterGradient::Total(gradient) = part {
                move_one(bias, gradient, moments);
            }
        }
    }
}

impl ParameterGradient {
    fn total(&self) -> Option<&Tensor<2>> {
        match self {
            Self::Total(gradient) => Some(gradient),
            Self::Data(_) => None,
        }
    }
}

/// The distinct symbols of a batch that have a row, in ascending order.
fn sorted_distinct(symbols: &[u32]) -> Vec<u32> {
    let mut distinct: Vec<u32> = symbols.iter().copied().filter(|symbol| *symbol != NO_ROW).collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}
