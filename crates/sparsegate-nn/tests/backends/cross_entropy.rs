//! Softmax and negative log likelihood.

use burn::tensor::Tensor;
use sparsegate_nn::engine::Ops;

use crate::agreement::Op;
use crate::matrix::{HostMatrix, MemoryLayout, assert_close, bits, host, ids_on, random_ids};
use crate::target::Target;

const SHAPES: [[usize; 2]; 10] =
    [[1, 1], [7, 1], [1, 9], [3, 15], [2, 16], [5, 64], [33, 65], [65, 50], [4, 600], [300, 1025]];

fn inputs([rows, columns]: [usize; 2]) -> Vec<(&'static str, HostMatrix)> {
    let logits = HostMatrix::random([rows, columns], [-4.0, 4.0], 1);
    vec![("logits", logits), ("bias", HostMatrix::random([1, columns], [-1.0, 1.0], 2))]
}

pub fn cross_entropy_agrees(target: &Target) {
    let engine = &target.engine;
    for shape in SHAPES {
        let classes = random_ids(shape[0], shape[1], 3);
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| {
            ops.cross_entropy(x[0].clone(), x[1].clone(), ids_on(&x[0].device().inner(), &classes)).reshape([1, 1])
        };
        let op = Op { name: format!("cross_entropy {shape:?}"), inputs: inputs(shape), apply: &apply };
        op.check(target);
        // Without autodiff only the value is computed, and the logits must not change.
        for &(dtype, tolerance) in target.types {
            let [logits, bias] =
                [0, 1].map(|index| op.inputs[index].1.place(&engine.device, dtype, MemoryLayout::Plain));
            let before = bits(&host(&logits));
            let plain = host(&apply(engine.ops, &[logits.clone(), bias.clone()]));
            let tracked = host(&apply(engine.ops, &[logits.clone().autodiff().require_grad(), bias]).inner());
            assert_close(&plain, &tracked, tolerance, &op.name);
            assert_eq!(bits(&host(&logits)), before, "{}: the op modified shared logits", op.name);
        }
    }
}

pub fn large_logits_neither_overflow_nor_vanish(target: &Target) {
    let device = &target.engine.device;
    for &(dtype, _) in target.types {
        let place = |shape, values| HostMatrix { shape, values }.place(device, dtype, MemoryLayout::Plain);
        let leaf = place([2, 3], vec![1e4, 0.0, -1e4, -1e4, -1e4, -1e4]).autodiff().require_grad();
        let loss = target.engine.ops.cross_entropy(leaf.clone(), place([1, 3], vec![0.0; 3]), ids_on(device, &[1, 0]));
        let third = 1.0 / 6.0;
        let gradient = host(&leaf.grad(&loss.backward()).expect("a gradient"));
        assert_close(&gradient, &[0.5, -0.5, 0.0, -2.0 * third, third, third], 1e-6, "gradient");
        let wanted = f64::midpoint(1e4, 3.0_f64.ln());
        assert_close(&[loss.inner().into_scalar()], &[wanted], 1e-6, "loss");
    }
}
