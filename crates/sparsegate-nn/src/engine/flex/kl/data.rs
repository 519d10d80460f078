//! Chunked access to the gradient of the data loss, which may lack rows.

use super::CHUNK;
use crate::engine::float::KernelFloat;

/// Marks a row of the matrix that the gradient does not contain, because the data loss does not depend on it.
const NOWHERE: u32 = u32::MAX;

/// A gradient with all rows of a matrix, or with some of them, the others being zero.
pub(super) struct Data<'a, T> {
    values: &'a [T],
    /// Position of each row of the matrix in `values`; `None` if `values` contains all rows in order.
    places: Option<&'a Places>,
    nothing: [T; CHUNK],
}

/// Position of each matrix row's gradient among the rows of the stored gradient.
pub(super) struct Places {
    of: Vec<u32>,
    columns: usize,
}

impl Places {
    /// For a `[rows, columns]` matrix whose gradient contains the rows `read`.
    pub(super) fn new(read: &[u32], [rows, columns]: [usize; 2]) -> Self {
        let mut of = vec![NOWHERE; rows];
        for (place, row) in (0..).zip(read) {
            of[*row as usize] = place;
        }
        Self { of, columns }
    }
}

impl<'a, T: KernelFloat> Data<'a, T> {
    pub(super) fn new(values: &'a [T], places: Option<&'a Places>) -> Self {
        Self { values, places, nothing: [T::default(); CHUNK] }
    }

    /// The gradient of `count` consecutive weights from index `first`; `count` is between 1 and [`CHUNK`]. `buffer` is
    /// used if the values are not contiguous in memory.
    pub(super) fn chunk<'b>(&'b self, first: usize, count: usize, buffer: &'b mut [T; CHUNK]) -> &'b [T] {
        let Some(Places { of, columns }) = self.places else { return &self.values[first..first + count] };
        let columns = *columns;
        let (row, last) = (first / columns, (first + count - 1) / columns);
        if of[row..=last].iter().all(|place| *place == NOWHERE) {
            return &self.nothing[..count];
        }
        if row == last {
            return &self.values[of[row] as usize * columns + first % columns..][..count];
        }
        for row in row..=last {
            let (from, to) = ((row * columns).max(first), ((row + 1) * columns).min(first + count));
            let out = &mut buffer[from - first..to - first];
            match of[row] {
                NOWHERE => out.fill(T::default()),
                place => {
                    let values = &self.values[place as usize * columns..][..columns];
                    out.copy_from_slice(&values[from - row * columns..to - row * columns]);
                }
            }
        }
        &buffer[..count]
    }
}
