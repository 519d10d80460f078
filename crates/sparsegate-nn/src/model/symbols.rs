//! Ids and group factors of a batch's input symbols.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::engine::Noise;
use crate::variational::VariationalMatrix;
use sparsegate_core::Batch;

/// Ids as an integer tensor.
pub(super) fn ids(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    Tensor::from_data(TensorData::new(values, [ids.len()]), device)
}

/// The group factor of each input symbol in its sequence, `[N, 1]`. Within a sequence all occurrences of a symbol share
/// one factor; each sequence has its own draws. `group` is `[1, V]`, and `ids` are the batch's inputs.
pub(super) fn factors(
    group: &VariationalMatrix,
    batch: &Batch,
    ids: Tensor<1, Int>,
    noise: Option<&Noise>,
) -> Tensor<2> {
    let vocabulary = group.mean.dims()[1];
    let column = |values: &Tensor<2>| values.clone().reshape([vocabulary, 1]).select(0, ids.clone());
    let mean = column(&group.mean);
    match (&group.log_sigma, noise) {
        (Some(log_sigma), Some(noise)) => {
            let places: Vec<(u32, u32)> =
                batch.sequences().zip(&batch.inputs).map(|(row, id)| (row as u32, *id)).collect();
            let draws = noise.at_positions(&places, &group.mean.device().inner(), group.mean.dtype());
            draws * column(log_sigma).exp() + mean
        }
        _ => mean,
    }
}
