//! Sums of squares.

use burn::tensor::DType;
use sparsegate_nn::engine::{Ops, ReferenceOps};

use crate::matrix::{HostMatrix, MemoryLayout, VIEWS, assert_close};
use crate::target::Target;

pub fn square_sum_agrees(target: &Target) {
    for shape in [[1, 1], [1, 17], [40, 1], [5, 64], [33, 65], [131, 127], [600, 700]] {
        let values = HostMatrix::random(shape, [-3.0, 2.0], 1);
        let wanted = ReferenceOps.square_sum(&values.tensor(DType::F64)).into_scalar();
        for &(dtype, tolerance) in target.types {
            for layout in [MemoryLayout::Plain].into_iter().chain(VIEWS) {
                let found =
                    target.engine.ops.square_sum(&values.place(&target.engine.device, dtype, layout)).into_scalar();
                assert_close(&[found], &[wanted], tolerance, &format!("{shape:?} {dtype:?} as {layout:?}"));
            }
        }
    }
}

pub fn what_is_not_finite_shows(target: &Target) {
    for bad in [f64::NAN, f64::INFINITY] {
        for place in [0, 16, 39] {
            let mut values = HostMatrix::random([1, 40], [-1.0, 1.0], 2);
            values.values[place] = bad;
            let values = values.place(&target.engine.device, DType::F32, MemoryLayout::Plain);
            let sum = target.engine.ops.square_sum(&values).into_scalar::<f32>();
            assert!(!sum.is_finite(), "{bad} at {place}");
        }
    }
}
