//! Sums of squares.

use burn::tensor::DType;
use sparsegate_nn::engine::{Ops, ReferenceOps};

use crate::matrix::{Lie, Matrix, VIEWS, assert_close};
use crate::target::Target;

pub fn square_sum_agrees(target: &Target) {
    for shape in [[1, 1], [1, 17], [40, 1], [5, 64], [33, 65], [131, 127], [600, 700]] {
        let values = Matrix::random(shape, [-3.0, 2.0], 1);
        let wanted = ReferenceOps.square_sum(&values.tensor(DType::F64)).into_scalar();
        for &(dtype, tolerance) in target.types {
            for lie in [Lie::Plain].into_iter().chain(VIEWS) {
                let found =
                    target.engine.ops.square_sum(&values.place(&target.engine.device, dtype, lie)).into_scalar();
                assert_close(&[found], &[wanted], tolerance, &format!("{shape:?} {dtype:?} as {lie:?}"));
            }
        }
    }
}

pub fn what_is_not_finite_shows(target: &Target) {
    for bad in [f64::NAN, f64::INFINITY] {
        for place in [0, 16, 39] {
            let mut values = Matrix::random([1, 40], [-1.0, 1.0], 2);
            values.values[place] = bad;
            let values = values.place(&target.engine.device, DType::F32, Lie::Plain);
            let sum = target.engine.ops.square_sum(&values).into_scalar::<f32>();
            assert!(!sum.is_finite(), "{bad} at {place}");
        }
    }
}
