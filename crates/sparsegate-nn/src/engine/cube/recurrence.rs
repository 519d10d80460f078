//! A cell's recurrence over time, forward and backward.
//!
//! A step is one launch ([`super::cells`]): the product with the recurrent weights and the elementwise part. It reads
//! the rows of the previous step and writes its own, so nothing is copied between steps. Only active sequences have
//! rows. The gradient of the recurrent weights is one product over all steps at the end.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;

use super::cells::{BackwardStep, CellKernels, ForwardStep, GruKernels, LstmKernels, RnnKernels, StepRows};
use super::launch::{contiguous, dims, empty, owned, zeros};
use super::sum::column_sums;
use crate::engine::extension::{RecurrenceGradients, RecurrencePrimitives, RecurrenceSaved};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::FusedKernel;

/// Calls a function that is generic over the rule with the rule for the inputs' cell and gate activation.
macro_rules! by_rule {
    ($inputs:expr, $function:ident($($argument:expr),*)) => {{
        let hard = $inputs.activation == GateActivation::HardSigmoid;
        match $inputs.kernel {
            FusedKernel::Lstm => $function(&LstmKernels { hard }, $($argument),*),
            FusedKernel::GruOutput => $function(&GruKernels::<false> { hard }, $($argument),*),
            FusedKernel::GruState => $function(&GruKernels::<true> { hard }, $($argument),*),
            FusedKernel::Rnn => $function(&RnnKernels, $($argument),*),
        }
    }};
}

/// The recurrence; see [`crate::engine::RecurrenceInputs`] for shapes.
pub(super) fn forward(inputs: RecurrencePrimitives<CubeBackend>) -> RecurrenceSaved<CubeBackend> {
    by_rule!(inputs, forward_by_rule(inputs))
}

/// The gradients of the recurrence, given that of the hidden states.
pub(super) fn backward(
    gradient: FloatTensor<CubeBackend>,
    saved: RecurrenceSaved<CubeBackend>,
) -> RecurrenceGradients<CubeBackend> {
    by_rule!(saved.inputs, backward_by_rule(gradient, saved))
}

/// The position of each step's rows.
fn places(active: &[usize], units: usize) -> Vec<StepRows> {
    let mut places: Vec<StepRows> = Vec::with_capacity(active.len());
    for (step, &rows) in active.iter().enumerate() {
        let (rows_before, offset_before) = places.last().map_or((0, 0), |place| (place.rows, place.offset));
        let last = step + 1 == active.len();
        places.push(StepRows { units, rows, offset: offset_before + rows_before, rows_before, offset_before, last });
    }
    places
}

fn forward_by_rule<R: CellKernels>(
    rule: &R,
    inputs: RecurrencePrimitives<CubeBackend>,
) -> RecurrenceSaved<CubeBackend> {
    let ([_, units], [total, width]) = (dims(&inputs.z_neurons), dims(&inputs.input));
    assert_eq!(width, R::PREACTIVATIONS * units, "columns of the input products");
    // The products that the backward pass needs overwrite the input products, unless their buffer is shared.
    let inputs = RecurrencePrimitives { input: owned(inputs.input), ..inputs };
    let inputs: RecurrencePrimitives<CubeBackend> = inputs.map(contiguous);
    let kept = empty(&inputs.input, [total, R::SAVED * units]);
    let hidden = empty(&inputs.input, [total, units]);
    let second = empty(&inputs.input, [total, if R::TWO_STATES { units } else { 0 }]);
    for place in places(&inputs.active, units) {
        rule.forward(&ForwardStep {
            place,
            recurrent: &inputs.recurrent,
            z_gates: &inputs.z_gates,
            bias: &inputs.bias,
            z_neurons: &inputs.z_neurons,
            products: &inputs.input,
            kept: &kept,
            hidden: [&hidden, &inputs.hidden],
            second: [&second, &inputs.second],
        });
    }
    RecurrenceSaved { inputs, kept, hidden, second }
}

fn backward_by_rule<R: CellKernels>(
    rule: &R,
    gradient: FloatTensor<CubeBackend>,
    saved: RecurrenceSaved<CubeBackend>,
) -> RecurrenceGradients<CubeBackend> {
    let RecurrenceSaved { inputs, kept, hidden, second } = &saved;
    let ([rows, units], [total, width]) = (dims(&inputs.z_neurons), dims(&inputs.input));
    let gradient = contiguous(gradient);
    let input = empty(&gradient, [total, width]);
    let apart = if R::SEPARATE_PRODUCTS { empty(&gradient, [total, width]) } else { input.clone() };
    let before = empty(&gradient, [total, units]);
    let carried = zeros(&gradient, [rows, units]);
    let z_gates = zeros(&gradient, [rows, width]);
    let bias = zeros(&gradient, [rows, R::BIASES * units]);
    let z_neurons = zeros(&gradient, [rows, units]);
    for place in places(&inputs.active, units).into_iter().rev() {
        rule.backward(&BackwardStep {
            place,
            gradient: &gradient,
            products: &inputs.input,
            kept,
            hidden: [hidden, &inputs.hidden],
            second: [second, &inputs.second],
            recurrent: &inputs.recurrent,
            z_gates: &inputs.z_gates,
            bias: &inputs.bias,
            z_neurons: &inputs.z_neurons,
            input: &input,
            apart: &apart,
            carried: &carried,
            before: &before,
            sums: [&z_gates, &bias, &z_neurons],
        });
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
        let found: Vec<_> = found.iter().map(|p| (p.rows, p.offset, p.rows_before, p.offset_before, p.last)).collect();
        assert_eq!(found, [(1, 0, 0, 0, false), (3, 1, 1, 0, false), (3, 4, 3, 1, true)]);
    }
}
