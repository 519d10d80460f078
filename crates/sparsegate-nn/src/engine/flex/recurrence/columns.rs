//! Products of some of the preactivations, as rows of all of them.
//!
//! A preactivation whose weights have been removed from training has no column in the products. Its product is zero, so
//! that it equals its bias. The matrix products are computed for the other columns alone, and each row is spread over
//! all columns only for the elementwise rule of the cell.

use std::borrow::Cow;

use crate::engine::float::KernelFloat;

/// Which of the `width` preactivations have a column.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    width: usize,
    /// Their places, ascending; `None` if all have one.
    kept: Option<&'a [u32]>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(width: usize, kept: Option<&'a [u32]>) -> Self {
        Self { width, kept }
    }

    /// Whether all have one.
    pub(super) fn are_all(self) -> bool {
        self.kept.is_none()
    }

    /// The number of preactivations.
    pub(super) fn width(self) -> usize {
        self.width
    }

    /// The number of columns.
    pub(super) fn count(self) -> usize {
        self.kept.map_or(self.width, <[u32]>::len)
    }

    /// A row of all preactivations for [`Columns::spread`]; empty if all have a column.
    pub(super) fn scratch<T: KernelFloat>(self) -> Vec<T> {
        if self.are_all() { Vec::new() } else { vec![T::default(); self.width] }
    }

    /// Writes a row of the columns to a row of all preactivations, with zeros elsewhere.
    #[inline(always)]
    pub(super) fn spread<T: KernelFloat>(self, row: &[T], wide: &mut [T]) {
        let Some(kept) = self.kept else { return wide.copy_from_slice(row) };
        wide.fill(T::default());
        for (value, place) in row.iter().zip(kept) {
            wide[*place as usize] = *value;
        }
    }

    /// Writes the columns' part of a row of all preactivations.
    #[inline(always)]
    pub(super) fn collect<T: KernelFloat>(self, wide: &[T], row: &mut [T]) {
        let Some(kept) = self.kept else { return row.copy_from_slice(wide) };
        for (value, place) in row.iter_mut().zip(kept) {
            *value = wide[*place as usize];
        }
    }

    /// Rows of the columns as rows of all preactivations.
    pub(super) fn spread_all<T: KernelFloat>(self, rows: &[T]) -> Cow<'_, [T]> {
        if self.are_all() {
            return Cow::Borrowed(rows);
        }
        let count = rows.len() / self.count().max(1);
        let mut wide = vec![T::default(); count * self.width];
        for (row, wide) in rows.chunks_exact(self.count()).zip(wide.chunks_exact_mut(self.width)) {
            self.spread(row, wide);
        }
        Cow::Owned(wide)
    }

    /// The columns' part of rows of all preactivations.
    pub(super) fn collect_all<T: KernelFloat>(self, wide: Vec<T>) -> Vec<T> {
        if self.are_all() {
            return wide;
        }
        let mut rows = vec![T::default(); wide.len() / self.width * self.count()];
        for (wide, row) in wide.chunks_exact(self.width).zip(rows.chunks_exact_mut(self.count())) {
            self.collect(wide, row);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn rows_are_spread_with_zeros_and_collected_again() {
        let columns = Columns::new(5, Some(&[1, 4]));
        let wide = columns.spread_all(&[1.0f32, 2.0, 3.0, 4.0]).into_owned();
        assert_eq!(wide, [0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 3.0, 0.0, 0.0, 4.0]);
        assert_eq!(columns.collect_all(wide), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!((columns.count(), columns.width()), (2, 5));
        let all = Columns::new(2, None);
        assert_eq!(&*all.spread_all(&[1.0f32, 2.0]), [1.0, 2.0]);
        assert_eq!((all.count(), all.scratch::<f32>().len()), (2, 0));
    }
}
