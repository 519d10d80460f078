//! Helpers for launches: tensors in the layout that kernels expect, and cube counts.

use burn::backend::TensorMetadata;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::ops::numeric::{empty_device_contiguous_dtype, zeros_client};
use cubecl::calculate_cube_count_elemwise;
use cubecl::client::Client;
use cubecl::prelude::*;

/// Threads per cube. The same for every kernel, because another size means another shader.
pub(super) const CUBE: u32 = 256;

/// Number of cubes for at least `units` threads; surplus threads do nothing.
pub(super) fn cubes(client: &Client, units: usize) -> CubeCount {
    calculate_cube_count_elemwise(client, units, CubeDim::new_1d(CUBE))
}

/// The same `f32` values, row-major and without gaps.
///
/// # Panics
/// If the tensor is not `f32`, the only float type of these kernels.
pub(super) fn contiguous(tensor: FloatTensor<CubeBackend>) -> FloatTensor<CubeBackend> {
    assert_eq!(tensor.dtype(), DType::F32, "the CubeCL kernels support only f32");
    into_contiguous(tensor)
}

/// The same values in an unshared buffer, which can be changed in place.
pub(super) fn owned(tensor: FloatTensor<CubeBackend>) -> FloatTensor<CubeBackend> {
    let tensor = contiguous(tensor);
    if tensor.can_mut() { tensor } else { tensor.copy() }
}

/// A tensor of ids as `i32`.
pub(super) fn ids(tensor: IntTensor<CubeBackend>) -> IntTensor<CubeBackend> {
    let tensor = into_contiguous(tensor);
    if tensor.dtype() == DType::I32 { tensor } else { cast(tensor, DType::I32) }
}

/// An uninitialised tensor on the device of `like`.
pub(super) fn empty<const D: usize>(like: &FloatTensor<CubeBackend>, shape: [usize; D]) -> FloatTensor<CubeBackend> {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), Shape::from(shape), DType::F32)
}

/// An uninitialised tensor of ids on the device of `like`.
pub(super) fn empty_ids(like: &IntTensor<CubeBackend>, count: usize) -> IntTensor<CubeBackend> {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), Shape::from([count]), DType::I32)
}

/// A tensor of zeros on the device of `like`.
pub(super) fn zeros(like: &FloatTensor<CubeBackend>, shape: [usize; 2]) -> FloatTensor<CubeBackend> {
    zeros_client(like.client.clone(), like.device.clone(), Shape::from(shape), DType::F32)
}

/// Rows and columns of a matrix.
pub(super) fn dims(tensor: &FloatTensor<CubeBackend>) -> [usize; 2] {
    let shape = tensor.shape();
    [shape[0], shape[1]]
}

/// Number of values.
pub(super) fn count(tensor: &FloatTensor<CubeBackend>) -> usize {
    tensor.shape().num_elements()
}
