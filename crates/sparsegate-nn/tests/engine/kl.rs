//! KL divergence from the log-uniform prior, in the two passes over the parameters of a step.

use burn::tensor::{DType, Tensor, TensorData};
use rayon::ThreadPoolBuilder;
use sparsegate_nn::engine::{AdamStep, DataGradients, FusedOps, Moments, Ops, ReferenceOps};
use sparsegate_nn::variational::kl;

use crate::matrix::{HostMatrix, MemoryLayout, VIEWS, assert_close, bits, host};

const KL_WEIGHT: f64 = 0.01;

/// Shapes of a variational parameter, with the rows that the data loss reads (`None` for all). The last shapes are
/// larger than one block of the kernels, and not a multiple of it.
fn cases() -> Vec<([usize; 2], Option<Vec<u32>>)> {
    let whole = [[1, 1], [1, 15], [16, 1], [3, 17], [8, 64], [33, 65], [131, 127]].map(|shape| (shape, None));
    let parts = [
        ([1, 33], vec![0]),
        ([40, 1], vec![3, 4, 39]),
        ([5, 600], vec![0, 4]),
        ([131, 127], vec![0, 1, 2, 77, 130]),
        ([20, 1024], vec![7, 9]),
        ([9, 30], vec![]),
    ];
    whole.into_iter().chain(parts.map(|(shape, rows)| (shape, Some(rows)))).collect()
}

/// Means, log sigmas and the gradients of the data loss.
fn inputs(
    shape: [usize; 2],
    rows: Option<&[u32]>,
    dtype: DType,
    layout: MemoryLayout,
) -> ([Tensor<2>; 2], DataGradients) {
    let random = |shape: [usize; 2], limits, seed| {
        // An empty tensor cannot be a view.
        HostMatrix::random(shape, limits, seed).view(dtype, if shape[0] == 0 { MemoryLayout::Plain } else { layout })
    };
    let parameter = [random(shape, [-0.2, 0.2], 1), random(shape, [-7.0, 2.0], 2)];
    let read = [rows.map_or(shape[0], <[u32]>::len), shape[1]];
    let [mean, log_sigma] = [3, 4].map(|seed| random(read, [-1.0, 1.0], seed));
    (parameter, DataGradients { mean, log_sigma, rows: rows.map(<[u32]>::to_vec) })
}

fn scalar(tensor: Tensor<1>) -> Vec<f64> {
    vec![tensor.into_scalar::<f64>()]
}

/// KL divergence, sum of squared gradients, and the gradients with respect to means and log sigmas.
fn first_pass(
    ops: &dyn Ops,
    shape: [usize; 2],
    rows: Option<&[u32]>,
    dtype: DType,
    layout: MemoryLayout,
) -> Vec<Vec<f64>> {
    let ([mean, log_sigma], gradients) = inputs(shape, rows, dtype, layout);
    let found = ops.kl_and_gradient_norm([&mean, &log_sigma], &gradients, KL_WEIGHT);
    let whole = ops.total_gradients([&mean, &log_sigma], gradients, KL_WEIGHT);
    [scalar(found.kl), scalar(found.square_sum)].into_iter().chain(whole.iter().map(host)).collect()
}

/// Means and log sigmas with their moments after an Adam step.
fn second_pass(
    ops: &dyn Ops,
    shape: [usize; 2],
    rows: Option<&[u32]>,
    dtype: DType,
    layout: MemoryLayout,
) -> Vec<Vec<f64>> {
    let (parameter, gradients) = inputs(shape, rows, dtype, layout);
    let moment = |seed| HostMatrix::random(shape, [0.0, 0.5], seed).view(dtype, layout);
    let moments = [5, 7].map(|seed| Moments { first: moment(seed), second: moment(seed + 1) });
    let step = AdamStep { rate: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let scale = Tensor::from_data(TensorData::new(vec![0.7], [1]), (&parameter[0].device(), dtype));
    let moved = ops.adam_variational(parameter, gradients, KL_WEIGHT, moments, &scale, &step);
    moved.iter().flat_map(|(tensor, moments)| [tensor, &moments.first, &moments.second]).map(host).collect()
}

#[test]
fn flex_agrees_with_composed() {
    for (shape, rows) in cases() {
        for pass in [first_pass, second_pass] {
            let wanted = pass(&ReferenceOps, shape, rows.as_deref(), DType::F64, MemoryLayout::Plain);
            for (dtype, tolerance) in [(DType::F64, 1e-11), (DType::F32, 1e-5)] {
                for layout in [MemoryLayout::Plain].into_iter().chain(VIEWS) {
                    let found = pass(&FusedOps, shape, rows.as_deref(), dtype, layout);
                    for (place, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                        assert_close(
                            found,
                            wanted,
                            tolerance,
                            &format!("{place}: {shape:?} {rows:?} {dtype:?} {layout:?}"),
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let shape = [7, 65];
    for ops in [&FusedOps as &dyn Ops, &ReferenceOps] {
        let matrices = [HostMatrix::random(shape, [-0.2, 0.2], 1), HostMatrix::random(shape, [-7.0, 2.0], 2)];
        let of = |matrices: &[HostMatrix; 2]| matrices.each_ref().map(|matrix| matrix.tensor(DType::F64));
        let nothing = || {
            let zeros = || HostMatrix { shape, values: vec![0.0; shape[0] * shape[1]] }.tensor(DType::F64);
            DataGradients { mean: zeros(), log_sigma: zeros(), rows: None }
        };
        let gradients = ops.total_gradients(of(&matrices).each_ref(), nothing(), 1.0).map(|tensor| host(&tensor));
        let kl = |matrices: &[HostMatrix; 2]| {
            ops.kl_and_gradient_norm(of(matrices).each_ref(), &nothing(), 1.0).kl.into_scalar::<f64>()
        };
        for (index, gradient) in gradients.iter().enumerate() {
            for place in (0..gradient.len()).step_by(19) {
                let step = 1e-5 * matrices[index].values[place].abs().max(1e-2);
                let at = |change: f64| {
                    let mut moved = matrices.clone();
                    moved[index].values[place] += change;
                    kl(&moved)
                };
                let (slope, gradient) = ((at(step) - at(-step)) / (2.0 * step), gradient[place]);
                let rounding = f64::EPSILON * 4.0 * gradients[0].len() as f64 / step;
                let close = (slope - gradient).abs() <= 1e-6 * gradient.abs().max(1.0) + rounding;
                assert!(close, "{ops:?}, input {index}, element {place}: slope {slope}, gradient {gradient}");
            }
        }
    }
}

/// KL divergence of one weight, and its gradients with respect to mean and log sigma.
fn alone(ops: &dyn Ops, dtype: DType, mean: f64, log_sigma: f64) -> [f64; 3] {
    let one = |value: f64| HostMatrix { shape: [1, 1], values: vec![value] }.tensor(dtype);
    let parameter = [one(mean), one(log_sigma)];
    let nothing = DataGradients { mean: one(0.0), log_sigma: one(0.0), rows: None };
    let kl = ops.kl_and_gradient_norm(parameter.each_ref(), &nothing, 1.0).kl;
    let [to_mean, to_log_sigma] =
        ops.total_gradients(parameter.each_ref(), nothing, 1.0).map(|tensor| host(&tensor)[0]);
    [kl.into_scalar(), to_mean, to_log_sigma]
}

/// Log alpha from below the clamp to above it, with means of both signs.
#[test]
fn each_weight_has_the_values_of_the_scalar_reference() {
    for ops in [&FusedOps as &dyn Ops, &ReferenceOps] {
        for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 1e-5)] {
            for mean in [-1.25, -0.25, 0.015_625, 0.5] {
                for quarters in -24..12 {
                    let log_sigma = f64::from(quarters) / 4.0;
                    let found = alone(ops, dtype, mean, log_sigma);
                    let [to_mean, to_log_sigma] = kl::gradients(mean, log_sigma);
                    let what = format!("{ops:?} {dtype:?} {mean} {log_sigma}");
                    assert_close(&found[..1], &[kl::divergence(mean, log_sigma)], tolerance, &what);
                    assert_close(&found[1..2], &[to_mean], tolerance, &what);
                    assert_close(&found[2..], &[to_log_sigma], tolerance, &what);
                }
            }
        }
    }
}

#[test]
fn a_mean_of_exactly_zero_counts_as_noise_and_has_no_gradient() {
    for ops in [&FusedOps as &dyn Ops, &ReferenceOps] {
        for dtype in [DType::F32, DType::F64] {
            // The square of 1e-30 is zero in single precision.
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
    for ops in [&FusedOps as &dyn Ops, &ReferenceOps] {
        for dtype in [DType::F32, DType::F64] {
            // In single precision, 1 / sigma^2 of the last two is infinite or close to it.
            let cases = [(4.5, -0.669_83), (9.0, -0.669_83), (-4.5, 3.970_14), (-20.0, 3.970_14), (-60.0, 3.970_14)];
            for (log_sigma, value) in cases {
                let found = alone(ops, dtype, 1.0, log_sigma);
                assert_close(&found, &[value, 0.0, 0.0], 1e-5, &format!("{ops:?} {dtype:?} {log_sigma}"));
                assert_eq!(&found[1..], &[0.0, 0.0], "{ops:?} {dtype:?} {log_sigma}");
            }
        }
    }
}

#[test]
fn what_is_not_a_number_reaches_the_penalty() {
    for dtype in [DType::F32, DType::F64] {
        assert!(alone(&FusedOps, dtype, f64::NAN, -3.0)[0].is_nan());
        assert!(alone(&FusedOps, dtype, 0.1, f64::NAN)[0].is_nan());
    }
}

#[test]
fn threads_do_not_matter() {
    let shape = [131, 127];
    for rows in [None, Some(&[3, 70, 71][..])] {
        for pass in [first_pass, second_pass] {
            let with = |threads: usize| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
                let found = pool.install(|| pass(&FusedOps, shape, rows, DType::F32, MemoryLayout::Plain));
                found.iter().map(|values| bits(values)).collect::<Vec<_>>()
            };
            let one = with(1);
            assert_eq!(with(2), one);
            assert_eq!(with(3), one);
        }
    }
}

/// Tensors are updated in place only if no other reference to them exists.
#[test]
fn tensors_held_elsewhere_stay() {
    let (parameter, gradients) = inputs([5, 30], None, DType::F32, MemoryLayout::Plain);
    let moments = [parameter[0].zeros_like(), parameter[1].zeros_like()];
    let held = || parameter.iter().chain(&moments).map(|tensor| bits(&host(tensor))).collect::<Vec<_>>();
    let before = held();
    let step = AdamStep { rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let both = moments.clone().map(|zeros| Moments { first: zeros.clone(), second: zeros });
    let moved = FusedOps.adam_variational(
        parameter.clone(),
        gradients,
        KL_WEIGHT,
        both,
        &Tensor::ones([1], &parameter[0].device()),
        &step,
    );
    assert_ne!(bits(&host(&moved[0].0)), before[0]);
    assert_eq!(held(), before);
}
