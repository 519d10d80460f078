//! The loops over steps, forward and backward; the cells say what a step does.

use burn::backend::Backend;

use super::batch::Batch;
use crate::engine::extension::{RecurrencePrimitives, RecurrenceSaved};
use crate::engine::portable::values::Values;

/// What a step reads, of the `n` sequences that are under way. H is the number of units, P that of preactivations.
pub(super) struct Step<B: Backend> {
    /// Input products `x W`, `[n, P H]`.
    pub(super) input: Values<B>,
    /// Recurrent products `h U`, `[n, P H]`.
    pub(super) recurrent: Values<B>,
    /// `[n, P H]`.
    pub(super) z_gates: Values<B>,
    /// `[1, biases H]`.
    pub(super) bias: Values<B>,
    /// `[n, H]`.
    pub(super) z_neurons: Values<B>,
    /// The hidden state before it, `[n, H]`.
    pub(super) hidden: Values<B>,
    /// The state beside it, `[n, H]`, of a cell that has one.
    pub(super) second: Values<B>,
}

/// What a step gives.
pub(super) struct Stepped<B: Backend> {
    /// What the backward needs of the products, `[n, P H]`.
    pub(super) products: Values<B>,
    /// What else it needs, `[n, ...]`.
    pub(super) kept: Option<Values<B>>,
    /// The new hidden state.
    pub(super) hidden: Values<B>,
    /// The new state beside it.
    pub(super) second: Option<Values<B>>,
}

/// Runs a cell's steps.
pub(super) fn forward<B: Backend>(
    inputs: RecurrencePrimitives<B>,
    step: impl Fn(Step<B>) -> Stepped<B>,
) -> RecurrenceSaved<B> {
    let batch = Batch::new(&inputs.active);
    let input = Values::<B>(inputs.input.clone());
    let [recurrent, z_gates, bias, z_neurons, first_hidden, first_second] =
        [&inputs.recurrent, &inputs.z_gates, &inputs.bias, &inputs.z_neurons, &inputs.hidden, &inputs.second]
            .map(|tensor| Values::<B>(tensor.clone()));
    // Sequences that start at a step join with their initial states.
    let join = |state: Option<&Values<B>>, initial: &Values<B>, now: usize| match state {
        None => initial.rows(0..now),
        Some(state) if state.dims()[0] == now => state.clone(),
        Some(state) => Values::cat(vec![state.clone(), initial.rows(state.dims()[0]..now)], 0),
    };
    let (mut products, mut kept, mut hiddens, mut seconds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for rows in batch.steps() {
        let now = rows.len();
        let hidden = join(hiddens.last(), &first_hidden, now);
        let stepped = step(Step {
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
    let stack = |parts: Vec<Values<B>>| {
        let stacked = if parts.is_empty() { Values::full(0.0, [total, 0], &input) } else { Values::cat(parts, 0) };
        stacked.0
    };
    let hidden = stack(hiddens);
    let (second, kept, products) = (stack(seconds), stack(kept), stack(products));
    RecurrenceSaved { inputs: RecurrencePrimitives { input: products, ..inputs }, kept, hidden, second }
}

/// What a backward step gives, of the `n` sequences that are under way.
pub(super) struct Back<B: Backend> {
    /// Gradient of what the units' factors multiply into, `[n, H]`.
    pub(super) read: Values<B>,
    /// Gradient of the preactivations, `[n, P H]`.
    pub(super) preactivations: Values<B>,
    /// Gradient of the recurrent products, `[n, P H]`.
    pub(super) recurrent: Values<B>,
    /// Gradient of the state that reaches this step past the recurrent product, `[n, H]`.
    pub(super) carried: Option<Values<B>>,
}

/// Runs a cell's steps backward; gives [`Back::read`] and [`Back::preactivations`] of all steps, `[N, ...]`.
///
/// `step` has the rows of the step, the gradient of its hidden states and that of the carried state behind it, which
/// nothing reaches at the last step.
pub(super) fn backward<B: Backend>(
    batch: &Batch,
    gradient: &Values<B>,
    recurrent: Values<B>,
    step: impl Fn(std::ops::Range<usize>, Values<B>, Option<Values<B>>) -> Back<B>,
) -> [Values<B>; 2] {
    let turned = recurrent.transpose();
    let (mut reads, mut preactivations) = (Vec::new(), Vec::new());
    // Gradients of the next step's recurrent products and of the state carried into it.
    let mut next: Option<(Values<B>, Option<Values<B>>)> = None;
    for rows in batch.steps().rev() {
        let now = rows.len();
        let outside = gradient.rows(rows.clone());
        // Sequences that start at the next step take no gradient back.
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
        Values::cat(steps, 0)
    })
}
