//! The recurrence.

use burn::tensor::{DType, Tensor};
use sparsegate::cells::Lstm;
use sparsegate::engine::{Composed, FlexOps, Ops, RecurrenceInputs};
use sparsegate::spec::types::GateActivation;

use crate::agreement::Op;
use crate::matrix::{Lie, Matrix, VIEWS, assert_close, bits, host};

/// Steps, sequences, units.
const SIZES: [[usize; 3]; 10] = [
    [1, 1, 1],
    [1, 5, 3],
    [6, 1, 4],
    [5, 3, 1],
    [4, 2, 16],
    [3, 7, 17],
    [3, 32, 5],
    [3, 33, 6],
    [2, 65, 9],
    [9, 4, 65],
];

fn inputs([steps, rows, units]: [usize; 3]) -> Vec<(&'static str, Matrix)> {
    let wide = 4 * units;
    let spread = 1.5 / (units as f64).sqrt();
    vec![
        ("input", Matrix::random([steps * rows, wide], [-2.0, 2.0], 1)),
        ("recurrent", Matrix::random([units, wide], [-spread, spread], 2)),
        ("z_gates", Matrix::random([rows, wide], [0.3, 1.5], 3)),
        ("bias", Matrix::random([1, wide], [-0.5, 1.0], 4)),
        ("z_neurons", Matrix::random([rows, units], [-0.5, 1.5], 5)),
    ]
}

/// One row of sequences for each step.
fn even([steps, rows, _]: [usize; 3]) -> Vec<usize> {
    vec![rows; steps]
}

fn with_state<'a>(
    leaves: &[Tensor<2>],
    [_, rows, units]: [usize; 3],
    lie: Lie,
    active: &'a [usize],
) -> RecurrenceInputs<'a> {
    let [input, recurrent, z_gates, bias, z_neurons] = [0, 1, 2, 3, 4].map(|index| leaves[index].clone());
    let dtype = input.dtype();
    let states = [6, 7].map(|seed| Matrix::random([rows, units], [-0.9, 0.9], seed).view(dtype, lie)).to_vec();
    let activation = GateActivation::Sigmoid;
    RecurrenceInputs { input, recurrent, z_gates, bias, z_neurons, states, active, activation }
}

fn hidden(ops: &dyn Ops, leaves: &[Tensor<2>], sizes: [usize; 3]) -> Tensor<2> {
    ops.recurrence(&Lstm, with_state(leaves, sizes, Lie::Plain, &even(sizes))).remove(0)
}

#[test]
fn flex_agrees_with_composed_and_with_finite_differences() {
    for sizes in SIZES {
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| hidden(ops, x, sizes);
        Op { name: format!("lstm {sizes:?}"), inputs: inputs(sizes), apply: &apply }.check();
    }
}

/// An upstream gradient that is a transposed view, and one that is zero but for some steps.
#[test]
fn gradients_agree_for_other_upstream_gradients() {
    for sizes @ [steps, rows, _] in SIZES {
        let turned = |ops: &dyn Ops, x: &[Tensor<2>]| hidden(ops, x, sizes).transpose();
        Op { name: format!("lstm turned {sizes:?}"), inputs: inputs(sizes), apply: &turned }.check();
        let last = |ops: &dyn Ops, x: &[Tensor<2>]| hidden(ops, x, sizes).narrow(0, (steps - 1) * rows, rows);
        Op { name: format!("lstm last {sizes:?}"), inputs: inputs(sizes), apply: &last }.check();
    }
}

#[test]
fn cell_states_agree() {
    for sizes in SIZES {
        let cell = |ops: &dyn Ops, dtype: DType, lie: Lie| {
            let leaves: Vec<_> = inputs(sizes).iter().map(|(_, input)| input.view(dtype, lie)).collect();
            host(&ops.recurrence(&Lstm, with_state(&leaves, sizes, lie, &even(sizes)))[1])
        };
        let wanted = cell(&Composed, DType::F64, Lie::Plain);
        assert_close(&cell(&FlexOps, DType::F64, Lie::Plain), &wanted, 1e-11, &format!("f64 {sizes:?}"));
        let single = cell(&FlexOps, DType::F32, Lie::Plain);
        assert_close(&single, &wanted, 1e-5, &format!("f32 {sizes:?}"));
        for lie in VIEWS {
            assert_eq!(bits(&cell(&FlexOps, DType::F32, lie)), bits(&single), "{sizes:?} as {lie:?}");
        }
    }
}

/// Two windows, the second from the state the first left, are one window.
#[test]
fn the_state_carries_on() {
    let sizes @ [steps, rows, units] = [6, 5, 7];
    let leaves: Vec<_> = inputs(sizes).iter().map(|(_, input)| input.tensor(DType::F32)).collect();
    let active = even(sizes);
    let whole = FlexOps.recurrence(&Lstm, with_state(&leaves, sizes, Lie::Plain, &active));
    let cut = 2;
    let mut first = with_state(&leaves, sizes, Lie::Plain, &active[..cut]);
    let mut second = first.clone();
    first.input = leaves[0].clone().narrow(0, 0, cut * rows);
    let before = FlexOps.recurrence(&Lstm, first);
    second.input = leaves[0].clone().narrow(0, cut * rows, (steps - cut) * rows);
    second.active = &active[cut..];
    second.states = before.iter().map(|state| state.clone().narrow(0, (cut - 1) * rows, rows)).collect();
    let after = FlexOps.recurrence(&Lstm, second);
    let joined = Tensor::cat(vec![before[0].clone(), after[0].clone()], 0);
    assert_eq!(joined.dims(), [steps * rows, units]);
    assert_eq!(bits(&host(&joined)), bits(&host(&whole[0])));
}
