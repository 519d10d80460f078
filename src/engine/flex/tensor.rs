//! Flex tensors as slices and back.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};

use crate::engine::real::Real;

/// The same values in a buffer that holds them, row-major, and nothing else; the tensor itself where it already lies so.
///
/// A view of the first rows of a larger tensor is contiguous and starts at zero, yet its buffer is too long.
#[expect(clippy::needless_pass_by_value, reason = "the handle must go: a tensor held once is changed in place")]
pub(super) fn contiguous(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    tensor.to_contiguous()
}

/// A matrix of its values.
pub(super) fn matrix<T: Real>(values: Vec<T>, shape: [usize; 2]) -> FloatTensor<Flex> {
    Flex::float_from_data(TensorData::new(values, shape), &burn::backend::flex::FlexDevice)
}

/// A tensor of one number, shape `[1]`.
pub(super) fn scalar<T: Real>(value: f64) -> FloatTensor<Flex> {
    Flex::float_from_data(TensorData::new(vec![T::of(value)], [1]), &burn::backend::flex::FlexDevice)
}

/// Rows and columns of a matrix.
pub(super) fn dims(tensor: &FloatTensor<Flex>) -> [usize; 2] {
    let shape = tensor.shape();
    [shape[0], shape[1]]
}

/// The values of an id tensor.
///
/// # Panics
/// If its integer type is neither `i64` nor `i32`, the two that Burn makes on flex.
pub(super) fn ids(tensor: &IntTensor<Flex>) -> Vec<usize> {
    let tensor = tensor.to_contiguous();
    match tensor.dtype() {
        DType::I64 => tensor.storage::<i64>().iter().map(|id| *id as usize).collect(),
        DType::I32 => tensor.storage::<i32>().iter().map(|id| *id as usize).collect(),
        other => panic!("ids are i32 or i64, not {other:?}"),
    }
}
