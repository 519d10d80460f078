//! The penalty of the log-uniform prior.

use burn::tensor::{DType, Tensor};
use sparsegate::engine::{Composed, Fused, Ops};

use crate::agreement::Op;
use crate::matrix::{Matrix, assert_close, host};

fn apply(ops: &dyn Ops, x: &[Tensor<2>]) -> Tensor<2> {
    ops.penalty(x[0].clone(), x[1].clone()).reshape([1, 1])
}

#[test]
fn flex_agrees_with_composed_and_with_finite_differences() {
    // The last is more than one piece of the kernel, and not a whole number of them.
    for shape in [[1, 1], [1, 15], [16, 1], [3, 17], [8, 64], [33, 65], [131, 127]] {
        let inputs =
            vec![("mean", Matrix::random(shape, [-0.2, 0.2], 1)), ("log sigma", Matrix::random(shape, [-7.0, 2.0], 2))];
        Op { name: format!("penalty {shape:?}"), inputs, apply: &apply }.check();
    }
}

/// Values, and gradients to mean and log sigma, of one weight.
fn alone(ops: &dyn Ops, dtype: DType, mean: f64, log_sigma: f64) -> [f64; 3] {
    let leaf = |value: f64| Matrix { shape: [1, 1], values: vec![value] }.tensor(dtype).autodiff().require_grad();
    let (mean, log_sigma) = (leaf(mean), leaf(log_sigma));
    let value = ops.penalty(mean.clone(), log_sigma.clone());
    let found = value.backward();
    let gradient = |leaf: &Tensor<2>| host(&leaf.grad(&found).expect("a gradient"))[0];
    [value.inner().into_scalar(), gradient(&mean), gradient(&log_sigma)]
}

#[test]
fn a_mean_of_exactly_zero_counts_as_noise_and_has_no_gradient() {
    for ops in [&Fused as &dyn Ops, &Composed] {
        for dtype in [DType::F32, DType::F64] {
            // The second squares to zero in single precision.
            for mean in [0.0, 1e-30, -0.0] {
                let found = alone(ops, dtype, mean, -3.0);
                assert_close(&found, &[-0.669_83, 0.0, 0.0], 1e-5, &format!("{ops:?} {dtype:?} {mean}"));
                assert_eq!(&found[1..], &[0.0, 0.0], "{ops:?} {dtype:?} {mean}");
            }
        }
    }
}

#[test]
fn beyond_the_clamp_the_value_stays_and_the_gradient_is_zero() {
    for ops in [&Fused as &dyn Ops, &Composed] {
        for dtype in [DType::F32, DType::F64] {
            for (log_sigma, value) in [(4.5, -0.669_83), (9.0, -0.669_83), (-4.5, 3.970_14), (-20.0, 3.970_14)] {
                let found = alone(ops, dtype, 1.0, log_sigma);
                assert_close(&found, &[value, 0.0, 0.0], 1e-5, &format!("{ops:?} {dtype:?} {log_sigma}"));
                assert_eq!(&found[1..], &[0.0, 0.0], "{ops:?} {dtype:?} {log_sigma}");
            }
        }
    }
}
