//! The loops over time steps, forward and backward; the cells supply the step functions.

use burn::backend::Backend;

use super::batch::RaggedRuns;
use crate::engine::extension::{RecurrencePrimitives, RecurrenceSaved};
use crate::engine::portable::values::Primitive;

/// Inputs of a forward step, for its `n` active sequences. H is the number of units, P the number of preactivations.
pub(super) struct StepInputs<B: Backend> {
    /// Input products `x W`, `[n, P H]`.
    pub(super) input: Primitive<B>,
    /// Recurrent products `h U`, `[n, P H]`.
    pub(super) recurrent: Primitive<B>,
    /// Group factors of the preactivations, `[n, P H]`.
    pub(super) z_gates: Primitive<B>,
    /// Biases, `[1, biases H]`.
    pub(super) bias: Primitive<B>,
    /// Group factors of the units, `[n, H]`.
    pub(super) z_neurons: Primitive<B>,
    /// Hidden state before the step, `[n, H]`.
    pub(super) hidden: Primitive<B>,
    /// Second state before the step, `[n, H]`; meaningless for a cell with one state.
    pub(super) second: Primitive<B>,
}

/// Outputs of a forward step.
pub(super) struct StepOutputs<B: Backend> {
    /// The products that the backward pass needs, `[n, P H]`.
    pub(super) products: Primitive<B>,
    /// Other values that the backward pass needs, `[n, ...]`.
    pub(super) kept: Option<Primitive<B>>,
    /// New hidden state, `[n, H]`.
    pub(super) hidden: Primitive<B>,
    /// New second state, `[n, H]`; `None` for a cell with one state.
    pub(super) second: Option<Primitive<B>>,
}

/// Runs the forward pass of a cell over all steps.
pub(super) fn forward<B: Backend>(
    inputs: RecurrencePrimitives<B>,
    step: impl Fn(StepInputs<B>) -> StepOutputs<B>,
) -> RecurrenceSaved<B> {
    let batch = RaggedRuns::new(&inputs.active);
    let input = Primitive::<B>(inputs.input.clone());
    let [recurrent, z_gates, bias, z_neurons, first_hidden, first_second] =
        [&inputs.recurrent, &inputs.z_gates, &inputs.bias, &inputs.z_neurons, &inputs.hidden, &inputs.second]
            .map(|tensor| Primitive::<B>(tensor.clone()));
    // Sequences that start at a step are appended with their initial states.
    let join = |state: Option<&Primitive<B>>, initial: &Primitive<B>, now: usize| match state {
        None => initial.rows(0..now),
        Some(state) if state.dims()[0] == now => state.clone(),
        Some(state) => Primitive::cat(vec![state.clone(), initial.rows(state.dims()[0]..now)], 0),
    };
    let (mut products, mut kept, mut hiddens, mut seconds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for rows in batch.steps() {
        let now = rows.len();
        let hidden = join(hiddens.last(), &first_hidden, now);
        let stepped = step(StepInputs {
            input: input.rows(rows),
            recurrent: hidden.clone().matmul(recurrent.clone()),
            z_gates: z_gates.rows(0..now),
            bias: bias.clone(),
            z_neurons: z_neurons.rows(0..now),
            second: join(seconds.last(), &first_second, now),
            hidden,
        });
        products.push(stepped.products);
        kept.extend(stepped.kept);
        hiddens.push(stepped.hidden);
        seconds.extend(stepped.second);
    }
    let total = input.dims()[0];
    let stack = |parts: Vec<Primitive<B>>| {
        let stacked =
            if parts.is_empty() { Primitive::full(0.0, [total, 0], &input) } else { Primitive::cat(parts, 0) };
        stacked.0
    };
    let hidden = stack(hiddens);
    let (second, kept, products) = (stack(seconds), stack(kept), stack(products));
    RecurrenceSaved { inputs: RecurrencePrimitives { input: products, ..inputs }, kept, hidden, second }
}

/// Outputs of a backward step, for its `n` active sequences.
pub(super) struct BackwardOutputs<B: Backend> {
    /// Gradient of the state after its multiplication by the units' factors, `[n, H]`.
    pub(super) read: Primitive<B>,
    /// Gradient of the preactivations, `[n, P H]`.
    pub(super) preactivations: Primitive<B>,
    /// Gradient of the recurrent products, `[n, P H]`.
    pub(super) recurrent: Primitive<B>,
    /// Gradient of the state that enters this step elementwise, not through the recurrent product, `[n, H]`.
    pub(super) carried: Option<Primitive<B>>,
}

/// Runs the backward pass of a cell over all steps; returns [`BackwardOutputs::read`] and
/// [`BackwardOutputs::preactivations`] of all steps, `[N, ...]`.
///
/// `step` takes the row range of the step, the gradient of its hidden states, and [`BackwardOutputs::carried`] of the
/// next step, which is `None` at the last step.
pub(super) fn backward<B: Backend>(
    batch: &RaggedRuns,
    gradient: &Primitive<B>,
    recurrent: Primitive<B>,
    step: impl Fn(std::ops::Range<usize>, Primitive<B>, Option<Primitive<B>>) -> BackwardOutputs<B>,
) -> [Primitive<B>; 2] {
    let turned = recurrent.transpose();
    let (mut reads, mut preactivations) = (Vec::new(), Vec::new());
    // Gradients of the next step's recurrent products and of the state carried into it.
    let mut next: Option<(Primitive<B>, Option<Primitive<B>>)> = None;
    for rows in batch.steps().rev() {
        let now = rows.len();
        let outside = gradient.rows(rows.clone());
        // Sequences that start at the next step pass no gradient back.
        let (hidden, carried) = match next {
            None => (outside, None),
            Some((products, carried)) => {
                let inside = products.rows(0..now).matmul(turned.clone());
                (inside + outside, carried.map(|carried| carried.rows(0..now)))
            }
        };
        let back = step(rows, hidden, carried);
        reads.push(back.read);
        preactivations.push(back.preactivations);
        next = Some((back.recurrent, back.carried));
    }
    [reads, preactivations].map(|mut steps| {
        steps.reverse();
        Primitive::cat(steps, 0)
    })
}
