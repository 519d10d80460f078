//! All ops composed of Burn's own tensor ops: any backend, any float type, gradients by autodiff.

use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData, activation};

use super::noise::Noise;
use super::ops::{AdamStep, DataGradients, KlAndNorm, Moments, Ops, RecurrenceInputs};
use crate::cells::{self, CellStep};
use crate::variational::kl::{LOG_ALPHA_CLAMP, OFFSET, STEP_HEIGHT, STEP_SHIFT, STEP_STEEPNESS};
use sparsegate_core::cells::Cell;

/// The reference implementation: simple and slow (the recurrence's backward pass is quadratic in the number of steps).
#[derive(Debug, Clone, Copy, Default)]
pub struct ReferenceOps;

/// Sum of the KL divergences from the log-uniform prior, `[1]`, of a variational parameter given as its means and log
/// sigmas, both `[R, C]`; see [`crate::variational`]. Differentiable by autodiff.
pub(crate) fn kl_divergence(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<1> {
    // For a mean of exactly zero, the lower bound avoids 0 * inf = NaN and the clamp makes the gradient zero.
    let smallest = match mean.dtype() {
        burn::tensor::DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    };
    let log_alpha =
        (log_sigma.mul_scalar(2.0) - mean.square().clamp_min(smallest).log()).clamp(-LOG_ALPHA_CLAMP, LOG_ALPHA_CLAMP);
    let softplus = log_alpha.clone().neg().exp().log1p().mul_scalar(0.5);
    let step = activation::sigmoid(log_alpha.add_scalar(STEP_SHIFT).mul_scalar(STEP_STEEPNESS));
    let step = step.mul_scalar(STEP_HEIGHT).add_scalar(OFFSET);
    (softplus - step).sum()
}

/// The sum of the KL divergences, and the total gradients `[R, C]`: those of the data loss plus `kl_weight` (the KL
/// weight, 1/N) times those of the KL divergence.
fn kl_and_total_gradients(
    parameter: [&Tensor<2>; 2],
    gradients: &DataGradients,
    kl_weight: f64,
) -> (Tensor<1>, [Tensor<2>; 2]) {
    let [mean, log_sigma] = parameter.map(|tensor| tensor.clone().autodiff().require_grad());
    let kl = kl_divergence(mean.clone(), log_sigma.clone());
    let mut found = kl.backward();
    let mut add = |gradient: &Tensor<2>, leaf: &Tensor<2>| {
        let gradient = scatter_rows(gradient, gradients.rows.as_deref(), parameter[0]);
        match leaf.grad_remove(&mut found) {
            Some(own) => gradient + own.mul_scalar(kl_weight),
            None => gradient,
        }
    };
    let total = [add(&gradients.mean, &mean), add(&gradients.log_sigma, &log_sigma)];
    (kl.inner(), total)
}

/// Expands a gradient of some rows to the shape of `like`, with zeros in the other rows.
fn scatter_rows(gradient: &Tensor<2>, rows: Option<&[u32]>, like: &Tensor<2>) -> Tensor<2> {
    let Some(rows) = rows else { return gradient.clone() };
    let rows: Vec<i64> = rows.iter().map(|row| i64::from(*row)).collect();
    let count = rows.len();
    let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &like.device());
    like.zeros_like().select_assign(0, rows, gradient.clone(), IndexingUpdateOp::Add)
}

impl Ops for ReferenceOps {
    fn matmul(&self, left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
        left.matmul(right)
    }

    fn sample_weights(&self, mean: Tensor<2>, log_sigma: Tensor<2>, noise: &Noise) -> Tensor<2> {
        let noise = noise.matrix(mean.dims(), &mean.device().inner(), mean.dtype());
        mean + noise * log_sigma.exp()
    }

    fn sample_weight_rows(
        &self,
        mean: Tensor<2>,
        log_sigma: Tensor<2>,
        ids: Tensor<1, Int>,
        noise: &Noise,
    ) -> Tensor<2> {
        self.sample_weights(mean, log_sigma, noise).select(0, ids)
    }

    fn kl_and_gradient_norm(&self, parameter: [&Tensor<2>; 2], gradients: &DataGradients, kl_weight: f64) -> KlAndNorm {
        let (kl, total) = kl_and_total_gradients(parameter, gradients, kl_weight);
        let [to_mean, to_log_sigma] = total.map(|gradient| self.square_sum(&gradient));
        KlAndNorm { kl, square_sum: to_mean + to_log_sigma }
    }

    fn adam_variational(
        &self,
        parameter: [Tensor<2>; 2],
        gradients: DataGradients,
        kl_weight: f64,
        moments: [Moments; 2],
        scale: &Tensor<1>,
        step: &AdamStep,
    ) -> [(Tensor<2>, Moments); 2] {
        let (_, [to_mean, to_log_sigma]) = kl_and_total_gradients(parameter.each_ref(), &gradients, kl_weight);
        let ([mean, log_sigma], [of_mean, of_log_sigma]) = (parameter, moments);
        [self.adam(mean, to_mean, of_mean, scale, step), self.adam(log_sigma, to_log_sigma, of_log_sigma, scale, step)]
    }

    fn recurrence(&self, cell: &dyn Cell, inputs: RecurrenceInputs<'_>) -> Vec<Tensor<2>> {
        let RecurrenceInputs {
            input, recurrent, z_gates, bias, z_neurons, states: initial, active, activation, ..
        } = inputs.with_all_columns(cell);
        let rows = |tensor: &Tensor<2>, from: usize, to: usize| tensor.clone().slice([from..to, 0..tensor.dims()[1]]);
        let mut after: Vec<Vec<Tensor<2>>> = vec![Vec::with_capacity(active.len()); initial.len()];
        let mut states: Vec<Tensor<2>> = Vec::new();
        let (mut done, mut before) = (0, 0);
        for &now in active {
            // Sequences that start at this step are appended with their initial states.
            states = if states.is_empty() {
                initial.iter().map(|state| rows(state, 0, now)).collect()
            } else if now > before {
                let joined = states.into_iter().zip(&initial);
                joined.map(|(state, initial)| Tensor::cat(vec![state, rows(initial, before, now)], 0)).collect()
            } else {
                states
            };
            states = cells::step(
                cell,
                &CellStep {
                    input: rows(&input, done, done + now),
                    recurrent: states[0].clone().matmul(recurrent.clone()),
                    z_gates: rows(&z_gates, 0, now),
                    bias: bias.clone(),
                    z_neurons: rows(&z_neurons, 0, now),
                    states,
                    activation,
                },
            );
            for (index, (after, state)) in after.iter_mut().zip(&states).enumerate() {
                after.push(if index == 0 { state.clone() } else { state.clone().inner() });
            }
            (done, before) = (done + now, now);
        }
        after.into_iter().map(|states| Tensor::cat(states, 0)).collect()
    }

    fn cross_entropy(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        let rows = logits.dims()[0];
        let log_probabilities = activation::log_softmax(logits + bias, 1);
        log_probabilities.gather(1, targets.reshape([rows, 1])).mean().neg()
    }

    fn class_loss(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        const CLIP: f64 = 1e-6;
        let [rows, columns] = logits.dims();
        let (dtype, targets) = (logits.dtype(), targets.reshape([rows, 1]));
        let probabilities = if columns == 1 {
            // 1 - s(x) = s(-x), which does not cancel when it is small.
            let signs = targets.float().cast(dtype).mul_scalar(2.0).sub_scalar(1.0);
            activation::sigmoid((logits + bias) * signs)
        } else {
            activation::softmax(logits + bias, 1).gather(1, targets)
        };
        probabilities.clamp(CLIP, 1.0 - CLIP).log().mean().neg()
    }

    fn square_sum(&self, values: &Tensor<2>) -> Tensor<1> {
        values.clone().square().sum()
    }

    fn adam(
        &self,
        parameter: Tensor<2>,
        gradient: Tensor<2>,
        moments: Moments,
        scale: &Tensor<1>,
        step: &AdamStep,
    ) -> (Tensor<2>, Moments) {
        let gradient = gradient * scale.clone().unsqueeze::<2>();
        let first = moments.first.mul_scalar(step.beta1) + gradient.clone().mul_scalar(1.0 - step.beta1);
        let second = moments.second.mul_scalar(step.beta2) + gradient.square().mul_scalar(1.0 - step.beta2);
        let update = first.clone().mul_scalar(step.rate) / second.clone().sqrt().add_scalar(step.epsilon);
        (parameter - update, Moments { first, second })
    }
}
