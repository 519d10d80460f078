//! Flex tensors as slices and back.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};

use crate::engine::real::Real;

/// The same values in one contiguous buffer that begins with the first of them.
pub(super) fn contiguous(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    if tensor.is_contiguous() && tensor.layout().start_offset() == 0 { tensor } else { tensor.to_contiguous() }
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
    let tensor = if tensor.is_contiguous() && tensor.layout().start_offset() == 0 {
        tensor.clone()
    } else {
        tensor.to_contiguous()
    };
    let count = tensor.shape().num_elements();
    match tensor.dtype() {
        DType::I64 => tensor.storage::<i64>()[..count].iter().map(|id| *id as usize).collect(),
        DType::I32 => tensor.storage::<i32>()[..count].iter().map(|id| *id as usize).collect(),
        other => panic!("ids are i32 or i64, not {other:?}"),
    }
}
