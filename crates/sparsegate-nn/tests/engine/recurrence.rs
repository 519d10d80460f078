//! The recurrence: every cell, both gate activations, batches with equal and with unequal lengths.

use burn::tensor::{DType, Tensor};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::CELLS;
use sparsegate_nn::cells::{self, CellStep};
use sparsegate_nn::engine::{FusedOps, Ops, RecurrenceInputs, ReferenceOps};

use crate::agreement::Op;
use crate::case::{Case, cases};
use crate::matrix::{HostMatrix, MemoryLayout, VIEWS, assert_close, bits, host};

#[test]
fn flex_agrees_with_composed_and_with_finite_differences() {
    for case in cases() {
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| case.hidden(ops, x);
        Op { name: case.name(), inputs: case.inputs(), apply: &apply, read: None }.check();
    }
}

/// With an upstream gradient that is a transposed view, and one that is zero except at the last step.
#[test]
fn gradients_agree_for_other_upstream_gradients() {
    for case in cases().filter(|case| case.units < 10) {
        let turned = |ops: &dyn Ops, x: &[Tensor<2>]| case.hidden(ops, x).transpose();
        Op { name: format!("{} turned", case.name()), inputs: case.inputs(), apply: &turned, read: None }.check();
        let rows = case.rows();
        let last = |ops: &dyn Ops, x: &[Tensor<2>]| case.hidden(ops, x).narrow(0, case.total() - rows, rows);
        Op { name: format!("{} last", case.name()), inputs: case.inputs(), apply: &last, read: None }.check();
    }
}

#[test]
fn all_states_agree() {
    for case in cases() {
        let states = |ops: &dyn Ops, dtype: DType, layout: MemoryLayout| -> Vec<Vec<f64>> {
            case.run(ops, &case.leaves(dtype, layout), layout).iter().map(host).collect()
        };
        let wanted = states(&ReferenceOps, DType::F64, MemoryLayout::Plain);
        let double = states(&FusedOps, DType::F64, MemoryLayout::Plain);
        let single = states(&FusedOps, DType::F32, MemoryLayout::Plain);
        for (index, state) in case.cell.states().iter().enumerate() {
            let what = format!("{} {state}", case.name());
            assert_close(&double[index], &wanted[index], 1e-11, &format!("f64 {what}"));
            assert_close(&single[index], &wanted[index], 1e-5, &format!("f32 {what}"));
            for layout in VIEWS {
                assert_eq!(
                    bits(&states(&FusedOps, DType::F32, layout)[index]),
                    bits(&single[index]),
                    "{what} as {layout:?}"
                );
            }
        }
    }
}

/// The products of preactivations without a column are zero.
#[test]
fn some_preactivations_may_have_no_column() {
    for case in cases().filter(|case| case.units < 10) {
        let width = (case.cell.preactivations().len() * case.units) as u32;
        let columns: Vec<u32> = (0..width).filter(|place| place % 3 != 1).collect();
        let narrow = |(name, matrix): (&'static str, HostMatrix)| match name {
            "input" | "recurrent" | "z_gates" => (name, matrix.columns(&columns)),
            _ => (name, matrix),
        };
        let inputs = case.inputs().into_iter().map(narrow).collect();
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| {
            let inputs = case.with_states(x, MemoryLayout::Plain);
            ops.recurrence(case.cell, RecurrenceInputs { columns: Some(&columns), ..inputs }).remove(0)
        };
        Op { name: format!("{} with some columns", case.name()), inputs, apply: &apply, read: None }.check();
    }
}

/// Two windows, the second starting from the state of the first, equal one window.
#[test]
fn the_state_carries_on() {
    for cell in CELLS {
        let (cut, rows) = (2, 5);
        let case = Case { cell: *cell, activation: GateActivation::Sigmoid, active: vec![rows; 6], units: 7 };
        let leaves = case.leaves(DType::F32, MemoryLayout::Plain);
        let whole = case.hidden(&FusedOps, &leaves);
        let (mut first, mut second) =
            (case.with_states(&leaves, MemoryLayout::Plain), case.with_states(&leaves, MemoryLayout::Plain));
        first.active = &case.active[..cut];
        first.input = leaves[0].clone().narrow(0, 0, cut * rows);
        let before = FusedOps.recurrence(*cell, first);
        second.active = &case.active[cut..];
        second.input = leaves[0].clone().narrow(0, cut * rows, case.total() - cut * rows);
        second.states = before.iter().map(|state| state.clone().narrow(0, (cut - 1) * rows, rows)).collect();
        let after = FusedOps.recurrence(*cell, second);
        let joined = Tensor::cat(vec![before[0].clone(), after[0].clone()], 0);
        assert_eq!(bits(&host(&joined)), bits(&host(&whole)), "{}", case.name());
    }
}

/// The kernels add the recurrent products in place to the input products, unless these are shared.
#[test]
fn inputs_held_elsewhere_stay() {
    for case in cases().filter(|case| case.units < 10) {
        let leaves = case.leaves(DType::F32, MemoryLayout::Plain);
        let before: Vec<_> = leaves.iter().map(|leaf| bits(&host(leaf))).collect();
        case.hidden(&FusedOps, &leaves);
        let after: Vec<_> = leaves.iter().map(|leaf| bits(&host(leaf))).collect();
        assert_eq!(before, after, "{}", case.name());
    }
}

/// Reference: hidden states with left padding, computed for every sequence at every step; a mask selects the new states
/// of active sequences, and the old states of the others.
fn padded(case: &Case, leaves: &[Tensor<2>]) -> Tensor<2> {
    let RecurrenceInputs { input, recurrent, z_gates, bias, z_neurons, mut states, active, activation, .. } =
        case.with_states(leaves, MemoryLayout::Plain);
    let (rows, wide, dtype) = (case.rows(), input.dims()[1], input.dtype());
    let mut done = 0;
    let mut hidden = Vec::new();
    for &now in active {
        let padding = HostMatrix::random([rows - now + 1, wide], [-2.0, 2.0], 99).tensor(dtype);
        let under_way = input.clone().narrow(0, done, now);
        let after = cells::step(
            case.cell,
            &CellStep {
                input: Tensor::cat(vec![under_way, padding], 0).narrow(0, 0, rows),
                recurrent: states[0].clone().matmul(recurrent.clone()),
                z_gates: z_gates.clone(),
                bias: bias.clone(),
                z_neurons: z_neurons.clone(),
                states: states.clone(),
                activation,
            },
        );
        let mask = (0..rows).map(|row| f64::from(u8::from(row < now))).collect();
        let mask = HostMatrix { shape: [rows, 1], values: mask }.tensor(dtype);
        let rest = mask.clone().neg().add_scalar(1.0);
        let masked = |(new, old): (Tensor<2>, Tensor<2>)| new * mask.clone() + old * rest.clone();
        states = after.into_iter().zip(states).map(masked).collect();
        hidden.push(states[0].clone().narrow(0, 0, now));
        done += now;
    }
    Tensor::cat(hidden, 0)
}

/// Checks that hidden states and gradients of each engine equal those of the computation with padding.
pub fn check_padding(case: &Case) {
    let found = |hidden: &dyn Fn(&[Tensor<2>]) -> Tensor<2>| -> Vec<Vec<f64>> {
        let leaves = case.leaves(DType::F64, MemoryLayout::Plain);
        let leaves: Vec<_> = leaves.into_iter().map(|leaf| leaf.autodiff().require_grad()).collect();
        let hidden = hidden(&leaves);
        let weights = HostMatrix::random(hidden.dims(), [-1.5, 1.5], 98).tensor(DType::F64);
        let mut gradients = (hidden.clone() * weights).sum().backward();
        let gradient = |leaf: &Tensor<2>| host(&leaf.grad_remove(&mut gradients).expect("a gradient"));
        let mut found: Vec<_> = leaves.iter().map(gradient).collect();
        found.push(host(&hidden.inner()));
        found
    };
    let wanted = found(&|leaves| padded(case, leaves));
    for ops in [&ReferenceOps as &dyn Ops, &FusedOps] {
        let ours = found(&|leaves| case.hidden(ops, leaves));
        let names = case.inputs().into_iter().map(|(name, _)| name).chain(["hidden"]);
        for ((ours, wanted), name) in ours.iter().zip(&wanted).zip(names) {
            assert_close(ours, wanted, 1e-11, &format!("{} {ops:?} {name}", case.name()));
        }
    }
}

#[test]
fn a_ragged_batch_gives_what_padding_gives() {
    for case in cases() {
        check_padding(&case);
    }
}
