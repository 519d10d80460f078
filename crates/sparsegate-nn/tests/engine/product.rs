//! Products of matrices.

use burn::tensor::Tensor;
use sparsegate_nn::engine::Ops;

use crate::agreement::Op;
use crate::matrix::HostMatrix;

/// Rows, inner size and columns; the last right matrix is large enough to be transposed in parallel in the backward
/// pass.
const SIZES: [[usize; 3]; 6] = [[1, 1, 1], [1, 7, 3], [5, 1, 4], [17, 33, 65], [64, 64, 64], [3, 512, 520]];

#[test]
fn flex_agrees_with_composed_and_with_finite_differences() {
    let apply = |ops: &dyn Ops, x: &[Tensor<2>]| ops.matmul(x[0].clone(), x[1].clone());
    for [rows, inner, columns] in SIZES {
        let inputs = vec![
            ("left", HostMatrix::random([rows, inner], [-1.0, 1.0], 1)),
            ("right", HostMatrix::random([inner, columns], [-1.0, 1.0], 2)),
        ];
        Op { name: format!("product {rows} {inner} {columns}"), inputs, apply: &apply, read: None }.check();
    }
}
