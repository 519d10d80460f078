//! The layers as Burn modules: outputs and gradients against the networks that golden tests check, records, training
//! by Burn's optimiser, and refusals.

mod agreement;
mod kl;
mod prune;
mod record;
mod refuse;
mod training;

use burn::tensor::{Device, Int, Tensor, TensorData};
use sparsegate_nn::engine::ops_for;
use sparsegate_testing::networks::{matrix, small_model, tiny};

/// The ids of a time-major batch of `rows` sequences, `[B, T]`.
fn symbols(ids: &[u32], rows: usize) -> Tensor<2, Int> {
    let values: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    let shape = [ids.len() / rows, rows];
    Tensor::<2, Int>::from_data(TensorData::new(values, shape), &Device::flex()).transpose()
}

/// The elements of a tensor, row-major.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.inner().into_data().convert::<f64>().try_into_vec().expect("converted to f64")
}

/// A module on flex runs the fused kernels, in training too.
#[test]
fn flex_has_fused_kernels() {
    for device in [Device::flex(), Device::flex().autodiff()] {
        assert_eq!(format!("{:?}", ops_for(&device)), "FusedOps");
    }
}
