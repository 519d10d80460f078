//! Checks of a differentiable op on one set of inputs on a target.

use burn::tensor::{DType, Device, Tensor};
use sparsegate_nn::engine::{Ops, ReferenceOps};

use crate::matrix::{Lie, Matrix, assert_close, bits, host};
use crate::target::Target;

/// Applies an op to leaf tensors, in the order of the inputs.
type Apply<'a> = &'a dyn Fn(&dyn Ops, &[Tensor<2>]) -> Tensor<2>;

/// An op with its differentiable inputs.
pub struct Op<'a> {
    /// Name for messages: the op and its sizes.
    pub name: String,
    /// Differentiable inputs, with names.
    pub inputs: Vec<(&'static str, Matrix)>,
    /// The op.
    pub apply: Apply<'a>,
}

/// Ops, device, float type and memory layout of a run.
#[derive(Clone, Copy)]
struct Place<'a> {
    ops: &'a dyn Ops,
    device: &'a Device,
    dtype: DType,
    lie: Lie,
}

impl Op<'_> {
    /// Checks that the target agrees with the composed op, also on views, and gives the same bits when repeated.
    pub fn check(&self, target: &Target) {
        let flex = Device::flex();
        let wanted = self.run(Place { ops: &ReferenceOps, device: &flex, dtype: DType::F64, lie: Lie::Plain });
        for &(dtype, tolerance) in target.types {
            let place = |lie| Place { ops: target.engine.ops, device: &target.engine.device, dtype, lie };
            let found = self.run(place(Lie::Plain));
            self.compare(&found, &wanted, tolerance, &format!("{dtype:?}"));
            let again = self.run(place(Lie::Plain));
            let same = found.iter().zip(&again).all(|(found, again)| bits(found) == bits(again));
            assert!(same, "{}, {dtype:?}: a repetition gives different bits", self.name);
            // Two non-contiguous layouts: rows that are not consecutive, and a buffer with an offset.
            for lie in [Lie::Transposed, Lie::Columns] {
                self.compare(&self.run(place(lie)), &wanted, tolerance, &format!("{dtype:?} with inputs as {lie:?}"));
            }
        }
    }

    /// The output, then the gradients of a randomly weighted sum of its elements with respect to each input.
    fn run(&self, place: Place<'_>) -> Vec<Vec<f64>> {
        let Place { ops, device, dtype, lie } = place;
        let leaf = |input: &Matrix| input.place(device, dtype, lie).autodiff().require_grad();
        let leaves: Vec<_> = self.inputs.iter().map(|(_, input)| leaf(input)).collect();
        let output = (self.apply)(ops, &leaves);
        let weights = Matrix::random(output.dims(), [-1.5, 1.5], 99).place(device, dtype, Lie::Plain);
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
