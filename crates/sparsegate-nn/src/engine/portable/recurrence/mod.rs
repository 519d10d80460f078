//! A cell's recurrence over time, one file a cell.

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
use sparsegate_core::cells::Kernel;

/// The recurrence; see [`crate::engine::RecurrenceInputs`] for shapes.
pub(in crate::engine) fn forward<B: Backend>(inputs: RecurrencePrimitives<B>) -> RecurrenceSaved<B> {
    let gates = inputs.activation;
    match inputs.kernel {
        Kernel::Lstm => scan::forward(inputs, |step| lstm::forward(step, gates)),
        Kernel::GruOutput => scan::forward(inputs, |step| gru::forward(step, gates, Placement::AtOutput)),
        Kernel::GruState => scan::forward(inputs, |step| gru::forward(step, gates, Placement::InState)),
        Kernel::Rnn => scan::forward(inputs, rnn::forward),
    }
}

/// Its gradients, from that of the hidden states.
pub(in crate::engine) fn backward<B: Backend>(
    gradient: Values<B>,
    saved: RecurrenceSaved<B>,
) -> RecurrenceGradients<B> {
    let kernel = saved.inputs.kernel;
    let saved = Saved::new(saved);
    match kernel {
        Kernel::Lstm => lstm::backward(&gradient, saved),
        Kernel::GruOutput => gru::backward(&gradient, saved, Placement::AtOutput),
        Kernel::GruState => gru::backward(&gradient, saved, Placement::InState),
        Kernel::Rnn => rnn::backward(&gradient, saved),
    }
}

/// What the forward left, as values.
struct Saved<B: Backend> {
    batch: Batch,
    gates: GateActivation,
    /// `[N, P H]`.
    products: Values<B>,
    kept: Values<B>,
    recurrent: Values<B>,
    z_gates: Values<B>,
    bias: Values<B>,
    z_neurons: Values<B>,
    /// Hidden states after each step and the initial ones.
    hidden: [Values<B>; 2],
    /// The states beside them.
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

    /// H.
    fn units(&self) -> usize {
        self.z_neurons.dims()[1]
    }

    /// The recurrent weights' gradient, from that of the recurrent products, `[N, P H]`.
    fn recurrent_gradient(&self, products: Values<B>) -> Values<B> {
        let [after, initial] = &self.hidden;
        self.batch.before(after, initial).transpose().matmul(products)
    }
}
