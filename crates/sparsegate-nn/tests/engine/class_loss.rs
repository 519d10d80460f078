//! The classifier's loss.

use burn::tensor::{DType, Tensor};
use sparsegate_nn::engine::{FusedOps, Ops};

use crate::agreement::Op;
use crate::matrix::{HostMatrix, assert_close, host, ids, random_ids};

fn loss_and_gradient(logits: HostMatrix, targets: &[u32]) -> (f64, Vec<f64>) {
    let bias = HostMatrix { shape: [1, logits.shape[1]], values: vec![0.0; logits.shape[1]] }.tensor(DType::F64);
    let leaf = logits.tensor(DType::F64).autodiff().require_grad();
    let loss = FusedOps.class_loss(leaf.clone(), bias, ids(targets));
    let gradient = host(&leaf.grad(&loss.backward()).expect("a gradient"));
    (loss.inner().into_scalar(), gradient)
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for shape in [[1, 1], [7, 1], [1, 2], [5, 3], [33, 4]] {
        let targets = random_ids(shape[0], shape[1].max(2), 3);
        let inputs = vec![
            ("logits", HostMatrix::random(shape, [-4.0, 4.0], 1)),
            ("bias", HostMatrix::random([1, shape[1]], [-1.0, 1.0], 2)),
        ];
        let apply =
            |ops: &dyn Ops, x: &[Tensor<2>]| ops.class_loss(x[0].clone(), x[1].clone(), ids(&targets)).reshape([1, 1]);
        Op { name: format!("class_loss {shape:?}"), inputs, apply: &apply, read: None }.check();
    }
}

/// s(0) = 1/2, s(ln 3) = 3/4; softmax of (0, ln 2, ln 5) is (1, 2, 5) / 8.
#[test]
fn one_column_is_a_sigmoid_head_and_more_are_a_softmax_head() {
    let logits = HostMatrix { shape: [3, 1], values: vec![0.0, 3.0_f64.ln(), 3.0_f64.ln()] };
    let (loss, gradient) = loss_and_gradient(logits, &[1, 1, 0]);
    assert_close(&[loss], &[(2.0_f64.ln() + (4.0_f64 / 3.0).ln() + 4.0_f64.ln()) / 3.0], 1e-14, "sigmoid");
    assert_close(&gradient, &[-0.5 / 3.0, -0.25 / 3.0, 0.75 / 3.0], 1e-14, "sigmoid's gradient");
    let logits = HostMatrix { shape: [1, 3], values: vec![0.0, 2.0_f64.ln(), 5.0_f64.ln()] };
    let (loss, gradient) = loss_and_gradient(logits, &[1]);
    assert_close(&[loss], &[4.0_f64.ln()], 1e-14, "softmax");
    assert_close(&gradient, &[0.125, -0.75, 0.625], 1e-14, "softmax's gradient");
}

#[test]
fn probabilities_are_clipped_and_there_is_no_gradient_beyond() {
    let sigmoid = HostMatrix { shape: [2, 1], values: vec![-20.0, 20.0] };
    let softmax = HostMatrix { shape: [2, 2], values: vec![0.0, 20.0, 0.0, 20.0] };
    for (logits, targets) in [(sigmoid, [1, 1]), (softmax, [0, 1])] {
        let (loss, gradient) = loss_and_gradient(logits, &targets);
        let wanted = -(1e-6_f64.ln() + (1.0 - 1e-6_f64).ln()) / 2.0;
        assert_close(&[loss], &[wanted], 1e-12, "loss");
        assert!(gradient.iter().all(|value| *value == 0.0), "{gradient:?}");
    }
}
