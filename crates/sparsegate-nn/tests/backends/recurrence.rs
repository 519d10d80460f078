//! The recurrence: every cell, both gate activations, batches with equal and with unequal lengths.

use burn::tensor::{DType, Device, Tensor};
use sparsegate_core::GateActivation;
use sparsegate_core::cells::CELLS;
use sparsegate_nn::engine::{Ops, ReferenceOps};

use crate::agreement::Op;
use crate::case::{Case, cases};
use crate::matrix::{MemoryLayout, assert_close, bits, host};
use crate::target::Target;

pub fn recurrence_agrees(target: &Target) {
    for case in cases() {
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| case.hidden(ops, x);
        Op { name: case.name(), inputs: case.inputs(), apply: &apply }.check(target);
    }
}

fn leaves(case: &Case, device: &Device, dtype: DType) -> Vec<Tensor<2>> {
    case.inputs().iter().map(|(_, input)| input.place(device, dtype, MemoryLayout::Plain)).collect()
}

pub fn all_states_agree(target: &Target) {
    let engine = &target.engine;
    for case in cases() {
        let wanted = case.run(&ReferenceOps, &leaves(&case, &Device::flex(), DType::F64), MemoryLayout::Plain);
        for &(dtype, tolerance) in target.types {
            let found = case.run(engine.ops, &leaves(&case, &engine.device, dtype), MemoryLayout::Plain);
            for ((found, wanted), state) in found.iter().zip(&wanted).zip(case.cell.states()) {
                assert_close(&host(found), &host(wanted), tolerance, &format!("{dtype:?} {} {state}", case.name()));
            }
        }
    }
}

/// Kernels may work in place only if no other reference to their inputs exists.
pub fn inputs_held_elsewhere_stay(target: &Target) {
    let engine = &target.engine;
    for case in cases().filter(|case| case.units < 10) {
        let leaves = leaves(&case, &engine.device, target.types[0].0);
        let held = || leaves.iter().map(|leaf| bits(&host(leaf))).collect::<Vec<_>>();
        let before = held();
        case.hidden(engine.ops, &leaves);
        assert_eq!(held(), before, "{}", case.name());
    }
}

/// Two windows, the second starting from the state of the first, equal one window.
pub fn the_state_carries_on(target: &Target) {
    let engine = &target.engine;
    for cell in CELLS {
        let (cut, rows) = (2, 5);
        let case = Case { cell: *cell, activation: GateActivation::Sigmoid, active: vec![rows; 6], units: 7 };
        let (dtype, tolerance) = target.types[0];
        let leaves = leaves(&case, &engine.device, dtype);
        let whole = case.hidden(engine.ops, &leaves);
        let (mut first, mut second) =
            (case.with_states(&leaves, MemoryLayout::Plain), case.with_states(&leaves, MemoryLayout::Plain));
        first.active = &case.active[..cut];
        first.input = leaves[0].clone().narrow(0, 0, cut * rows);
        let before = engine.ops.recurrence(*cell, first);
        second.active = &case.active[cut..];
        second.input = leaves[0].clone().narrow(0, cut * rows, case.total() - cut * rows);
        second.states = before.iter().map(|state| state.clone().narrow(0, (cut - 1) * rows, rows)).collect();
        let after = engine.ops.recurrence(*cell, second);
        let joined = Tensor::cat(vec![before[0].clone(), after[0].clone()], 0);
        assert_close(&host(&joined), &host(&whole), tolerance, &case.name());
    }
}
