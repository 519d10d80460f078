//! A cell's recurrence over time, forward and backward.
//!
//! A step is one product with the recurrent weights and one kernel for all that is elementwise ([`super::cells`]), which
//! writes into the rows of the step. The states a product reads are kept once more in a `[B, H]` tensor of their own, as
//! are the gradients that the backward's products read: so each product has the same shape and starts where a buffer
//! starts, and one shader serves all steps of all batches. Rows of sequences that have not begun yet are multiplied in
//! vain; a product of these sizes takes a GPU no longer for it. The recurrent weights' gradient is one product over all
//! steps at the end. To tune next on a real GPU: the product inside the step's kernel, which halves the launches.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;

use super::cells::{Backward, Forward, Gru, Lstm, Place, Rnn, Rule};
use super::launch::{contiguous, dims, empty, owned, zeros};
use super::sum::column_sums;
use crate::cells::Kernel;
use crate::engine::extension::{RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved};
use crate::spec::types::GateActivation;

/// Calls a function that is generic over the rule with that of a cell and an activation.
macro_rules! by_rule {
    ($inputs:expr, $function:ident($($argument:expr),*)) => {{
        let hard = $inputs.activation == GateActivation::HardSigmoid;
        match $inputs.kernel {
            Kernel::Lstm => $function(&Lstm { hard }, $($argument),*),
            Kernel::GruOutput => $function(&Gru::<false> { hard }, $($argument),*),
            Kernel::GruState => $function(&Gru::<true> { hard }, $($argument),*),
            Kernel::Rnn => $function(&Rnn, $($argument),*),
        }
    }};
}

/// The recurrence; see [`crate::engine::RecurrenceInputs`] for shapes.
pub(super) fn forward(inputs: RecurrencePrimitives<CubeBackend>) -> RecurrenceSaved<CubeBackend> {
    by_rule!(inputs, forward_by_rule(inputs))
}

/// Its gradients, from that of the hidden states.
pub(super) fn backward(
    gradient: FloatTensor<CubeBackend>,
    saved: RecurrenceSaved<CubeBackend>,
) -> RecurrenceGradients<CubeBackend> {
    by_rule!(saved.inputs, backward_by_rule(gradient, saved))
}

/// Where each step's rows are.
fn places(active: &[usize], units: usize) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::with_capacity(active.len());
    for &rows in active {
        let (rows_before, offset_before) = places.last().map_or((0, 0), |place| (place.rows, place.offset));
        places.push(Place { units, rows, offset: offset_before + rows_before, rows_before, offset_before });
    }
    places
}

fn forward_by_rule<R: Rule>(rule: &R, inputs: RecurrencePrimitives<CubeBackend>) -> RecurrenceSaved<CubeBackend> {
    let ([_, units], [total, width]) = (dims(&inputs.z_neurons), dims(&inputs.input));
    assert_eq!(width, R::PREACTIVATIONS * units, "columns of the input products");
    // What the backward needs of the products takes the place of the input products, unless somebody else holds these.
    let inputs = RecurrencePrimitives { input: owned(inputs.input), ..inputs };
    let inputs: RecurrencePrimitives<CubeBackend> = inputs.map(contiguous);
    let kept = empty(&inputs.input, [total, R::KEPT * units]);
    let hidden = empty(&inputs.input, [total, units]);
    let second = empty(&inputs.input, [total, if R::TWO_STATES { units } else { 0 }]);
    let running_hidden = inputs.hidden.copy();
    let running_second = if R::TWO_STATES { inputs.second.copy() } else { running_hidden.clone() };
    for place in places(&inputs.active, units) {
        let recurrent = CubeBackend::float_matmul(running_hidden.clone(), inputs.recurrent.clone());
        rule.forward(&Forward {
            place,
            recurrent: &recurrent,
            z_gates: &inputs.z_gates,
            bias: &inputs.bias,
            z_neurons: &inputs.z_neurons,
            products: &inputs.input,
            kept: &kept,
            hidden: &hidden,
            second: &second,
            running_hidden: &running_hidden,
            running_second: &running_second,
        });
    }
    RecurrenceSaved { inputs, kept, hidden, second }
}

fn backward_by_rule<R: Rule>(
    rule: &R,
    gradient: FloatTensor<CubeBackend>,
    saved: RecurrenceSaved<CubeBackend>,
) -> RecurrenceGradients<CubeBackend> {
    let RecurrenceSaved { inputs, kept, hidden, second } = &saved;
    let ([rows, units], [total, width]) = (dims(&inputs.z_neurons), dims(&inputs.input));
    let gradient = contiguous(gradient);
    let input = empty(&gradient, [total, width]);
    let apart = if R::SPLIT { empty(&gradient, [total, width]) } else { input.clone() };
    let before = empty(&gradient, [total, units]);
    let carried = zeros(&gradient, [rows, units]);
    let z_gates = zeros(&gradient, [rows, width]);
    let bias = zeros(&gradient, [rows, R::BIASES * units]);
    let z_neurons = zeros(&gradient, [rows, units]);
    // All sequences are under way at the last step, which so writes every row before a product reads it.
    let running = empty(&gradient, [rows, width]);
    let transposed = CubeBackend::float_transpose(inputs.recurrent.clone());
    let mut through = zeros(&gradient, [rows, units]);
    for place in places(&inputs.active, units).into_iter().rev() {
        rule.backward(&Backward {
            place,
            gradient: &gradient,
            through: &through,
            products: &inputs.input,
            kept,
            hidden: [hidden, &inputs.hidden],
            second: [second, &inputs.second],
            z_gates: &inputs.z_gates,
            bias: &inputs.bias,
            z_neurons: &inputs.z_neurons,
            input: &input,
            apart: &apart,
            running: &running,
            carried: &carried,
            before: &before,
            sums: [&z_gates, &bias, &z_neurons],
        });
        if place.offset > 0 {
            through = CubeBackend::float_matmul(running.clone(), transposed.clone());
        }
    }
    let recurrent = CubeBackend::float_matmul(CubeBackend::float_transpose(before), apart);
    RecurrenceGradients { input, recurrent, z_gates, bias: column_sums(bias), z_neurons }
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn each_step_begins_where_the_one_before_ends() {
        let found = places(&[1, 3, 3], 5);
        let found: Vec<_> = found.iter().map(|p| (p.rows, p.offset, p.rows_before, p.offset_before)).collect();
        assert_eq!(found, [(1, 0, 0, 0), (3, 1, 1, 0), (3, 4, 3, 1)]);
    }
}
