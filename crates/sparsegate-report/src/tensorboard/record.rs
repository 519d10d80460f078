//! The framing of TFRecord files: length, checksum of the length, payload, checksum of the payload.

/// Appends a record to `bytes`.
pub(super) fn append(bytes: &mut Vec<u8>, payload: &[u8]) {
    let length = (payload.len() as u64).to_le_bytes();
    bytes.extend(length);
    bytes.extend(masked_crc(&length).to_le_bytes());
    bytes.extend(payload);
    bytes.extend(masked_crc(payload).to_le_bytes());
}

/// CRC-32C, rotated and shifted so that a checksum of data that contain checksums is not degenerate.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_known_bytes() {
        // CRC-32C of "123456789" is 0xE3069283, in every table of checksums.
        assert_eq!(masked_crc(b"123456789"), 0xe306_9283u32.rotate_right(15).wrapping_add(0xa282_ead8));
        let mut bytes = Vec::new();
        append(&mut bytes, b"ab");
        assert_eq!((bytes.len(), &bytes[..8], &bytes[12..14]), (18, &[2, 0, 0, 0, 0, 0, 0, 0][..], &b"ab"[..]));
    }
}
