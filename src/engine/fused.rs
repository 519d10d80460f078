//! [`Ops`] by the kernels of the backend that the tensors live on.

use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};

use super::composed::Composed;
use super::extension::{AdamPrimitives, PenaltyPrimitives, RecurrencePrimitives, SparseOps};
use super::noise::Noise;
use super::ops::{AdamStep, Moments, Ops, Penalized, RecurrenceInputs};
use crate::cells::Cell;

/// The kernels of each backend, and a handwritten backward pass. Tensors are `f32`, on flex also `f64`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fused;

impl Ops for Fused {
    fn noisy(&self, mean: Tensor<2>, log_sigma: Tensor<2>, noise: &Noise) -> Tensor<2> {
        match noise {
            Noise::Given(_) => Composed.noisy(mean, log_sigma, noise),
            Noise::Counter(key) => Tensor::from_dispatch(<Dispatch as SparseOps>::noisy(
                mean.into_dispatch(),
                log_sigma.into_dispatch(),
                key.seed,
                key.step,
                key.stream,
            )),
        }
    }

    fn noisy_rows(&self, mean: Tensor<2>, log_sigma: Tensor<2>, ids: Tensor<1, Int>, noise: &Noise) -> Tensor<2> {
        match noise {
            Noise::Given(_) => Composed.noisy_rows(mean, log_sigma, ids, noise),
            Noise::Counter(key) => Tensor::from_dispatch(<Dispatch as SparseOps>::noisy_rows(
                mean.into_dispatch(),
                log_sigma.into_dispatch(),
                ids.into_dispatch(),
                key.seed,
                key.step,
                key.stream,
            )),
        }
    }

    fn penalty(&self, mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<1> {
        Tensor::from_dispatch(<Dispatch as SparseOps>::penalty(mean.into_dispatch(), log_sigma.into_dispatch()))
    }

    fn penalize(&self, mean: &Tensor<2>, log_sigma: &Tensor<2>, gradients: [Tensor<2>; 2], share: f64) -> Penalized {
        let [mean_gradient, log_sigma_gradient] = gradients.map(Tensor::into_dispatch);
        let (mean, log_sigma, penalty, square_sum) = <Dispatch as SparseOps>::penalize(PenaltyPrimitives {
            mean: mean.clone().into_dispatch(),
            log_sigma: log_sigma.clone().into_dispatch(),
            mean_gradient,
            log_sigma_gradient,
            share,
        });
        Penalized {
            mean: Tensor::from_dispatch(mean),
            log_sigma: Tensor::from_dispatch(log_sigma),
            penalty: Tensor::from_dispatch(penalty),
            square_sum: Tensor::from_dispatch(square_sum),
        }
    }

    fn recurrence(&self, cell: &dyn Cell, inputs: RecurrenceInputs<'_>) -> Vec<Tensor<2>> {
        let Some(kernel) = cell.kernel() else {
            return Composed.recurrence(cell, inputs);
        };
        let count = inputs.states.len();
        let mut states = inputs.states.into_iter().map(Tensor::into_dispatch);
        let Some(hidden) = states.next() else { unreachable!("a cell has a hidden state") };
        let second = states.next().unwrap_or_else(|| hidden.clone());
        let (hidden, second) = <Dispatch as SparseOps>::recurrence(RecurrencePrimitives {
            input: inputs.input.into_dispatch(),
            recurrent: inputs.recurrent.into_dispatch(),
            z_gates: inputs.z_gates.into_dispatch(),
            bias: inputs.bias.into_dispatch(),
            z_neurons: inputs.z_neurons.into_dispatch(),
            hidden,
            second,
            active: inputs.active.to_vec(),
            kernel,
            activation: inputs.activation,
        });
        let states = [Tensor::from_dispatch(hidden), Tensor::<2>::from_dispatch(second).inner()];
        states.into_iter().take(count).collect()
    }

    fn cross_entropy(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        Tensor::from_dispatch(<Dispatch as SparseOps>::cross_entropy(
            logits.into_dispatch(),
            bias.into_dispatch(),
            targets.into_dispatch(),
        ))
    }

    fn class_loss(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        Composed.class_loss(logits, bias, targets)
    }

    fn square_sum(&self, values: &Tensor<2>) -> Tensor<1> {
        Tensor::from_dispatch(<Dispatch as SparseOps>::square_sum(values.clone().into_dispatch()))
    }

    fn adam(
        &self,
        parameter: Tensor<2>,
        gradient: Tensor<2>,
        moments: Moments,
        scale: &Tensor<1>,
        step: &AdamStep,
    ) -> (Tensor<2>, Moments) {
        let (parameter, first, second) = <Dispatch as SparseOps>::adam(AdamPrimitives {
            parameter: parameter.into_dispatch(),
            gradient: gradient.into_dispatch(),
            first: moments.first.into_dispatch(),
            second: moments.second.into_dispatch(),
            scale: scale.clone().into_dispatch(),
            step: *step,
        });
        let [parameter, first, second] = [parameter, first, second].map(Tensor::from_dispatch);
        (parameter, Moments { first, second })
    }
}
