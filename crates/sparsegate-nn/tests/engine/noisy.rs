//! Weight samples of whole matrices.

use burn::tensor::{DType, Tensor};
use sparsegate_nn::engine::{FusedOps, Noise, NoiseKey, Ops, ReferenceOps};

use crate::agreement::Op;
use crate::matrix::{HostMatrix, assert_close, host};

const KEY: NoiseKey = NoiseKey { seed: 0x1234_5678_9abc_def0, step: 5, stream: 2 };
const SHAPES: [[usize; 2]; 8] = [[1, 1], [1, 70], [70, 1], [3, 16], [5, 63], [4, 64], [33, 65], [9, 131]];

fn op(shape: [usize; 2]) -> Vec<(&'static str, HostMatrix)> {
    vec![("mean", HostMatrix::random(shape, [-1.0, 1.0], 1)), ("log sigma", HostMatrix::random(shape, [-4.0, 0.5], 2))]
}

#[test]
fn flex_agrees_with_composed_and_with_finite_differences() {
    for shape in SHAPES {
        let apply =
            |ops: &dyn Ops, x: &[Tensor<2>]| ops.sample_weights(x[0].clone(), x[1].clone(), &Noise::Counter(KEY));
        Op { name: format!("noisy {shape:?}"), inputs: op(shape), apply: &apply, read: None }.check();
    }
}

#[test]
fn given_noise_equals_the_counted_noise_it_was_taken_from() {
    for shape @ [rows, columns] in SHAPES {
        let values = KEY.matrix(rows, columns).into_iter().map(f64::from).collect();
        let given = Noise::Explicit(HostMatrix { shape, values }.tensor(DType::F64));
        let [mean, log_sigma] = [0, 1].map(|index| op(shape)[index].1.tensor(DType::F64));
        for ops in [&FusedOps as &dyn Ops, &ReferenceOps] {
            let found = ops.sample_weights(mean.clone(), log_sigma.clone(), &given);
            let counted = ops.sample_weights(mean.clone(), log_sigma.clone(), &Noise::Counter(KEY));
            assert_close(&host(&found), &host(&counted), 1e-14, &format!("{ops:?} {shape:?}"));
        }
    }
}

#[test]
#[should_panic(expected = "must have the shape")]
fn given_noise_of_another_shape_is_refused() {
    let [mean, log_sigma] = [0, 1].map(|index| op([3, 4])[index].1.tensor(DType::F32));
    let noise = Noise::Explicit(HostMatrix::random([4, 3], [-1.0, 1.0], 3).tensor(DType::F32));
    FusedOps.sample_weights(mean, log_sigma, &noise);
}
