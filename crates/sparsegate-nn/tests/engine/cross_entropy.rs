//! Softmax and negative log likelihood.

use burn::tensor::{DType, Tensor};
use sparsegate_nn::engine::{FusedOps, Ops};

use crate::agreement::Op;
use crate::matrix::{HostMatrix, assert_close, bits, host, ids, random_ids};

const SHAPES: [[usize; 2]; 9] = [[1, 1], [7, 1], [1, 9], [3, 15], [2, 16], [5, 64], [33, 65], [65, 50], [4, 600]];

fn inputs(shape: [usize; 2]) -> Vec<(&'static str, HostMatrix)> {
    vec![
        ("logits", HostMatrix::random(shape, [-4.0, 4.0], 1)),
        ("bias", HostMatrix::random([1, shape[1]], [-1.0, 1.0], 2)),
    ]
}

#[test]
fn flex_agrees_with_composed_and_with_finite_differences() {
    for shape in SHAPES {
        let targets = random_ids(shape[0], shape[1], 3);
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| {
            ops.cross_entropy(x[0].clone(), x[1].clone(), ids(&targets)).reshape([1, 1])
        };
        Op { name: format!("cross_entropy {shape:?}"), inputs: inputs(shape), apply: &apply, read: None }.check();
    }
}

#[test]
fn the_value_without_gradient_is_the_value_with_it_and_the_logits_stay() {
    for shape in SHAPES {
        let targets = random_ids(shape[0], shape[1], 3);
        let [logits, bias] = [0, 1].map(|index| inputs(shape)[index].1.tensor(DType::F32));
        let before = host(&logits);
        let plain: f64 = FusedOps.cross_entropy(logits.clone(), bias.clone(), ids(&targets)).into_scalar();
        let leaf = logits.clone().autodiff().require_grad();
        let tracked: f64 = FusedOps.cross_entropy(leaf, bias, ids(&targets)).inner().into_scalar();
        assert!((plain - tracked).abs() < 1e-6, "{shape:?}: {plain} and {tracked}");
        assert_eq!(bits(&host(&logits)), bits(&before), "{shape:?}: the op modified shared logits");
    }
}

#[test]
fn large_logits_neither_overflow_nor_vanish() {
    let logits = HostMatrix { shape: [2, 3], values: vec![1e4, 0.0, -1e4, -1e4, -1e4, -1e4] }.tensor(DType::F32);
    let bias = HostMatrix { shape: [1, 3], values: vec![0.0; 3] }.tensor(DType::F32);
    let leaf = logits.autodiff().require_grad();
    let loss = FusedOps.cross_entropy(leaf.clone(), bias, ids(&[1, 0]));
    let third = 1.0 / 6.0;
    let gradient = host(&leaf.grad(&loss.backward()).expect("a gradient"));
    assert_close(&gradient, &[0.5, -0.5, 0.0, -2.0 * third, third, third], 1e-6, "gradient");
    let wanted = f64::midpoint(1e4, 3.0_f64.ln());
    assert_close(&[loss.inner().into_scalar()], &[wanted], 1e-6, "loss");
}
