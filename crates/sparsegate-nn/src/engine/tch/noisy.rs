//! Helpers for the rows of noisy weights.

use burn_tch::TchTensor;
use tch::Tensor;

/// Copies ids to the host. Reading them from a CUDA device waits for its pending work, once in each forward and
/// backward pass.
///
/// # Panics
/// If libtorch cannot read them, for example because the device is lost.
pub(super) fn host(ids: &TchTensor) -> Vec<u32> {
    let ids = ids.tensor.to_device(tch::Device::Cpu).contiguous();
    let ids: Result<Vec<i64>, _> = Vec::try_from(&ids);
    match ids {
        Ok(ids) => ids.into_iter().map(|id| id as u32).collect(),
        Err(error) => panic!("libtorch cannot read ids: {error}"),
    }
}

/// Sums the rows of `values` (`[N, C]`) by id, `[rows, C]`.
///
/// Uses the gradient of an embedding, which computes this sum. Unlike `index_add`, it adds in a fixed order on a GPU
/// too.
pub(super) fn scatter(values: &TchTensor, ids: &TchTensor, rows: i64) -> TchTensor {
    const NO_PADDING: i64 = -1;
    TchTensor::new(Tensor::embedding_dense_backward(&values.tensor, &ids.tensor, rows, NO_PADDING, false))
}
