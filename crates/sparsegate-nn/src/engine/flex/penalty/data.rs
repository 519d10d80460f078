//! The data loss's gradient, piece by piece.

use super::CHUNK;
use crate::engine::real::Real;

/// In place of a row's place: the data loss does not read it.
const NOWHERE: u32 = u32::MAX;

/// A gradient of all rows of a matrix, or of some.
pub(super) struct Data<'a, T> {
    values: &'a [T],
    /// Where each row of the matrix is in `values`; nothing where all are there in order.
    places: Option<&'a Places>,
    nothing: [T; CHUNK],
}

/// Where the gradient of each row is.
pub(super) struct Places {
    of: Vec<u32>,
    columns: usize,
}

impl Places {
    /// Of a matrix of `[rows, columns]` whose gradient has the rows `read`.
    pub(super) fn new(read: &[u32], [rows, columns]: [usize; 2]) -> Self {
        let mut of = vec![NOWHERE; rows];
        for (place, row) in (0..).zip(read) {
            of[*row as usize] = place;
        }
        Self { of, columns }
    }
}

impl<'a, T: Real> Data<'a, T> {
    pub(super) fn new(values: &'a [T], places: Option<&'a Places>) -> Self {
        Self { values, places, nothing: [T::default(); CHUNK] }
    }

    /// The gradient of the `count` weights from `first` on, at least one and at most a chunk: in `buffer`, if it is nowhere
    /// as it is.
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
