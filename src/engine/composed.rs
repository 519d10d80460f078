//! Every op out of Burn's own tensor ops: any backend, any float type, gradients by autodiff.

use burn::tensor::{Int, Tensor, activation};

use super::noise::Noise;
use super::ops::{AdamStep, LstmInputs, LstmOutputs, Moments, Ops};

/// The ops as compositions; slow (the recurrence's backward is quadratic in the number of steps) and plain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Composed;

impl Ops for Composed {
    fn noisy(&self, mean: Tensor<2>, log_sigma: Tensor<2>, noise: &Noise) -> Tensor<2> {
        let noise = noise.matrix(mean.dims(), &mean.device().inner(), mean.dtype());
        mean + noise * log_sigma.exp()
    }

    fn noisy_rows(&self, mean: Tensor<2>, log_sigma: Tensor<2>, ids: Tensor<1, Int>, noise: &Noise) -> Tensor<2> {
        self.noisy(mean, log_sigma, noise).select(0, ids)
    }

    fn penalty(&self, mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<1> {
        // The floor keeps a mean of exactly zero from turning 0 * inf into NaN; the clamp behind it stops the gradient.
        let smallest = match mean.dtype() {
            burn::tensor::DType::F64 => f64::MIN_POSITIVE,
            _ => f64::from(f32::MIN_POSITIVE),
        };
        let log_alpha = (log_sigma.mul_scalar(2.0) - mean.square().clamp_min(smallest).log()).clamp(-8.0, 8.0);
        let softplus = log_alpha.clone().neg().exp().log1p().mul_scalar(0.5);
        let step = activation::sigmoid(log_alpha.add_scalar(1.3).mul_scalar(1.5)).mul_scalar(0.64).add_scalar(0.03);
        (softplus - step).sum()
    }

    fn lstm(&self, inputs: LstmInputs) -> LstmOutputs {
        let LstmInputs { input, recurrent, z_gates, bias, z_neurons, mut hidden, mut cell } = inputs;
        let [rows, units] = z_neurons.dims();
        let steps = input.dims()[0] / rows;
        let mut hiddens = Vec::with_capacity(steps);
        let mut cells = Vec::with_capacity(steps);
        for step in 0..steps {
            let input = input.clone().slice([step * rows..(step + 1) * rows, 0..4 * units]);
            let preactivation = (input + hidden.matmul(recurrent.clone())) * z_gates.clone() + bias.clone();
            let gate = |index: usize| preactivation.clone().slice([0..rows, index * units..(index + 1) * units]);
            cell = activation::sigmoid(gate(1)) * cell + activation::sigmoid(gate(0)) * gate(2).tanh();
            hidden = activation::sigmoid(gate(3)) * cell.clone().tanh() * z_neurons.clone();
            hiddens.push(hidden.clone());
            cells.push(cell.clone().inner());
        }
        LstmOutputs { hidden: Tensor::cat(hiddens, 0), cell: Tensor::cat(cells, 0) }
    }

    fn cross_entropy(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        let rows = logits.dims()[0];
        let log_probabilities = activation::log_softmax(logits + bias, 1);
        log_probabilities.gather(1, targets.reshape([rows, 1])).mean().neg()
    }

    fn square_sum(&self, values: &Tensor<2>) -> f64 {
        values.clone().square().sum().into_scalar()
    }

    fn adam(
        &self,
        parameter: Tensor<2>,
        gradient: Tensor<2>,
        moments: Moments,
        step: &AdamStep,
    ) -> (Tensor<2>, Moments) {
        let gradient = gradient.mul_scalar(step.gradient_scale);
        let first = moments.first.mul_scalar(step.beta1) + gradient.clone().mul_scalar(1.0 - step.beta1);
        let second = moments.second.mul_scalar(step.beta2) + gradient.square().mul_scalar(1.0 - step.beta2);
        let update = first.clone().mul_scalar(step.rate) / second.clone().sqrt().add_scalar(step.epsilon);
        (parameter - update, Moments { first, second })
    }
}
