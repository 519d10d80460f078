//! A cell's recurrence over time, one file per cell.

mod batch;
mod gru;
mod lstm;
mod rnn;
mod scan;

use burn::backend::Backend;

use self::batch::RaggedRuns;
use self::gru::FactorPlacement;
use super::values::Primitive;
use crate::engine::extension::{RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::FusedKernel;

/// The recurrence; see [`crate::engine::RecurrenceInputs`] for shapes.
pub(in crate::engine) fn forward<B: Backend>(inputs: RecurrencePrimitives<B>) -> RecurrenceSaved<B> {
    let gates = inputs.activation;
    match inputs.kernel {
        FusedKernel::Lstm => scan::forward(inputs, |step| lstm::forward(step, gates)),
        FusedKernel::GruOutput => scan::forward(inputs, |step| gru::forward(step, gates, FactorPlacement::AtOutput)),
        FusedKernel::GruState => scan::forward(inputs, |step| gru::forward(step, gates, FactorPlacement::InState)),
        FusedKernel::Rnn => scan::forward(inputs, rnn::forward),
    }
}

/// The gradients of the recurrence, given that of the hidden states.
pub(in crate::engine) fn backward<B: Backend>(
    gradient: Primitive<B>,
    saved: RecurrenceSaved<B>,
) -> RecurrenceGradients<B> {
    let kernel = saved.inputs.kernel;
    let saved = SavedForward::new(saved);
    match kernel {
        FusedKernel::Lstm => lstm::backward(&gradient, saved),
        FusedKernel::GruOutput => gru::backward(&gradient, saved, FactorPlacement::AtOutput),
        FusedKernel::GruState => gru::backward(&gradient, saved, FactorPlacement::InState),
        FusedKernel::Rnn => rnn::backward(&gradient, saved),
    }
}

/// The inputs and saved values of the forward pass, wrapped as [`Primitive`].
struct SavedForward<B: Backend> {
    batch: RaggedRuns,
    gates: GateActivation,
    /// The products that the forward pass left, `[N, P H]`.
    products: Primitive<B>,
    kept: Primitive<B>,
    recurrent: Primitive<B>,
    z_gates: Primitive<B>,
    bias: Primitive<B>,
    z_neurons: Primitive<B>,
    /// Hidden states after each step, `[N, H]`, and the initial ones, `[B, H]`.
    hidden: [Primitive<B>; 2],
    /// Second states likewise.
    second: [Primitive<B>; 2],
}

impl<B: Backend> SavedForward<B> {
    fn new(saved: RecurrenceSaved<B>) -> Self {
        let inputs = saved.inputs;
        Self {
            batch: RaggedRuns::new(&inputs.active),
            gates: inputs.activation,
            products: Primitive(inputs.input),
            kept: Primitive(saved.kept),
            recurrent: Primitive(inputs.recurrent),
            z_gates: Primitive(inputs.z_gates),
            bias: Primitive(inputs.bias),
            z_neurons: Primitive(inputs.z_neurons),
            hidden: [Primitive(saved.hidden), Primitive(inputs.hidden)],
            second: [Primitive(saved.second), Primitive(inputs.second)],
        }
    }

    /// Number of hidden units, H.
    fn units(&self) -> usize {
        self.z_neurons.dims()[1]
    }

    /// The gradient of the recurrent weights, given that of the recurrent products, `[N, P H]`.
    fn recurrent_gradient(&self, products: Primitive<B>) -> Primitive<B> {
        let [after, initial] = &self.hidden;
        self.batch.before(after, initial).transpose().matmul(products)
    }
}
