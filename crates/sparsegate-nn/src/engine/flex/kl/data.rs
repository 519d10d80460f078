//! Chunked access to the gradient of the data loss, which may lack rows.

use super::SUBCHUNK;
use crate::engine::float::KernelFloat;

/// Marks a row of the matrix that the gradient does not contain, because the data loss does not depend on it.
const ABSENT: u32 = u32::MAX;

/// A gradient with all rows of a matrix, or with some of them, the others being zero.
pub(super) struct DataGradient<'a, T> {
    values: &'a [T],
    /// Position of each row of the matrix in `values`; `None` if `values` contains all rows in order.
    places: Option<&'a RowIndex>,
    zeros: [T; SUBCHUNK],
}

/// Position of each matrix row's gradient among the rows of the stored gradient.
pub(super) struct RowIndex {
    of: Vec<u32>,
    columns: usize,
}

impl RowIndex {
    /// For a `[rows, columns]` matrix whose gradient contains the rows `read`.
    pub(super) fn new(read: &[u32], [rows, columns]: [usize; 2]) -> Self {
        let mut of = vec![ABSENT; rows];
        for (place, row) in (0..).zip(read) {
            of[*row as usize] = place;
        }
        Self { of, columns }
    }
}

impl<'a, T: KernelFloat> DataGradient<'a, T> {
    pub(super) fn new(values: &'a [T], places: Option<&'a RowIndex>) -> Self {
        Self { values, places, zeros: [T::default(); SUBCHUNK] }
    }

    /// The gradient of `count` consecutive weights from index `first`; `count` is between 1 and [`SUBCHUNK`].
    /// `buffer` is used if the values are not contiguous in memory.
    pub(super) fn chunk<'b>(&'b self, first: usize, count: usize, buffer: &'b mut [T; SUBCHUNK]) -> &'b [T] {
        let Some(RowIndex { of, columns }) = self.places else { return &self.values[first..first + count] };
        let columns = *columns;
        let (row, last) = (first / columns, (first + count - 1) / columns);
        if of[row..=last].iter().all(|place| *place == ABSENT) {
            return &self.zeros[..count];
        }
        if row == last {
            return &self.values[of[row] as usize * columns + first % columns..][..count];
        }
        for row in row..=last {
            let (from, to) = ((row * columns).max(first), ((row + 1) * columns).min(first + count));
            let out = &mut buffer[from - first..to - first];
            match of[row] {
                ABSENT => out.fill(T::default()),
                place => {
                    let values = &self.values[place as usize * columns..][..columns];
                    out.copy_from_slice(&values[from - row * columns..to - row * columns]);
                }
            }
        }
        &buffer[..count]
    }
}
