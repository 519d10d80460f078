//! Conversions between flex tensors and slices.

use std::mem::MaybeUninit;

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};
use rayon::prelude::*;

use crate::engine::float::KernelFloat;

/// The same values in a buffer that holds exactly these values in row-major order; the tensor itself if it already
/// does.
///
/// A view of the first rows of a larger tensor must be copied: it is contiguous and starts at offset zero, but its
/// buffer is too long.
#[expect(clippy::needless_pass_by_value, reason = "dropping the handle lets an unshared tensor be changed in place")]
pub(super) fn contiguous(tensor: FloatTensor<Flex>) -> FloatTensor<Flex> {
    tensor.to_contiguous()
}

/// A matrix from its values in row-major order.
pub(super) fn matrix<T: KernelFloat>(values: Vec<T>, shape: [usize; 2]) -> FloatTensor<Flex> {
    Flex::float_from_data(TensorData::new(values, shape), &burn::backend::flex::FlexDevice)
}

/// A matrix whose rows are filled in parallel by `fill`, starting from zeros. Each row is zeroed by the thread that
/// fills it, while it is in the cache; zeroing the whole matrix first would cost a pass over memory.
pub(super) fn by_rows<T: KernelFloat>(
    shape @ [rows, columns]: [usize; 2],
    fill: impl Fn(usize, &mut [T]) + Sync,
) -> FloatTensor<Flex> {
    let count = rows * columns;
    let mut values = Vec::with_capacity(count);
    if count > 0 {
        values.spare_capacity_mut()[..count].par_chunks_mut(columns).enumerate().for_each(|(row, out)| {
            out.fill(MaybeUninit::new(T::default()));
            // SAFETY: the line above initialised all of it.
            #[expect(unsafe_code, reason = "initialising spare capacity needs unsafe code")]
            let out = unsafe { out.assume_init_mut() };
            fill(row, out);
        });
    }
    // SAFETY: the capacity is `count`, and every element is in a row and so was initialised.
    #[expect(unsafe_code, reason = "initialising spare capacity needs unsafe code")]
    unsafe {
        values.set_len(count);
    }
    matrix(values, shape)
}

/// A tensor of one number, shape `[1]`.
pub(super) fn scalar<T: KernelFloat>(value: f64) -> FloatTensor<Flex> {
    Flex::float_from_data(TensorData::new(vec![T::from_f64(value)], [1]), &burn::backend::flex::FlexDevice)
}

/// Rows and columns of a matrix.
pub(super) fn dims(tensor: &FloatTensor<Flex>) -> [usize; 2] {
    let shape = tensor.shape();
    [shape[0], shape[1]]
}

/// The values of a tensor of ids.
///
/// # Panics
/// If its integer type is neither `i64` nor `i32`, the two types that Burn uses on flex.
pub(super) fn ids(tensor: &IntTensor<Flex>) -> Vec<usize> {
    let tensor = tensor.to_contiguous();
    match tensor.dtype() {
        DType::I64 => tensor.storage::<i64>().iter().map(|id| *id as usize).collect(),
        DType::I32 => tensor.storage::<i32>().iter().map(|id| *id as usize).collect(),
        other => panic!("ids are i32 or i64, not {other:?}"),
    }
}
