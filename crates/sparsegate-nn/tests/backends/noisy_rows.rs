//! Weight samples of only the rows that a batch reads.

use burn::tensor::Tensor;
use sparsegate_nn::engine::{Noise, NoiseKey, Ops};

use crate::agreement::Op;
use crate::matrix::{HostMatrix, MemoryLayout, assert_close, host, ids_on, random_ids};
use crate::target::Target;

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
        ([300, 130], random_ids(900, 300, 4)),
    ]
}

fn inputs(shape: [usize; 2]) -> Vec<(&'static str, HostMatrix)> {
    vec![("mean", HostMatrix::random(shape, [-1.0, 1.0], 1)), ("log sigma", HostMatrix::random(shape, [-4.0, 0.5], 2))]
}

pub fn noisy_rows_agree(target: &Target) {
    for (shape, read) in cases() {
        let apply = |ops: &dyn Ops, x: &[Tensor<2>]| {
            let ids = ids_on(&x[0].device().inner(), &read);
            ops.sample_weight_rows(x[0].clone(), x[1].clone(), ids, &Noise::Counter(KEY))
        };
        Op { name: format!("noisy_rows {shape:?} {read:?}"), inputs: inputs(shape), apply: &apply }.check(target);
    }
}

pub fn a_row_is_that_row_of_the_whole_sample(target: &Target) {
    let (engine, noise) = (&target.engine, Noise::Counter(KEY));
    for (shape @ [_, columns], read) in cases() {
        for &(dtype, tolerance) in target.types {
            let [mean, log_sigma] =
                [0, 1].map(|index| inputs(shape)[index].1.place(&engine.device, dtype, MemoryLayout::Plain));
            let whole = host(&engine.ops.sample_weights(mean.clone(), log_sigma.clone(), &noise));
            let rows = host(&engine.ops.sample_weight_rows(mean, log_sigma, ids_on(&engine.device, &read), &noise));
            let picked: Vec<f64> =
                read.iter().flat_map(|id| &whole[*id as usize * columns..][..columns]).copied().collect();
            assert_close(&rows, &picked, tolerance, &format!("{shape:?} {dtype:?} {read:?}"));
        }
    }
}
