//! Integers, stored in the narrowest type that holds all of them.

use alloc::vec::Vec;

use safetensors::Dtype;

/// Type and little-endian bytes.
pub(super) fn encode(numbers: &[u32]) -> (Dtype, Vec<u8>) {
    match numbers.iter().max().copied().unwrap_or_default() {
        0..=0xff => (Dtype::U8, numbers.iter().map(|number| *number as u8).collect()),
        0x100..=0xffff => (Dtype::U16, numbers.iter().flat_map(|number| (*number as u16).to_le_bytes()).collect()),
        _ => (Dtype::U32, numbers.iter().flat_map(|number| number.to_le_bytes()).collect()),
    }
}

/// The decoded numbers; `None` if the type is not u8, u16 or u32.
pub(super) fn decode(dtype: Dtype, bytes: &[u8]) -> Option<Vec<u32>> {
    Some(match dtype {
        Dtype::U8 => bytes.iter().map(|byte| u32::from(*byte)).collect(),
        Dtype::U16 => bytes.as_chunks::<2>().0.iter().map(|two| u32::from(u16::from_le_bytes(*two))).collect(),
        Dtype::U32 => bytes.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four)).collect(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_from_the_narrowest_type() {
        for (largest, dtype) in [(0, Dtype::U8), (255, Dtype::U8), (256, Dtype::U16), (65_536, Dtype::U32)] {
            let numbers = [0, largest, 3];
            let (found, bytes) = encode(&numbers);
            assert_eq!((found, decode(found, &bytes)), (dtype, Some(numbers.to_vec())));
        }
        assert_eq!(decode(Dtype::F32, &[0; 4]), None);
    }
}
