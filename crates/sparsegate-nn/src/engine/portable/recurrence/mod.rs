//! A cell's recurrence over time, one file per cell.

mod batch;
mod gru;
mod lstm;
mod rnn;
mod scan;

use burn::backend::Backend;

use self::batch::Batch;
use self::gru::Placement;
use super::values::Values;
use crate::engine::extension::{RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::FusedKernel;

/// The recurrence; see [`crate::engine::RecurrenceInputs`] for shapes.
pub(in crate::engine) fn forward<B: Backend>(inputs: RecurrencePrimitives<B>) -> RecurrenceSaved<B> {
    let gates = inputs.activation;
    match inputs.kernel {
        FusedKernel::Lstm => scan::forward(inputs, |step| lstm::forward(step, gates)),
        FusedKernel::GruOutput => scan::forward(inputs, |step| gru::forward(step, gates, Placement::AtOutput)),
        FusedKernel::GruState => scan::forward(inputs, |step| gru::forward(step, gates, Placement::InState)),
        FusedKernel::Rnn => scan::forward(inputs, rnn::forward),
    }
}

/// The gradients of the recurrence, given that of the hidden states.
pub(in crate::engine) fn backward<B: Backend>(
    gradient: Values<B>,
    saved: RecurrenceSaved<B>,
) -> RecurrenceGradients<B> {
    let kernel = saved.inputs.kernel;
    let saved = Saved::new(saved);
    match kernel {
        FusedKernel::Lstm => lstm::backward(&gradient, saved),
        FusedKernel::GruOutput => gru::backward(&gradient, saved, Placement::AtOutput),
        FusedKernel::GruState => gru::backward(&gradient, saved, Placement::InState),
        FusedKernel::Rnn => rnn::backward(&gradient, saved),
    }
}

/// The inputs and saved values of the forward pass, wrapped as [`Values`].
struct Saved<B: Backend> {
    batch: Batch,
    gates: GateActivation,
    /// The products that the forward pass left, `[N, P H]`.
    products: Values<B>,
    kept: Values<B>,
    recurrent: Values<B>,
    z_gates: Values<B>,
    bias: Values<B>,
    z_neurons: Values<B>,
    /// Hidden states after each step, `[N, H]`, and the initial ones, `[B, H]`.
    hidden: [Values<B>; 2],
    /// Second states likewise.
    second: [Values<B>; 2],
}

impl<B: Backend> Saved<B> {
    fn new(saved: RecurrenceSaved<B>) -> Self {
        let inputs = saved.inputs;
        Self {
            batch: Batch::new(&inputs.active),
            gates: inputs.activation,
            products: Values(inputs.input),
            kept: Values(saved.kept),
            recurrent: Values(inputs.recurrent),
            z_gates: Values(inputs.z_gates),
            bias: Values(inputs.bias),
            z_neurons: Values(inputs.z_neurons),
            hidden: [Values(saved.hidden), Values(inputs.hidden)],
            second: [Values(saved.second), Values(inputs.second)],
        }
    }

    /// Number of hidden units, H.
    fn units(&self) -> usize {
        self.z_neurons.dims()[1]
    }

    /// The gradient of the recurrent weights, given that of the recurrent products, `[N, P H]`.
    fn recurrent_gradient(&self, products: Values<B>) -> Values<B> {
        let [after, initial] = &self.hidden;
        self.batch.before(after, initial).transpose().matmul(products)
    }
}
