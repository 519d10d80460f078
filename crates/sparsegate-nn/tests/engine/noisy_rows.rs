//! Weight samples of only the rows that a batch reads.

use burn::tensor::{DType, Tensor};
use sparsegate_nn::engine::{FusedOps, Noise, NoiseKey, Ops, ReferenceOps};

use crate::agreement::Op;
use crate::matrix::{HostMatrix, assert_close, bits, host, ids, random_ids};

const KEY: NoiseKey = NoiseKey { seed: 77, step: 9, stream: 1 };

/// Matrix shapes with the ids that are read: one id, repeated ids, descending ids, every id, most ids missing.
fn cases() -> Vec<([usize; 2], Vec<u32>)> {
    vec![
        ([1, 1], vec![0]),
        ([1, 33], vec![0, 0, 0]),
        ([40, 1], random_ids(17, 40, 1)),
        ([6, 64], vec![5, 4, 3, 2, 1, 0]),
        ([7, 20], vec![6, 6, 0, 6]),
        ([9, 65], random_ids(65, 9, 2)),
        ([200, 24], random_ids(33, 200, 3)),
    ]
}

fn inputs(shape: [usize; 2]) -> Vec<(&'static str, HostMatrix)> {
    vec![("mean", HostMatrix::random(shape, [-1.0, 1.0], 1)), ("log sigma", HostMatrix::random(shape, [-4.0, 0.5], 2))]
}

#[test]
fn flex_agrees_with_composed_and_with_finite_differences() {
    for (shape, wanted) in cases() {
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| {
            ops.sample_weight_rows(x[0].clone(), x[1].clone(), ids(&wanted), &Noise::Counter(KEY))
        };
        Op {
            name: format!("noisy_rows {shape:?} {wanted:?}"),
            inputs: inputs(shape),
            apply: &apply,
            read: Some(&wanted),
        }
        .check();
    }
}

#[test]
fn a_row_is_that_row_of_the_whole_sample() {
    for (shape, wanted) in cases() {
        let [mean, log_sigma] = [0, 1].map(|index| inputs(shape)[index].1.tensor(DType::F32));
        let noise = Noise::Counter(KEY);
        let whole = host(&FusedOps.sample_weights(mean.clone(), log_sigma.clone(), &noise));
        let rows = host(&FusedOps.sample_weight_rows(mean, log_sigma, ids(&wanted), &noise));
        let columns = shape[1];
        let picked: Vec<f64> =
            wanted.iter().flat_map(|id| &whole[*id as usize * columns..][..columns]).copied().collect();
        assert_eq!(bits(&rows), bits(&picked), "{shape:?} {wanted:?}");
    }
}

#[test]
fn given_noise_equals_the_counted_noise_it_was_taken_from() {
    for (shape, wanted) in cases() {
        let values = KEY.matrix(shape[0], shape[1]).into_iter().map(f64::from).collect();
        let given = Noise::Explicit(HostMatrix { shape, values }.tensor(DType::F64));
        let [mean, log_sigma] = [0, 1].map(|index| inputs(shape)[index].1.tensor(DType::F64));
        for ops in [&FusedOps as &dyn Ops, &ReferenceOps] {
            let found = ops.sample_weight_rows(mean.clone(), log_sigma.clone(), ids(&wanted), &given);
            let counted = ops.sample_weight_rows(mean.clone(), log_sigma.clone(), ids(&wanted), &Noise::Counter(KEY));
            assert_close(&host(&found), &host(&counted), 1e-14, &format!("{ops:?} {shape:?}"));
        }
    }
}
