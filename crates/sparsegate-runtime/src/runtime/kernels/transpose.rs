//! From a vector for each output to a row for each sequence.

use crate::runtime::order::WIDTH;

/// Sixteen rows of sixteen, turned.
#[inline(always)]
pub(crate) fn transpose(tile: &[f32; WIDTH * WIDTH], turned: &mut [[f32; WIDTH]; WIDTH]) {
    for (row, turned) in turned.iter_mut().enumerate() {
        for (column, to) in turned.iter_mut().enumerate() {
            *to = tile[column * WIDTH + row];
        }
    }
}
