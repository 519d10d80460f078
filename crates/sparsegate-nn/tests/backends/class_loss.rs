//! The classifier's loss: a sigmoid for one output, a softmax for several.

use burn::tensor::Tensor;
use sparsegate_nn::engine::Ops;

use crate::agreement::Op;
use crate::matrix::{HostMatrix, ids_on, random_ids};
use crate::target::Target;

pub fn class_loss_agrees(target: &Target) {
    for shape in [[1, 1], [7, 1], [1, 2], [5, 3], [33, 4]] {
        let classes = random_ids(shape[0], shape[1].max(2), 3);
        let inputs = vec![
            ("logits", HostMatrix::random(shape, [-4.0, 4.0], 1)),
            ("bias", HostMatrix::random([1, shape[1]], [-1.0, 1.0], 2)),
        ];
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| {
            ops.class_loss(x[0].clone(), x[1].clone(), ids_on(&x[0].device().inner(), &classes)).reshape([1, 1])
        };
        Op { name: format!("class_loss {shape:?}"), inputs, apply: &apply }.check(target);
    }
}
