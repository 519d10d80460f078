//! Weight samples: every backend draws the same noise.

use burn::tensor::Tensor;
use sparsegate_nn::engine::{Noise, NoiseKey, Ops};

use crate::agreement::Op;
use crate::matrix::HostMatrix;
use crate::target::Target;

const KEY: NoiseKey = NoiseKey { seed: 0x1234_5678_9abc_def0, step: 5, stream: 2 };

pub fn noisy_agrees(target: &Target) {
    for shape in [[1, 1], [1, 70], [70, 1], [3, 16], [5, 63], [4, 64], [33, 65], [9, 131], [40, 600]] {
        let inputs = vec![
            ("mean", HostMatrix::random(shape, [-1.0, 1.0], 1)),
            ("log sigma", HostMatrix::random(shape, [-4.0, 0.5], 2)),
        ];
        let apply =
            |ops: &dyn Ops, x: &[Tensor<2>]| ops.sample_weights(x[0].clone(), x[1].clone(), &Noise::Counter(KEY));
        Op { name: format!("noisy {shape:?}"), inputs, apply: &apply }.check(target);
    }
}
