//! [`Ops`] implemented by the kernels of the backend that holds the tensors.

use burn::backend::Dispatch;
use burn::tensor::{Device, Int, Tensor};

use super::extension::{AdamPrimitives, RecurrencePrimitives, RoutedOps, VariationalMoments, VariationalPrimitives};
use super::noise::Noise;
use super::ops::{AdamStep, DataGradients, KlAndNorm, Moments, Ops, RecurrenceInputs};
use super::reference::ReferenceOps;
use sparsegate_core::cells::Cell;

/// Kernels with handwritten backward passes. Tensors are `f32`; flex and libtorch also accept `f64`.
#[derive(Debug, Clone, Copy, Default)]
pub struct FusedOps;

fn variational_primitives(
    parameter: [Tensor<2>; 2],
    gradients: DataGradients,
    kl_weight: f64,
) -> VariationalPrimitives<Dispatch> {
    let [mean, log_sigma] = parameter.map(Tensor::into_dispatch);
    let DataGradients { mean: to_mean, log_sigma: to_log_sigma, rows } = gradients;
    let [mean_gradient, log_sigma_gradient] = [to_mean, to_log_sigma].map(Tensor::into_dispatch);
    VariationalPrimitives { mean, log_sigma, mean_gradient, log_sigma_gradient, rows, kl_weight }
}

impl Ops for FusedOps {
    fn matmul(&self, left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
        Tensor::from_dispatch(<Dispatch as RoutedOps>::product(left.into_dispatch(), right.into_dispatch()))
    }

    fn sample_weights(&self, mean: Tensor<2>, log_sigma: Tensor<2>, noise: &Noise) -> Tensor<2> {
        match noise {
            Noise::Explicit(_) => ReferenceOps.sample_weights(mean, log_sigma, noise),
            Noise::Counter(key) => Tensor::from_dispatch(<Dispatch as RoutedOps>::noisy(
                mean.into_dispatch(),
                log_sigma.into_dispatch(),
                key.seed,
                key.step,
                key.stream,
            )),
        }
    }

    fn sample_weight_rows(
        &self,
        mean: Tensor<2>,
        log_sigma: Tensor<2>,
        ids: Tensor<1, Int>,
        noise: &Noise,
    ) -> Tensor<2> {
        match noise {
            Noise::Explicit(_) => ReferenceOps.sample_weight_rows(mean, log_sigma, ids, noise),
            Noise::Counter(key) => Tensor::from_dispatch(<Dispatch as RoutedOps>::noisy_rows(
                mean.into_dispatch(),
                log_sigma.into_dispatch(),
                ids.into_dispatch(),
                key.seed,
                key.step,
                key.stream,
            )),
        }
    }

    fn kl_and_gradient_norm(&self, parameter: [&Tensor<2>; 2], gradients: &DataGradients, kl_weight: f64) -> KlAndNorm {
        let inputs = variational_primitives(parameter.map(Tensor::clone), gradients.clone(), kl_weight);
        let (kl, square_sum) = <Dispatch as RoutedOps>::kl_and_gradient_norm(inputs);
        KlAndNorm { kl: Tensor::from_dispatch(kl), square_sum: Tensor::from_dispatch(square_sum) }
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
        let [of_mean, of_log_sigma] = moments;
        let moments = VariationalMoments {
            mean_first: of_mean.first.into_dispatch(),
            mean_second: of_mean.second.into_dispatch(),
            log_sigma_first: of_log_sigma.first.into_dispatch(),
            log_sigma_second: of_log_sigma.second.into_dispatch(),
            scale: scale.clone().into_dispatch(),
            step: *step,
        };
        let inputs = variational_primitives(parameter, gradients, kl_weight);
        let (mean, mean_first, mean_second, log_sigma, log_sigma_first, log_sigma_second) =
            <Dispatch as RoutedOps>::adam_variational(inputs, moments);
        [[mean, mean_first, mean_second], [log_sigma, log_sigma_first, log_sigma_second]].map(|moved| {
            let [parameter, first, second] = moved.map(Tensor::from_dispatch);
            (parameter, Moments { first, second })
        })
    }

    fn recurrence(&self, cell: &dyn Cell, inputs: RecurrenceInputs<'_>) -> Vec<Tensor<2>> {
        let Some(kernel) = cell.kernel() else {
            return ReferenceOps.recurrence(cell, inputs);
        };
        let has_kernel_for_some = inputs.input.device().inner() == Device::flex();
        let inputs = if has_kernel_for_some { inputs } else { inputs.with_all_columns(cell) };
        let count = inputs.states.len();
        let mut states = inputs.states.into_iter().map(Tensor::into_dispatch);
        let Some(hidden) = states.next() else { unreachable!("a cell has a hidden state") };
        let second = states.next().unwrap_or_else(|| hidden.clone());
        let (hidden, second) = <Dispatch as RoutedOps>::recurrence(RecurrencePrimitives {
            input: inputs.input.into_dispatch(),
            recurrent: inputs.recurrent.into_dispatch(),
            z_gates: inputs.z_gates.into_dispatch(),
            bias: inputs.bias.into_dispatch(),
            z_neurons: inputs.z_neurons.into_dispatch(),
            hidden,
            second,
            active: inputs.active.to_vec(),
            columns: inputs.columns.map(<[u32]>::to_vec),
            kernel,
            activation: inputs.activation,
        });
        let states = [Tensor::from_dispatch(hidden), Tensor::<2>::from_dispatch(second).inner()];
        states.into_iter().take(count).collect()
    }

    fn cross_entropy(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        Tensor::from_dispatch(<Dispatch as RoutedOps>::cross_entropy(
            logits.into_dispatch(),
            bias.into_dispatch(),
            targets.into_dispatch(),
        ))
    }

    fn class_loss(&self, logits: Tensor<2>, bias: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        ReferenceOps.class_loss(logits, bias, targets)
    }

    fn square_sum(&self, values: &Tensor<2>) -> Tensor<1> {
        Tensor::from_dispatch(<Dispatch as RoutedOps>::square_sum(values.clone().into_dispatch()))
    }

    fn adam(
        &self,
        parameter: Tensor<2>,
        gradient: Tensor<2>,
        moments: Moments,
        scale: &Tensor<1>,
        step: &AdamStep,
    ) -> (Tensor<2>, Moments) {
        let (parameter, first, second) = <Dispatch as RoutedOps>::adam(AdamPrimitives {
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
