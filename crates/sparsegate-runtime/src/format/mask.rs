//! Positions of the non-zero elements of a matrix, one bit each.

use alloc::vec;
use alloc::vec::Vec;

/// The bits of the elements of a matrix of `columns` columns, row-major, the lowest bit of a byte first; `row_ends` and
/// `indices` are those of CSR.
pub(super) fn encode(row_ends: &[u32], indices: &[u32], columns: usize) -> Vec<u8> {
    let mut bits = vec![0_u8; bytes(row_ends.len(), columns)];
    let mut start = 0;
    for (row, end) in row_ends.iter().map(|end| *end as usize).enumerate() {
        for column in &indices[start..end] {
            let element = row * columns + *column as usize;
            bits[element / 8] |= 1 << (element % 8);
        }
        start = end;
    }
    bits
}

/// Row ends and column indices of a matrix of `rows` by `columns`; `None` if there are bits behind the last element.
/// There must be [`bytes`] bytes.
pub(super) fn decode(bits: &[u8], rows: usize, columns: usize) -> Option<(Vec<u32>, Vec<u32>)> {
    let set = |element: usize| bits[element / 8] >> (element % 8) & 1 == 1;
    if (rows * columns..8 * bits.len()).any(set) {
        return None;
    }
    let (mut row_ends, mut indices) = (Vec::with_capacity(rows), Vec::new());
    for row in 0..rows {
        indices.extend((0..columns).filter(|column| set(row * columns + column)).map(|column| column as u32));
        row_ends.push(indices.len() as u32);
    }
    Some((row_ends, indices))
}

/// Number of bytes for a matrix of this size.
pub(super) fn bytes(rows: usize, columns: usize) -> usize {
    (rows * columns).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back() {
        let (row_ends, indices) = (vec![2, 2, 3], vec![0, 4, 3]);
        let bits = encode(&row_ends, &indices, 5);
        assert_eq!(bits, [0b1_0001, 0b10_0000]);
        assert_eq!(decode(&bits, 3, 5), Some((row_ends, indices)));
        // The sixteenth element does not exist.
        assert_eq!(decode(&[0, 0x80], 3, 5), None);
        assert_eq!(decode(&[], 0, 5), Some((vec![], vec![])));
    }
}
