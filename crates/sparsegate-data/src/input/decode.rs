//! Decodes text of other encodings to UTF-8.

use std::io::{self, Read};

use camino::Utf8Path;
use encoding_rs::{Decoder, DecoderResult, UTF_8, UTF_16BE, UTF_16LE};

/// A byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bom {
    /// UTF-8.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Bom {
    /// The mark at the beginning of a file.
    pub(crate) fn of(first: &[u8]) -> Option<Self> {
        match first {
            [0xef, 0xbb, 0xbf, ..] => Some(Self::Utf8),
            [0xff, 0xfe, ..] => Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => Some(Self::Utf16Be),
            _ => None,
        }
    }

    /// Its length in bytes.
    pub(crate) fn len(self) -> usize {
        if self == Self::Utf8 { 3 } else { 2 }
    }

    /// The encoding that it announces; `None` for UTF-8, which needs no decoding.
    pub(super) fn encoding(self) -> Option<&'static encoding_rs::Encoding> {
        match self {
            Self::Utf8 => None,
            Self::Utf16Le => Some(UTF_16LE),
            Self::Utf16Be => Some(UTF_16BE),
        }
    }
}

/// The label of UTF-16 without a byte order mark, of which European text is told by a NUL in every other byte.
pub(crate) fn utf16_without_bom(first: &[u8]) -> Option<&'static str> {
    let even = first.iter().step_by(2).filter(|byte| **byte == 0).count();
    let odd = first.iter().skip(1).step_by(2).filter(|byte| **byte == 0).count();
    let half = first.len() / 2;
    match (even, odd) {
        _ if half < 8 => None,
        (0, nul) if nul * 10 >= half * 8 => Some("utf-16le"),
        (nul, 0) if nul * 10 >= half * 8 => Some("utf-16be"),
        _ => None,
    }
}

/// The text of `inner` in UTF-8. Bytes that the encoding does not have are an error, never a replacement character.
pub(super) struct Decoded<R> {
    file: String,
    inner: R,
    decoder: Decoder,
    name: &'static str,
    /// Bytes read and not yet decoded.
    bytes: Vec<u8>,
    /// Text decoded and not yet passed on, from `next` on.
    text: Vec<u8>,
    next: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(file: &Utf8Path, inner: R, encoding: &'static encoding_rs::Encoding) -> Self {
        debug_assert!(encoding != UTF_8, "UTF-8 is passed on as it is");
        Self {
            file: file.to_string(),
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            name: encoding.name(),
            bytes: Vec::new(),
            text: Vec::new(),
            next: 0,
            ended: false,
        }
    }

    /// Reads and decodes some more text.
    fn refill(&mut self) -> io::Result<()> {
        let mut chunk = vec![0; 1 << 15];
        let read = self.inner.read(&mut chunk)?;
        self.ended = read == 0;
        self.bytes.extend_from_slice(&chunk[..read]);
        self.next = 0;
        // Three bytes of UTF-8 for a byte of any encoding are enough, and four more for what the decoder holds back.
        self.text.resize(3 * self.bytes.len() + 16, 0);
        let (result, used, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.bytes, &mut self.text, self.ended);
        self.text.truncate(written);
        self.bytes.drain(..used);
        match result {
            DecoderResult::Malformed(..) => {
                let line = "convert the file to UTF-8, or name its encoding in the manifest";
                Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{}: this is not {} text; {line}", self.file, self.name),
                ))
            }
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.next == self.text.len() && !self.ended {
            self.refill()?;
        }
        let count = buffer.len().min(self.text.len() - self.next);
        buffer[..count].copy_from_slice(&self.text[self.next..self.next + count]);
        self.next += count;
        Ok(count)
    }
}
