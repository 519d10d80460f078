//! The Adam op: agreement, threads, views, and in-place updates.

use burn::tensor::{DType, Device, Tensor, TensorData};
use rayon::ThreadPoolBuilder;
use sparsegate_nn::engine::{AdamStep, FusedOps, Moments, Ops, ReferenceOps};

use crate::matrix::{HostMatrix, MemoryLayout, VIEWS, assert_close, bits, host};

/// The last shape is larger than one block of the kernel.
const SHAPES: [[usize; 2]; 6] = [[1, 1], [1, 17], [40, 1], [5, 64], [33, 65], [131, 127]];
const STEPS: i32 = 4;

fn scale(value: f64, dtype: DType) -> Tensor<1> {
    Tensor::from_data(TensorData::new(vec![value], [1]), (&Device::flex(), dtype))
}

/// Parameter, first and second moment after some steps, starting from zero moments.
fn run(ops: &dyn Ops, shape: [usize; 2], dtype: DType, layout: MemoryLayout) -> [Vec<f64>; 3] {
    let mut parameter = HostMatrix::random(shape, [-1.0, 1.0], 1).view(dtype, layout);
    let zeros = || HostMatrix { shape, values: vec![0.0; shape[0] * shape[1]] }.view(dtype, layout);
    let mut moments = Moments { first: zeros(), second: zeros() };
    for step in 1..=STEPS {
        let gradient = HostMatrix::random(shape, [-0.1, 0.1], 10 + u64::from(step.unsigned_abs())).view(dtype, layout);
        let correction = (1.0 - 0.999_f64.powi(step)).sqrt() / (1.0 - 0.9_f64.powi(step));
        let constants = AdamStep { rate: 0.002 * correction, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        let scale = scale(1.0 / f64::from(step), dtype);
        (parameter, moments) = ops.adam(parameter, gradient, moments, &scale, &constants);
    }
    [host(&parameter), host(&moments.first), host(&moments.second)]
}

#[test]
fn flex_agrees_with_composed() {
    for shape in SHAPES {
        let wanted = run(&ReferenceOps, shape, DType::F64, MemoryLayout::Plain);
        for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 1e-6)] {
            let found = run(&FusedOps, shape, dtype, MemoryLayout::Plain);
            for ((found, wanted), what) in found.iter().zip(&wanted).zip(["parameter", "first", "second"]) {
                assert_close(found, wanted, tolerance, &format!("{what} {shape:?} {dtype:?}"));
            }
        }
    }
}

#[test]
fn neither_threads_nor_views_change_a_bit() {
    for shape in SHAPES {
        let with = |threads: usize, layout: MemoryLayout| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
            pool.install(|| run(&FusedOps, shape, DType::F32, layout)).map(|values| bits(&values))
        };
        let wanted = with(1, MemoryLayout::Plain);
        assert_eq!(with(2, MemoryLayout::Plain), wanted, "{shape:?}");
        assert_eq!(with(3, MemoryLayout::Plain), wanted, "{shape:?}");
        for layout in VIEWS {
            assert_eq!(with(1, layout), wanted, "{shape:?} as {layout:?}");
        }
    }
}

/// Tensors are updated in place only if no other reference to them exists.
#[test]
fn tensors_held_elsewhere_stay() {
    let shape = [5, 30];
    let tensor = |seed: u64| HostMatrix::random(shape, [0.1, 1.0], seed).tensor(DType::F32);
    let (parameter, gradient, first, second) = (tensor(1), tensor(2), tensor(3), tensor(4));
    let before = [&parameter, &gradient, &first, &second].map(|tensor| bits(&host(tensor)));
    let step = AdamStep { rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let moments = Moments { first: first.clone(), second: second.clone() };
    let (moved, _) = FusedOps.adam(parameter.clone(), gradient.clone(), moments, &scale(1.0, DType::F32), &step);
    assert_ne!(bits(&host(&moved)), before[0]);
    assert_eq!([&parameter, &gradient, &first, &second].map(|tensor| bits(&host(tensor))), before);
}
