//! KL divergence from the log-uniform prior, in the two passes over the parameters of a step.

use burn::tensor::{DType, Device, Tensor, TensorData};
use sparsegate_nn::engine::{AdamStep, DataGradients, Moments, Ops, ReferenceOps};
use sparsegate_nn::variational::kl;

use crate::matrix::{HostMatrix, MemoryLayout, assert_close, host};
use crate::target::Target;

const SHAPES: [[usize; 2]; 7] = [[1, 1], [1, 15], [16, 1], [3, 17], [8, 64], [33, 65], [131, 127]];
const KL_WEIGHT: f64 = 0.01;

/// Ops, device, float type and memory layout of a pass.
#[derive(Clone, Copy)]
struct RunConfig<'a> {
    ops: &'a dyn Ops,
    device: &'a Device,
    dtype: DType,
    layout: MemoryLayout,
}

impl RunConfig<'_> {
    fn random(&self, shape: [usize; 2], limits: [f64; 2], seed: u64) -> Tensor<2> {
        HostMatrix::random(shape, limits, seed).place(self.device, self.dtype, self.layout)
    }

    /// Means, log sigmas and the gradients of the data loss.
    fn inputs(&self, shape: [usize; 2]) -> ([Tensor<2>; 2], DataGradients) {
        let parameter = [self.random(shape, [-0.2, 0.2], 1), self.random(shape, [-7.0, 2.0], 2)];
        let [mean, log_sigma] = [3, 4].map(|seed| self.random(shape, [-1.0, 1.0], seed));
        (parameter, DataGradients { mean, log_sigma, rows: None })
    }
}

/// KL divergence, sum of squared gradients, and the gradients with respect to means and log sigmas.
fn first_pass(config: RunConfig<'_>, shape: [usize; 2]) -> Vec<Vec<f64>> {
    let ([mean, log_sigma], gradients) = config.inputs(shape);
    let found = config.ops.kl_and_gradient_norm([&mean, &log_sigma], &gradients, KL_WEIGHT);
    let whole = config.ops.total_gradients([&mean, &log_sigma], gradients, KL_WEIGHT);
    let scalars = [found.kl, found.square_sum].map(|tensor| vec![tensor.into_scalar::<f64>()]);
    scalars.into_iter().chain(whole.iter().map(host)).collect()
}

/// Means and log sigmas with their moments after an Adam step.
fn second_pass(config: RunConfig<'_>, shape: [usize; 2]) -> Vec<Vec<f64>> {
    let (parameter, gradients) = config.inputs(shape);
    let moment = |seed| config.random(shape, [0.0, 0.5], seed);
    let moments = [5, 7].map(|seed| Moments { first: moment(seed), second: moment(seed + 1) });
    let step = AdamStep { rate: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let scale = Tensor::from_data(TensorData::new(vec![0.7], [1]), (config.device, config.dtype));
    let moved = config.ops.adam_variational(parameter, gradients, KL_WEIGHT, moments, &scale, &step);
    moved.iter().flat_map(|(tensor, moments)| [tensor, &moments.first, &moments.second]).map(host).collect()
}

fn agrees(target: &Target, pass: fn(RunConfig<'_>, [usize; 2]) -> Vec<Vec<f64>>) {
    let flex = Device::flex();
    for shape in SHAPES {
        let wanted = pass(
            RunConfig { ops: &ReferenceOps, device: &flex, dtype: DType::F64, layout: MemoryLayout::Plain },
            shape,
        );
        for &(dtype, tolerance) in target.types {
            for layout in [MemoryLayout::Plain, MemoryLayout::Transposed, MemoryLayout::Columns] {
                let (ops, device) = (target.engine.ops, &target.engine.device);
                let found = pass(RunConfig { ops, device, dtype, layout }, shape);
                for (which, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                    assert_close(found, wanted, tolerance, &format!("{which}: {shape:?} {dtype:?} as {layout:?}"));
                }
            }
        }
    }
}

pub fn first_pass_agrees(target: &Target) {
    agrees(target, first_pass);
}

pub fn second_pass_agrees(target: &Target) {
    agrees(target, second_pass);
}

/// KL divergence of one weight, and its gradients with respect to mean and log sigma.
fn alone(ops: &dyn Ops, device: &Device, dtype: DType, mean: f64, log_sigma: f64) -> [f64; 3] {
    let one = |value: f64| HostMatrix { shape: [1, 1], values: vec![value] }.place(device, dtype, MemoryLayout::Plain);
    let parameter = [one(mean), one(log_sigma)];
    let nothing = DataGradients { mean: one(0.0), log_sigma: one(0.0), rows: None };
    let kl = ops.kl_and_gradient_norm(parameter.each_ref(), &nothing, 1.0).kl;
    let [to_mean, to_log_sigma] =
        ops.total_gradients(parameter.each_ref(), nothing, 1.0).map(|tensor| host(&tensor)[0]);
    [kl.into_scalar(), to_mean, to_log_sigma]
}

pub fn a_mean_of_zero_has_no_gradient_and_the_clamp_stops_it(target: &Target) {
    let (ops, device) = (target.engine.ops, &target.engine.device);
    let (noise, weight) = (kl::divergence(0.0, -3.0), kl::divergence(1.0, -20.0));
    // The square of 1e-30 is zero in single precision.
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
