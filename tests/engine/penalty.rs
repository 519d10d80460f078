//! The penalty of the log-uniform prior.

use burn::tensor::{DType, Tensor};
use rayon::ThreadPoolBuilder;
use sparsegate::engine::{Composed, Fused, Ops};

use crate::agreement::Op;
use crate::matrix::{Lie, Matrix, VIEWS, assert_close, bits, host};

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

/// Gradients to mean and log sigma, penalty and sum of squares, of a quantity that has gradients already.
fn penalized(ops: &dyn Ops, shape: [usize; 2], dtype: DType, lie: Lie) -> [Vec<f64>; 4] {
    let random = |limits, seed| Matrix::random(shape, limits, seed).view(dtype, lie);
    let gradients = [random([-1.0, 1.0], 3), random([-1.0, 1.0], 4)];
    let (mean, log_sigma) = (random([-0.2, 0.2], 1), random([-7.0, 2.0], 2));
    let found = ops.penalize(&mean, &log_sigma, gradients, 0.01);
    let scalar = |tensor: Tensor<1>| vec![tensor.into_scalar::<f64>()];
    [host(&found.mean), host(&found.log_sigma), scalar(found.penalty), scalar(found.square_sum)]
}

#[test]
fn one_pass_gives_what_autodiff_and_a_sum_give() {
    for shape in [[1, 1], [1, 15], [16, 1], [3, 17], [8, 64], [33, 65], [131, 127]] {
        let wanted = penalized(&Composed, shape, DType::F64, Lie::Plain);
        for (dtype, tolerance) in [(DType::F64, 1e-11), (DType::F32, 1e-5)] {
            for lie in [Lie::Plain].into_iter().chain(VIEWS) {
                let found = penalized(&Fused, shape, dtype, lie);
                for ((found, wanted), what) in
                    found.iter().zip(&wanted).zip(["mean", "log sigma", "penalty", "squares"])
                {
                    assert_close(found, wanted, tolerance, &format!("{what} {shape:?} {dtype:?} as {lie:?}"));
                }
            }
        }
    }
}

#[test]
fn threads_do_not_matter_to_the_one_pass() {
    let shape = [131, 127];
    let with = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        pool.install(|| penalized(&Fused, shape, DType::F32, Lie::Plain)).map(|values| bits(&values))
    };
    let one = with(1);
    assert_eq!(with(2), one);
    assert_eq!(with(3), one);
}

/// Gradients are changed in place only where nobody else holds them.
#[test]
fn gradients_held_elsewhere_stay() {
    let random = |seed| Matrix::random([5, 30], [-1.0, 1.0], seed).tensor(DType::F32);
    let (mean, log_sigma, to_mean, to_log_sigma) = (random(1), random(2), random(3), random(4));
    let before = [&to_mean, &to_log_sigma].map(|tensor| bits(&host(tensor)));
    let found = Fused.penalize(&mean, &log_sigma, [to_mean.clone(), to_log_sigma.clone()], 0.1);
    assert_ne!(bits(&host(&found.mean)), before[0]);
    assert_eq!([&to_mean, &to_log_sigma].map(|tensor| bits(&host(tensor))), before);
}
