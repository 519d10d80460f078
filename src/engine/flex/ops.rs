//! [`Ops`] by the kernels of this folder.

use burn::backend::{Dispatch, Flex};
use burn::tensor::{DType, Int, Tensor};

use super::adam::{adam, square_sum};
use crate::cells::Cell;
use crate::engine::composed::Composed;
use crate::engine::extension::{RecurrencePrimitives, SparseOps};
use crate::engine::noise::Noise;
use crate::engine::ops::{AdamStep, Moments, Ops, RecurrenceInputs};

/// The fused kernels; tensors must live on flex, as `f32` or `f64`.
#[derive(Debug, Clone, Copy, Default)]
pub struct FlexOps;

/// The primitive of a tensor that is known to live on flex outside autodiff.
fn primitive(tensor: Tensor<2>) -> burn::backend::tensor::FloatTensor<Flex> {
    match tensor.try_into_primitive::<Flex>() {
        Ok(primitive) => primitive,
        Err(error) => panic!("the flex ops were given a tensor of another backend or inside autodiff: {error:?}"),
    }
}

impl Ops for FlexOps {
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

    fn square_sum(&self, values: &Tensor<2>) -> f64 {
        let values = primitive(values.clone());
        by_float_type!(values, square_sum(values))
    }

    fn adam(
        &self,
        parameter: Tensor<2>,
        gradient: Tensor<2>,
        moments: Moments,
        step: &AdamStep,
    ) -> (Tensor<2>, Moments) {
        let parameter = primitive(parameter);
        let (gradient, first, second) = (primitive(gradient), primitive(moments.first), primitive(moments.second));
        let [parameter, first, second] = by_float_type!(parameter, adam(parameter, gradient, first, second, step));
        let [parameter, first, second] = [parameter, first, second].map(Tensor::from_primitive::<Flex>);
        (parameter, Moments { first, second })
    }
}
