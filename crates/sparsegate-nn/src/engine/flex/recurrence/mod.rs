//! A cell's recurrence over time, forward and backward.
//!
//! The sequences of a batch are split into blocks; a thread processes a block over all time steps, independently of the
//! other blocks. A step is one product with the recurrent weights followed by the elementwise rule of the cell
//! ([`super::cells`]). The gradient of the recurrent weights is one product over all steps at the end.

mod backward;
mod columns;
mod forward;
mod ragged;

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;

use self::backward::backward_by_rule;
use self::forward::forward_by_rule;
use super::cells::{AtOutput, GruRule, Hard, InState, Logistic, LstmRule, RnnRule};
use crate::engine::extension::{RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved};
use crate::engine::float::KernelFloat;
use sparsegate_core::GateActivation;
use sparsegate_core::cells::FusedKernel;

/// Calls a function that is generic over number type and rule with the rule for the inputs' cell and gate activation.
macro_rules! by_rule {
    ($inputs:expr, $function:ident($($argument:expr),*)) => {
        match ($inputs.kernel, $inputs.activation) {
            (FusedKernel::Lstm, GateActivation::Sigmoid) => $function::<T, LstmRule<Logistic>>($($argument),*),
            (FusedKernel::Lstm, GateActivation::HardSigmoid) => $function::<T, LstmRule<Hard>>($($argument),*),
            (FusedKernel::GruOutput, GateActivation::Sigmoid) => $function::<T, GruRule<AtOutput, Logistic>>($($argument),*),
            (FusedKernel::GruOutput, GateActivation::HardSigmoid) => $function::<T, GruRule<AtOutput, Hard>>($($argument),*),
            (FusedKernel::GruState, GateActivation::Sigmoid) => $function::<T, GruRule<InState, Logistic>>($($argument),*),
            (FusedKernel::GruState, GateActivation::HardSigmoid) => $function::<T, GruRule<InState, Hard>>($($argument),*),
            (FusedKernel::Rnn, _) => $function::<T, RnnRule>($($argument),*),
        }
    };
}

/// The recurrence; see [`crate::engine::RecurrenceInputs`] for shapes.
pub(super) fn forward<T: KernelFloat>(inputs: RecurrencePrimitives<Flex>) -> RecurrenceSaved<Flex> {
    by_rule!(inputs, forward_by_rule(inputs))
}

/// The gradients of the recurrence, given that of the hidden states.
pub(super) fn backward<T: KernelFloat>(
    gradient: FloatTensor<Flex>,
    saved: RecurrenceSaved<Flex>,
) -> RecurrenceGradients<Flex> {
    by_rule!(saved.inputs, backward_by_rule(gradient, saved))
}
