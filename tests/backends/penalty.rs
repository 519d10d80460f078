//! The penalty of the log-uniform prior.

use burn::tensor::{DType, Device, Tensor};
use sparsegate::engine::{Composed, Ops};

use crate::agreement::Op;
use crate::matrix::{Lie, Matrix, assert_close, host};
use crate::target::Target;

pub fn penalty_agrees(target: &Target) {
    let apply = |ops: &dyn Ops, x: &[Tensor<2>]| ops.penalty(x[0].clone(), x[1].clone()).reshape([1, 1]);
    for shape in [[1, 1], [1, 15], [16, 1], [3, 17], [8, 64], [33, 65], [131, 127]] {
        let inputs =
            vec![("mean", Matrix::random(shape, [-0.2, 0.2], 1)), ("log sigma", Matrix::random(shape, [-7.0, 2.0], 2))];
        Op { name: format!("penalty {shape:?}"), inputs, apply: &apply }.check(target);
    }
}

/// The gradients of a quantity with its penalty's, the penalty, and the sum of squares.
pub fn penalize_agrees(target: &Target) {
    for shape in [[1, 1], [1, 15], [16, 1], [33, 65], [131, 127]] {
        let of = |ops: &dyn Ops, device: &Device, dtype: DType| {
            let random = |limits, seed| Matrix::random(shape, limits, seed).place(device, dtype, Lie::Plain);
            let gradients = [random([-1.0, 1.0], 3), random([-1.0, 1.0], 4)];
            let found = ops.penalize(&random([-0.2, 0.2], 1), &random([-7.0, 2.0], 2), gradients, 0.01);
            let scalar = |tensor: Tensor<1>| vec![tensor.into_scalar::<f64>()];
            [host(&found.mean), host(&found.log_sigma), scalar(found.penalty), scalar(found.square_sum)]
        };
        let wanted = of(&Composed, &Device::flex(), DType::F64);
        for &(dtype, tolerance) in target.types {
            let found = of(target.engine.ops, &target.engine.device, dtype);
            for ((found, wanted), what) in found.iter().zip(&wanted).zip(["mean", "log sigma", "penalty", "squares"]) {
                assert_close(found, wanted, tolerance, &format!("{what} {shape:?} {dtype:?}"));
            }
        }
    }
}

/// Value, and gradients to mean and log sigma, of one weight.
fn alone(ops: &dyn Ops, device: &Device, dtype: DType, mean: f64, log_sigma: f64) -> [f64; 3] {
    let leaf = |value: f64| {
        Matrix { shape: [1, 1], values: vec![value] }.place(device, dtype, Lie::Plain).autodiff().require_grad()
    };
    let (mean, log_sigma) = (leaf(mean), leaf(log_sigma));
    let value = ops.penalty(mean.clone(), log_sigma.clone());
    let found = value.backward();
    let gradient = |leaf: &Tensor<2>| host(&leaf.grad(&found).expect("a gradient"))[0];
    [value.inner().into_scalar(), gradient(&mean), gradient(&log_sigma)]
}

pub fn a_mean_of_zero_has_no_gradient_and_the_clamp_stops_it(target: &Target) {
    let (ops, device) = (target.engine.ops, &target.engine.device);
    let (noise, weight) = (-0.669_83, 3.970_14);
    // The second squares to zero in single precision.
    let zeros = [0.0, 1e-30, -0.0].map(|mean| (mean, -3.0, noise));
    let clamped = [(1.0, 4.5, noise), (1.0, 9.0, noise), (1.0, -4.5, weight), (1.0, -20.0, weight)];
    for (mean, log_sigma, value) in zeros.into_iter().chain(clamped) {
        for &(dtype, _) in target.types {
            let found = alone(ops, device, dtype, mean, log_sigma);
            let what = format!("{dtype:?}, mean {mean}, log sigma {log_sigma}");
            assert_close(&found, &[value, 0.0, 0.0], 1e-5, &what);
            assert_eq!(&found[1..], &[0.0, 0.0], "{what}");
        }
    }
}
