//! Flex tensors as slices and back.

use std::mem::MaybeUninit;

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};
use rayon::prelude::*;

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

/// A matrix whose rows `fill` makes in parallel out of zeros. Each is cleared by the thread that fills it, while it is in the
/// cache: clearing all before would be a pass over memory.
pub(super) fn by_rows<T: Real>(
    shape @ [rows, columns]: [usize; 2],
    fill: impl Fn(usize, &mut [T]) + Sync,
) -> FloatTensor<Flex> {
    let count = rows * columns;
    let mut values = Vec::with_capacity(count);
    if count > 0 {
        values.spare_capacity_mut()[..count].par_chunks_mut(columns).enumerate().for_each(|(row, out)| {
            out.fill(MaybeUninit::new(T::default()));
            // SAFETY: all of it was written in the line before.
            #[expect(unsafe_code, reason = "the standard library's way from memory to values")]
            let out = unsafe { out.assume_init_mut() };
            fill(row, out);
        });
    }
    // SAFETY: there are `count` elements, every one of which is in a row and so was written.
    #[expect(unsafe_code, reason = "the standard library's way from memory to values")]
    unsafe {
        values.set_len(count);
    }
    matrix(values, shape)
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
