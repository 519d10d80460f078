//! Opens a file as text: unpacks it, decodes it to UTF-8 and normalises its line ends.
//!
//! The readers of tables and of plain text and the guesses about a new file open files here, so that both see the same
//! text. The readers of Penn Treebank and of archives open their files themselves, as UTF-8.

mod decode;
mod newlines;
mod pack;

use std::io::{Read, Seek as _};

use camino::Utf8Path;

use crate::DataError;
use crate::manifest::{Encoding, Newlines};
pub(crate) use decode::{Bom, utf16_without_bom};
pub(crate) use pack::{Pack, foreign, markup};

/// How the bytes of a file become text. By default: UTF-8, or UTF-16 if a byte order mark says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TextFormat {
    /// The encoding, if it is neither UTF-8 nor told by a byte order mark.
    pub(crate) encoding: Option<Encoding>,
    /// How lines end, if not with a line feed.
    pub(crate) newlines: Option<Newlines>,
}

/// Opens `file` and unpacks it if its first bytes are those of gzip, Zstandard or a zip archive of one file.
///
/// # Errors
/// A file that cannot be opened; an archive of several files. A damaged archive is an error of the returned reader.
pub(crate) fn unpacked(file: &Utf8Path) -> Result<Box<dyn Read>, DataError> {
    let mut opened = fs_err::File::open(file)?;
    let mut first = [0; 4];
    let read = read_up_to(&mut opened, &mut first)?;
    opened.rewind()?;
    match Pack::of(&first[..read]) {
        Some(pack) => pack.open(file, opened),
        None => Ok(Box::new(opened)),
    }
}

/// Opens `file` as UTF-8 text without a byte order mark. Bytes of a file in UTF-8 are passed on as they are.
///
/// # Errors
/// As [`unpacked`].
pub(crate) fn text(file: &Utf8Path, format: &TextFormat) -> Result<Box<dyn Read>, DataError> {
    let mut bytes = unpacked(file)?;
    let mut first = [0; 3];
    let read = read_up_to(&mut bytes, &mut first)?;
    let bom = Bom::of(&first[..read]);
    let skip = bom.map_or(0, Bom::len);
    let rest = std::io::Cursor::new(first[skip..read].to_vec()).chain(bytes);
    let encoding = match (bom, &format.encoding) {
        // A byte order mark is surer than what the manifest says.
        (Some(bom), _) => bom.encoding(),
        (None, Some(named)) => Some(named.get()),
        (None, None) => None,
    };
    let decoded: Box<dyn Read> = match encoding {
        Some(encoding) if encoding != encoding_rs::UTF_8 => Box::new(decode::Decoded::new(file, rest, encoding)),
        _ => Box::new(rest),
    };
    Ok(match format.newlines {
        Some(Newlines::Cr) => Box::new(newlines::LineFeeds(decoded)),
        None => decoded,
    })
}

/// Fills `buffer` as far as the reader has bytes, and returns how many there were.
pub(crate) fn read_up_to(reader: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
