//! Checks of a differentiable op on one set of inputs on a target.

use burn::tensor::{DType, Device, Tensor};
use sparsegate_nn::engine::{Ops, ReferenceOps};

use crate::matrix::{HostMatrix, MemoryLayout, assert_close, bits, host};
use crate::target::Target;

/// Applies an op to leaf tensors, in the order of the inputs.
type Apply<'a> = &'a dyn Fn(&dyn Ops, &[Tensor<2>]) -> Tensor<2>;

/// An op with its differentiable inputs.
pub struct Op<'a> {
    /// Name for messages: the op and its sizes.
    pub name: String,
    /// Differentiable inputs, with names.
    pub inputs: Vec<(&'static str, HostMatrix)>,
    /// The op.
    pub apply: Apply<'a>,
}

/// Ops, device, float type and memory layout of a run.
#[derive(Clone, Copy)]
struct RunConfig<'a> {
    ops: &'a dyn Ops,
    device: &'a Device,
    dtype: DType,
    layout: MemoryLayout,
}

impl Op<'_> {
    /// Checks that the target agrees with the composed op, also on views, and gives the same bits when repeated.
    pub fn check(&self, target: &Target) {
        let flex = Device::flex();
        let wanted =
            self.run(RunConfig { ops: &ReferenceOps, device: &flex, dtype: DType::F64, layout: MemoryLayout::Plain });
        for &(dtype, tolerance) in target.types {
            let config = |layout| RunConfig { ops: target.engine.ops, device: &target.engine.device, dtype, layout };
            let found = self.run(config(MemoryLayout::Plain));
            self.compare(&found, &wanted, tolerance, &format!("{dtype:?}"));
            let again = self.run(config(MemoryLayout::Plain));
            let same = found.iter().zip(&again).all(|(found, again)| bits(found) == bits(again));
            assert!(same, "{}, {dtype:?}: a repetition gives different bits", self.name);
            // Two non-contiguous layouts: rows that are not consecutive, and a buffer with an offset.
            for layout in [MemoryLayout::Transposed, MemoryLayout::Columns] {
                self.compare(
                    &self.run(config(layout)),
                    &wanted,
                    tolerance,
                    &format!("{dtype:?} with inputs as {layout:?}"),
                );
            }
        }
    }

    /// The output, then the gradients of a randomly weighted sum of its elements with respect to each input.
    fn run(&self, config: RunConfig<'_>) -> Vec<Vec<f64>> {
        let RunConfig { ops, device, dtype, layout } = config;
        let leaf = |input: &HostMatrix| input.place(device, dtype, layout).autodiff().require_grad();
        let leaves: Vec<_> = self.inputs.iter().map(|(_, input)| leaf(input)).collect();
        let output = (self.apply)(ops, &leaves);
        let weights = HostMatrix::random(output.dims(), [-1.5, 1.5], 99).place(device, dtype, MemoryLayout::Plain);
        let mut gradients = (output.clone() * weights).sum().backward();
        let gradient = |leaf: &Tensor<2>| host(&leaf.grad_remove(&mut gradients).expect("every input has a gradient"));
        let gradients: Vec<_> = leaves.iter().map(gradient).collect();
        [host(&output.inner())].into_iter().chain(gradients).collect()
    }

    fn compare(&self, found: &[Vec<f64>], wanted: &[Vec<f64>], tolerance: f64, how: &str) {
        let names = ["output"].into_iter().chain(self.inputs.iter().map(|(name, _)| *name));
        for ((found, wanted), what) in found.iter().zip(wanted).zip(names) {
            assert_close(found, wanted, tolerance, &format!("{}, {how}: {what} or its gradient", self.name));
        }
    }
}
