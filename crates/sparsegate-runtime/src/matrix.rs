//! A matrix in dense or CSR storage.

use alloc::vec;
use alloc::vec::Vec;

use crate::Float;

/// A matrix of `rows` by `columns`.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix<T> {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// The values.
    pub storage: MatrixData<T>,
}

/// Storage of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub enum MatrixData<T> {
    /// All values, row-major.
    Dense(Vec<T>),
    /// CSR: the non-zero values, row by row.
    Csr {
        /// CSR indptr without its leading 0: for each row, its end in `indices` and `values`.
        row_ends: Vec<u32>,
        /// CSR column indices, increasing within a row.
        indices: Vec<u32>,
        /// CSR data: the values.
        values: Vec<T>,
    },
}

impl<T: Float> Matrix<T> {
    /// A dense matrix.
    ///
    /// # Panics
    /// If there are not `rows * columns` values.
    pub fn dense(rows: usize, columns: usize, values: Vec<T>) -> Self {
        assert_eq!(values.len(), rows * columns, "number of values of a {rows} x {columns} matrix");
        Self { rows, columns, storage: MatrixData::Dense(values) }
    }

    /// The same matrix in CSR storage.
    #[must_use]
    pub fn sparse(&self) -> Self {
        let (mut row_ends, mut indices, mut values) = (Vec::with_capacity(self.rows), Vec::new(), Vec::new());
        for row in 0..self.rows {
            for (column, value) in self.row(row).filter(|(_, value)| *value != T::default()) {
                indices.push(column as u32);
                values.push(value);
            }
            row_ends.push(indices.len() as u32);
        }
        Self { storage: MatrixData::Csr { row_ends, indices, values }, ..*self }
    }

    /// All values, row-major, with zeros.
    pub fn to_dense(&self) -> Vec<T> {
        if let MatrixData::Dense(values) = &self.storage {
            return values.clone();
        }
        let mut dense = vec![T::default(); self.rows * self.columns];
        for row in 0..self.rows {
            self.row(row).for_each(|(column, value)| dense[row * self.columns + column] = value);
        }
        dense
    }

    /// Column indices and values of a row, by increasing column; only the stored ones for CSR storage.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, T)> + '_ {
        let (indices, values): (Option<&[u32]>, &[T]) = match &self.storage {
            MatrixData::Dense(values) => (None, &values[row * self.columns..][..self.columns]),
            MatrixData::Csr { row_ends, indices, values } => {
                let range = if row == 0 { 0 } else { row_ends[row - 1] as usize }..row_ends[row] as usize;
                (Some(&indices[range.clone()]), &values[range])
            }
        };
        let at = move |index: usize| indices.map_or(index, |indices| indices[index] as usize);
        values.iter().enumerate().map(move |(index, value)| (at(index), *value))
    }

    /// Number of non-zero values.
    pub fn count_nonzero(&self) -> usize {
        let (MatrixData::Dense(values) | MatrixData::Csr { values, .. }) = &self.storage;
        values.iter().filter(|value| **value != T::default()).count()
    }

    /// The same matrix in another number type.
    pub fn to<U: Float>(&self) -> Matrix<U> {
        let convert = |values: &[T]| values.iter().map(|value| U::from_f64(value.to_f64())).collect();
        let storage = match &self.storage {
            MatrixData::Dense(values) => MatrixData::Dense(convert(values)),
            MatrixData::Csr { row_ends, indices, values } => {
                MatrixData::Csr { row_ends: row_ends.clone(), indices: indices.clone(), values: convert(values) }
            }
        };
        Matrix { rows: self.rows, columns: self.columns, storage }
    }
}
