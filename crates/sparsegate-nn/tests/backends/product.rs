//! Products of matrices.

use burn::tensor::Tensor;
use sparsegate_nn::engine::Ops;

use crate::agreement::Op;
use crate::matrix::HostMatrix;
use crate::target::Target;

pub fn product_agrees(target: &Target) {
    let apply = |ops: &dyn Ops, x: &[Tensor<2>]| ops.matmul(x[0].clone(), x[1].clone());
    for [rows, inner, columns] in [[1, 1, 1], [1, 7, 3], [5, 1, 4], [17, 33, 65], [64, 64, 64]] {
        let inputs = vec![
            ("left", HostMatrix::random([rows, inner], [-1.0, 1.0], 1)),
            ("right", HostMatrix::random([inner, columns], [-1.0, 1.0], 2)),
        ];
        Op { name: format!("product {rows} {inner} {columns}"), inputs, apply: &apply }.check(target);
    }
}
