//! What noisy rows need beside the portable kernels.

use burn_tch::TchTensor;
use tch::Tensor;

/// Ids on the host. On the CPU they are there; reading them from a CUDA device waits for what it computes, once a pass.
///
/// # Panics
/// If libtorch cannot give them, as when the device is lost.
pub(super) fn host(ids: &TchTensor) -> Vec<u32> {
    let ids = ids.tensor.to_device(tch::Device::Cpu).contiguous();
    let ids: Result<Vec<i64>, _> = Vec::try_from(&ids);
    match ids {
        Ok(ids) => ids.into_iter().map(|id| id as u32).collect(),
        Err(error) => panic!("libtorch cannot read ids: {error}"),
    }
}

/// Rows of `values` (`[N, C]`) added up by id: `[rows, C]`.
///
/// The gradient of an embedding is that, and its order of summation is fixed also on a GPU, unlike `index_add`'s.
pub(super) fn scatter(values: &TchTensor, ids: &TchTensor, rows: i64) -> TchTensor {
    const NO_PADDING: i64 = -1;
    TchTensor::new(Tensor::embedding_dense_backward(&values.tensor, &ids.tensor, rows, NO_PADDING, false))
}
