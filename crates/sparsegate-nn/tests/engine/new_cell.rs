//! The cell of `docs/new-cell.md`: the page shows this code, and the code works without a kernel.

use burn::tensor::{DType, Tensor};
use sparsegate_core::GateActivation;
use sparsegate_nn::engine::{FusedOps, Ops, ReferenceOps};

use crate::case::Case;
use crate::coupled_lstm::CoupledLstm;
use crate::matrix::{HostMatrix, MemoryLayout};
use crate::recurrence::check_padding;

fn case() -> Case {
    Case { cell: &CoupledLstm, activation: GateActivation::HardSigmoid, active: vec![1, 2, 2, 5], units: 3 }
}

#[test]
fn the_page_shows_the_code_that_is_tested() {
    let page = include_str!("../../../../docs/new-cell.md");
    let code = include_str!("../../../sparsegate-testing/src/networks/coupled_lstm.rs")
        .replace("use sparsegate_core::cells::", "use super::")
        .replace("use sparsegate_core::", "use crate::");
    assert!(page.contains(&code), "docs/new-cell.md and sparsegate-testing/src/networks/coupled_lstm.rs differ");
}

#[test]
fn ragged_batches_follow_from_the_step() {
    check_padding(&case());
}

/// Gradient descent on the distance between the hidden states and reachable target states.
#[test]
fn it_trains() {
    for ops in [&ReferenceOps as &dyn Ops, &FusedOps] {
        let case = case();
        let mut leaves = case.leaves(DType::F32, MemoryLayout::Plain);
        let mut distances = Vec::new();
        for _ in 0..30 {
            let tracked: Vec<_> = leaves.iter().map(|leaf| leaf.clone().autodiff().require_grad()).collect();
            let hidden = case.hidden(ops, &tracked);
            let target = HostMatrix::random(hidden.dims(), [-0.2, 0.2], 9).tensor(DType::F32);
            let distance = (hidden - target).square().sum();
            let gradients = distance.backward();
            distances.push(distance.inner().into_scalar::<f64>());
            let step = |(leaf, tracked): (&Tensor<2>, &Tensor<2>)| {
                leaf.clone() - tracked.grad(&gradients).expect("every input has a gradient").mul_scalar(0.1)
            };
            leaves = leaves.iter().zip(&tracked).map(step).collect();
        }
        assert!(distances[29] < 0.2 * distances[0], "{ops:?}: from {} to {}", distances[0], distances[29]);
    }
}
