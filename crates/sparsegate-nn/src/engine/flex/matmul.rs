//! Matrix products through the `gemm` crate.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;

use super::tensor::{by_rows, contiguous, dims, matrix};
use crate::engine::extension::MatmulOperand;
use crate::engine::float::KernelFloat;

/// A view of a row-major matrix or of its transpose.
#[derive(Clone, Copy)]
pub(super) struct MatrixView<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> MatrixView<'a, T> {
    /// The first `rows * columns` values as a row-major matrix.
    pub(super) fn new(values: &'a [T], rows: usize, columns: usize) -> Self {
        assert!(values.len() >= rows * columns, "a view needs rows * columns values");
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transpose, without copying.
    pub(super) fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// `out = a b`, row-major; uses all of rayon's threads if `parallel`.
pub(super) fn product<T: KernelFloat>(out: &mut [T], a: MatrixView<'_, T>, b: MatrixView<'_, T>, parallel: bool) {
    assert_eq!(out.len(), a.rows * b.columns, "output size of a product");
    // SAFETY: `out` has rows * columns elements and, being borrowed mutably, overlaps neither operand.
    #[expect(unsafe_code, reason = "the gemm crate takes raw pointers")]
    unsafe {
        multiply(out.as_mut_ptr(), a, b, parallel);
    }
}

/// The product `a b` in a new buffer, using all of rayon's threads.
pub(super) fn new_product<T: KernelFloat>(a: MatrixView<'_, T>, b: MatrixView<'_, T>) -> Vec<T> {
    let count = a.rows * b.columns;
    let mut out = Vec::with_capacity(count);
    // SAFETY: the capacity is `count`, and the product writes every element before the length is set.
    #[expect(unsafe_code, reason = "zeroing the buffer first would cost a pass over memory")]
    unsafe {
        multiply(out.as_mut_ptr(), a, b, true);
        out.set_len(count);
    }
    out
}

/// Writes `a b`, row-major, to `out`.
///
/// # Safety
/// `out` must be valid for writes of rows * columns elements and overlap neither operand; it need not be initialised.
#[expect(unsafe_code, reason = "the gemm crate takes raw pointers")]
unsafe fn multiply<T: KernelFloat>(out: *mut T, a: MatrixView<'_, T>, b: MatrixView<'_, T>, parallel: bool) {
    assert_eq!(a.columns, b.rows, "inner sizes of a product");
    let one = T::from_f64(1.0);
    let threads = if parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    // SAFETY: a `MatrixView` lies inside its slice; the caller guarantees that `out` is valid, and it is not read.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out,
            1,
            b.columns as isize,
            false,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            one,
            one,
            false,
            false,
            false,
            threads,
        );
    }
}

/// The product of two matrices, each possibly transposed, as a tensor.
pub(super) fn matmul_operands<T: KernelFloat>(
    left: MatmulOperand<Flex>,
    right: MatmulOperand<Flex>,
) -> FloatTensor<Flex> {
    /// Number of elements of the right factor above which a multithreaded transpose pays off.
    const LARGE: usize = 1 << 18;
    let [left, right] = [left, right].map(|factor| MatmulOperand { tensor: contiguous(factor.tensor), ..factor });
    let [a, b] = [&left, &right].map(|factor| {
        let [rows, columns] = dims(&factor.tensor);
        let view = MatrixView::new(factor.tensor.storage::<T>(), rows, columns);
        if factor.transposed { view.transposed() } else { view }
    });
    let shape = [a.rows, b.columns];
    if !right.transposed || b.values.len() < LARGE {
        return matrix(new_product(a, b), shape);
    }
    // The gemm crate would copy the transpose itself, but on one thread.
    let turned = by_rows([b.rows, b.columns], |row, out: &mut [T]| {
        for (value, from) in out.iter_mut().zip(b.values[row..].iter().step_by(b.column_stride)) {
            *value = *from;
        }
    });
    matrix(new_product(a, MatrixView::new(turned.storage::<T>(), b.rows, b.columns)), shape)
}

/// A transposed copy, `[columns, rows]`. With a small left matrix, the product is several times faster if the right
/// matrix is read along its rows.
pub(super) fn transpose<T: KernelFloat>(values: &[T], rows: usize, columns: usize) -> Vec<T> {
    const TILE: usize = 16;
    let mut out = vec![T::default(); rows * columns];
    for row in (0..rows).step_by(TILE) {
        for column in (0..columns).step_by(TILE) {
            for r in row..(row + TILE).min(rows) {
                for c in column..(column + TILE).min(columns) {
                    out[c * rows + r] = values[r * columns + c];
                }
            }
        }
    }
    out
}
