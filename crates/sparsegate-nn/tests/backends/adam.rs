//! The Adam op.

use burn::tensor::{DType, Device, Tensor, TensorData};
use sparsegate_nn::engine::{AdamStep, Moments, Ops, ReferenceOps};

use crate::matrix::{HostMatrix, MemoryLayout, assert_close, bits, host};
use crate::target::Target;

const STEPS: i32 = 4;

fn scale(value: f64, device: &Device, dtype: DType) -> Tensor<1> {
    Tensor::from_data(TensorData::new(vec![value], [1]), (device, dtype))
}

/// Parameter, first and second moment after some steps, starting from zero moments.
fn run(ops: &dyn Ops, device: &Device, shape: [usize; 2], dtype: DType, layout: MemoryLayout) -> [Vec<f64>; 3] {
    let random = |limits, seed| HostMatrix::random(shape, limits, seed).place(device, dtype, layout);
    let mut parameter = random([-1.0, 1.0], 1);
    let zeros = || HostMatrix { shape, values: vec![0.0; shape[0] * shape[1]] }.place(device, dtype, layout);
    let mut moments = Moments { first: zeros(), second: zeros() };
    for step in 1..=STEPS {
        let gradient = random([-0.1, 0.1], 10 + u64::from(step.unsigned_abs()));
        let correction = (1.0 - 0.999_f64.powi(step)).sqrt() / (1.0 - 0.9_f64.powi(step));
        let constants = AdamStep { rate: 0.002 * correction, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        let scale = scale(1.0 / f64::from(step), device, dtype);
        (parameter, moments) = ops.adam(parameter, gradient, moments, &scale, &constants);
    }
    [host(&parameter), host(&moments.first), host(&moments.second)]
}

/// The last shape is larger than one block of the libtorch implementation, and not a multiple of it.
pub fn adam_agrees(target: &Target) {
    for shape in [[1, 1], [1, 17], [40, 1], [5, 64], [33, 65], [131, 127], [519, 513]] {
        let wanted = run(&ReferenceOps, &Device::flex(), shape, DType::F64, MemoryLayout::Plain);
        for &(dtype, tolerance) in target.types {
            for layout in [MemoryLayout::Plain, MemoryLayout::Transposed, MemoryLayout::Columns] {
                let found = run(target.engine.ops, &target.engine.device, shape, dtype, layout);
                for ((found, wanted), what) in found.iter().zip(&wanted).zip(["parameter", "first", "second"]) {
                    assert_close(found, wanted, tolerance, &format!("{what} {shape:?} {dtype:?} as {layout:?}"));
                }
            }
        }
    }
}

/// Tensors are updated in place only if no other reference to them exists.
pub fn tensors_held_elsewhere_stay(target: &Target) {
    let (shape, device, dtype) = ([5, 30], &target.engine.device, DType::F32);
    let tensors =
        [1, 2, 3, 4].map(|seed| HostMatrix::random(shape, [0.1, 1.0], seed).place(device, dtype, MemoryLayout::Plain));
    let held = || tensors.each_ref().map(|tensor| bits(&host(tensor)));
    let before = held();
    let step = AdamStep { rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let [parameter, gradient, first, second] = tensors.clone();
    let scale = scale(1.0, device, dtype);
    let (moved, _) = target.engine.ops.adam(parameter, gradient, Moments { first, second }, &scale, &step);
    assert_ne!(bits(&host(&moved)), before[0]);
    assert_eq!(held(), before);
}
