//! Matrix products through the `gemm` crate.

use crate::engine::real::Real;

/// A row-major matrix view, or its transpose.
#[derive(Clone, Copy)]
pub(super) struct View<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> View<'a, T> {
    /// The first `rows * columns` values as a row-major matrix.
    pub(super) fn new(values: &'a [T], rows: usize, columns: usize) -> Self {
        assert!(values.len() >= rows * columns, "a view needs rows * columns values");
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transpose, without moving anything.
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

/// `out = a b`, `out` row-major, with all of rayon's threads when `parallel`.
pub(super) fn product<T: Real>(out: &mut [T], a: View<'_, T>, b: View<'_, T>, parallel: bool) {
    assert_eq!(a.columns, b.rows, "inner sizes of a product");
    assert_eq!(out.len(), a.rows * b.columns, "output size of a product");
    let one = T::of(1.0);
    let threads = if parallel { gemm::Parallelism::Rayon(0) } else { gemm::Parallelism::None };
    // SAFETY: the three pointers come from live slices, `View` keeps its matrix inside its slice, `out` has
    // rows * columns elements and, being borrowed mutably, overlaps neither operand.
    #[expect(unsafe_code, reason = "the gemm crate's interface takes pointers")]
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
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

/// A transposed copy, `[columns, rows]`: the product with a small left matrix is several times faster when the right
/// one is read along its rows.
pub(super) fn transpose<T: Real>(values: &[T], rows: usize, columns: usize) -> Vec<T> {
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
