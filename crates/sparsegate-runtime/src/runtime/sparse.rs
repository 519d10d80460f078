//! Sparse matrices as one list of indices and values per row or column.

use alloc::vec;
use alloc::vec::Vec;

/// Lists of indices and values, stored contiguously as in CSR; `row_ends` is the indptr without its leading 0.
pub(crate) struct SparseLists {
    row_ends: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl SparseLists {
    /// Builds the lists by counting sort. `entries` must call its argument with each entry (list, index, value); it
    /// runs twice and must give the same entries in the same order. Zeros are left out.
    pub fn new(lists: usize, entries: impl Fn(&mut dyn FnMut(usize, usize, f32))) -> Self {
        let mut row_ends = vec![0; lists + 1];
        entries(&mut |list, _, value| row_ends[list + 1] += usize::from(value != 0.0));
        for list in 0..lists {
            row_ends[list + 1] += row_ends[list];
        }
        let total = row_ends[lists];
        let (mut indices, mut values) = (vec![0; total], vec![0.0; total]);
        // `row_ends[list]` is the next free slot of the list; after this pass it is the list's end.
        entries(&mut |list, place, value| {
            if value != 0.0 {
                indices[row_ends[list]] = place as u32;
                values[row_ends[list]] = value;
                row_ends[list] += 1;
            }
        });
        row_ends.truncate(lists);
        Self { row_ends, indices, values }
    }

    /// Number of lists.
    pub fn count(&self) -> usize {
        self.row_ends.len()
    }

    /// Number of values in all lists.
    pub fn total(&self) -> usize {
        self.values.len()
    }

    /// Sorted indices that occur in any list; all are below `count`.
    pub fn used_indices(&self, count: usize) -> Vec<u32> {
        let mut used = vec![false; count];
        self.indices.iter().for_each(|place| used[*place as usize] = true);
        (0..count as u32).filter(|place| used[*place as usize]).collect()
    }

    /// Indices and values of a list.
    #[inline(always)]
    pub fn row(&self, list: usize) -> (&[u32], &[f32]) {
        let range = if list == 0 { 0 } else { self.row_ends[list - 1] }..self.row_ends[list];
        (&self.indices[range.clone()], &self.values[range])
    }

    /// Pairs of index and value of a list.
    #[inline(always)]
    pub fn iter(&self, list: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let (indices, values) = self.row(list);
        indices.iter().zip(values).map(|(place, value)| (*place as usize, *value))
    }
}

/// Inverse of a sorted list of indices: for each index, its position in the list; arbitrary for indices not in it.
pub(crate) fn invert(indices: &[u32]) -> Vec<u32> {
    let mut rows = vec![0; indices.last().map_or(0, |last| *last as usize + 1)];
    indices.iter().enumerate().for_each(|(row, place)| rows[*place as usize] = row as u32);
    rows
}
