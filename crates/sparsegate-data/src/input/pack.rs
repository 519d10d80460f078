//! Compressed files, and files of other programs, told by their first bytes.

use std::cell::Cell;
use std::io::{self, BufReader, Read, Seek as _};
use std::rc::Rc;

use camino::Utf8Path;
use flate2::read::MultiGzDecoder;

use crate::DataError;

/// A kind of compression that is unpacked while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pack {
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// A zip archive, which must hold one file.
    Zip,
}

impl Pack {
    /// The compression of a file that begins with these bytes.
    pub(crate) fn of(first: &[u8]) -> Option<Self> {
        match first {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            _ => None,
        }
    }

    /// The name without the ending of the compression; of a zip archive, the name of its file.
    pub(crate) fn inner_name(self, file: &Utf8Path) -> Result<String, DataError> {
        let name = file.file_name().unwrap_or_default();
        match self {
            Self::Gzip | Self::Zstd => {
                let lower = name.to_ascii_lowercase();
                let end = [".gz", ".gzip", ".zst", ".zstd"].into_iter().find(|end| lower.ends_with(end));
                Ok(name[..name.len() - end.map_or(0, str::len)].to_owned())
            }
            Self::Zip => Ok(only_file(file, &mut archive(file, fs_err::File::open(file)?)?)?.1),
        }
    }

    pub(super) fn open(self, file: &Utf8Path, opened: fs_err::File) -> Result<Box<dyn Read>, DataError> {
        let packed = Rc::new(Cell::new(0));
        let named = |inner: Box<dyn Read>| {
            Box::new(Unpacking { file: file.to_string(), inner, packed: Rc::clone(&packed), unpacked: 0 })
        };
        let counted = |opened: fs_err::File| Counted { inner: opened, bytes: Rc::clone(&packed) };
        Ok(match self {
            Self::Gzip => named(Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, counted(opened))))),
            Self::Zstd => named(Box::new(zstd::Decoder::new(counted(opened))?)),
            Self::Zip => {
                let most = most_unpacked(opened.metadata()?.len());
                let mut archive = archive(file, opened)?;
                let (index, _) = only_file(file, &mut archive)?;
                let mut member = archive.by_index(index).map_err(|error| broken(file, &error))?;
                let size = member.size();
                if size > most {
                    return Err(DataError::Unusable { file: file.to_owned(), problem: TOO_MUCH.to_owned() });
                }
                // Unpacked as a whole, so that the archive's checksum is verified before the first line is read. The
                // checksum is verified at the end of the file, which one byte more than there should be reaches.
                let mut whole = tempfile::tempfile()?;
                let copied = io::copy(&mut member.by_ref().take(size.saturating_add(1)), &mut whole)
                    .map_err(|error| broken(file, &error))?;
                if copied > size {
                    return Err(broken(file, &"it unpacks to more than the size that it states"));
                }
                whole.rewind()?;
                Box::new(BufReader::with_capacity(1 << 16, whole))
            }
        })
    }
}

fn broken(file: &Utf8Path, error: &dyn std::fmt::Display) -> DataError {
    DataError::Unusable { file: file.to_owned(), problem: damaged(error) }
}

fn damaged(error: &dyn std::fmt::Display) -> String {
    format!("the compressed file is damaged or cut off: {error}; replace it with an intact copy")
}

type Archive = zip::ZipArchive<BufReader<fs_err::File>>;

fn archive(file: &Utf8Path, opened: fs_err::File) -> Result<Archive, DataError> {
    zip::ZipArchive::new(BufReader::new(opened)).map_err(|error| broken(file, &error))
}

/// Index and name of the only file in an archive. Folders, hidden files and what macOS adds do not count.
fn only_file(file: &Utf8Path, archive: &mut Archive) -> Result<(usize, String), DataError> {
    let unusable = |problem: String| DataError::Unusable { file: file.to_owned(), problem };
    let mut found: Vec<(usize, String)> = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|error| broken(file, &error))?;
        let path = member.name().to_owned();
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        if path == "[Content_Types].xml" {
            return Err(unusable("this is a document of Excel or Word, not a table; save it as CSV (UTF-8)".into()));
        }
        if path == "mimetype" {
            return Err(unusable("this is an OpenDocument or EPUB file, not a table; save it as CSV (UTF-8)".into()));
        }
        if !member.is_dir() && !name.starts_with('.') && !path.starts_with("__MACOSX/") {
            found.push((index, name));
        }
    }
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 => Err(unusable("the archive holds no file; is this the right one?".into())),
        count => {
            let names: Vec<&str> = found.iter().take(5).map(|(_, name)| name.as_str()).collect();
            Err(unusable(format!(
                "the archive holds {count} files ({}{}); unpack it and name the one to read",
                names.join(", "),
                if count > 5 { ", ..." } else { "" }
            )))
        }
    }
}

/// Bytes that a compressed file of any size may unpack to: 256 MiB.
const UNPACKED: u64 = 256 << 20;
/// Bytes that each byte of a compressed file may unpack to beyond [`UNPACKED`]. One line over and over becomes a
/// thousandth with gzip, and no text comes near that.
const TIMES: u64 = 2_000;
const TOO_MUCH: &str = "it unpacks to more than 2,000 times its size; if this is right, unpack it yourself and give \
                        the unpacked file";

/// Largest number of bytes that `packed` bytes may unpack to.
fn most_unpacked(packed: u64) -> u64 {
    UNPACKED.saturating_add(packed.saturating_mul(TIMES))
}

/// Adds the file's name to the errors of a decoder, which does not know it, and refuses a small file that unpacks to an
/// endless one.
struct Unpacking {
    file: String,
    inner: Box<dyn Read>,
    /// Number of bytes that the decoder has read.
    packed: Rc<Cell<u64>>,
    unpacked: u64,
}

impl Read for Unpacking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {}", self.file, damaged(&error)));
        let read = self.inner.read(buffer).map_err(named)?;
        self.unpacked += read as u64;
        if self.unpacked > most_unpacked(self.packed.get()) {
            return Err(io::Error::other(format!("{}: {TOO_MUCH}", self.file)));
        }
        Ok(read)
    }
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    bytes: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

/// What a file of another program is, and what to do with it, told by its first bytes; `None` for bytes that may be
/// the text or the table that a reader expects.
pub(crate) fn foreign(first: &[u8]) -> Option<&'static str> {
    const BZIP2: &str = "this is compressed with bzip2; unpack it";
    const IMAGE: &str = "this is an image, not text";
    const PICKLE: &str = "this is a pickle of Python; write it as Parquet or CSV";
    const UTF32: &str = "this is UTF-32 text; convert it to UTF-8, as `iconv -f UTF-32 -t UTF-8` does";
    const KNOWN: [(&[u8], &str); 25] = [
        (b"ARROW1", "this is an Arrow (Feather) file; write it as Parquet"),
        (b"ORC", "this is an ORC file; write it as Parquet"),
        (b"Obj\x01", "this is an Avro file; write it as Parquet or JSON lines"),
        (b"\xd0\xcf\x11\xe0", "this is an old document of Excel or Word; save it as CSV (UTF-8)"),
        (b"SQLite format 3", "this is a SQLite database; export the table as CSV"),
        (b"%PDF-", "this is a PDF document; write its text into a file"),
        (b"{\\rtf", "this is an RTF document; save it as plain text"),
        (b"\x89HDF", "this is an HDF5 file; write it as Parquet or CSV"),
        (b"\x93NUMPY", "this is a NumPy array; write it as CSV"),
        (b"\x80\x02", PICKLE),
        (b"\x80\x03", PICKLE),
        (b"\x80\x04", PICKLE),
        (b"\x80\x05", PICKLE),
        (b"RDX", "this is a file of R; write it as CSV, as `write.csv` does"),
        (b"X\n\0\0\0", "this is a file of R; write it as CSV, as `write.csv` does"),
        (b"BZh", BZIP2),
        (b"\xfd7zXZ", "this is compressed with xz; unpack it"),
        (b"\x04\x22\x4d\x18", "this is compressed with LZ4; unpack it"),
        (b"7z\xbc\xaf", "this is a 7-Zip archive; unpack it"),
        (b"Rar!\x1a", "this is a RAR archive; unpack it"),
        (b"\x89PNG", IMAGE),
        (b"\xff\xd8\xff", IMAGE),
        (b"\xff\xfe\0\0", UTF32),
        (b"\0\0\xfe\xff", UTF32),
        (
            b"version https://git-lfs",
            "this is a pointer of Git LFS in place of the file; get the file, as `git lfs pull` does",
        ),
    ];
    if first.get(257..262) == Some(b"ustar") {
        return Some("this is a tar archive; unpack it and name the file or folder to read");
    }
    // `BZh`, `ORC` and `RDX` begin words; what follows them in a file of that kind has control characters. Bytes above
    // ASCII are letters in UTF-8 and other encodings.
    let text = first.iter().take(64).all(|byte| *byte >= 0x20 || byte.is_ascii_whitespace());
    if first.get(4..10) == Some(b"1AY&SY") && first.starts_with(b"BZh") {
        return Some(BZIP2);
    }
    if let [b'B', b'Z', b'h', ..] | [b'O', b'R', b'C', ..] | [b'R', b'D', b'X', ..] = first
        && text
    {
        return None;
    }
    KNOWN.iter().find(|(magic, _)| first.starts_with(magic)).map(|(_, what)| *what)
}

/// What a file of marked-up text is, where a table is expected.
pub(crate) fn markup(first: &[u8]) -> Option<&'static str> {
    let begins = |word: &[u8]| {
        let start = first.trim_ascii_start();
        start.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    if begins(b"<!doctype html") || begins(b"<html") {
        return Some("this is a web page, not the file that it may be about; download the file itself");
    }
    if begins(b"<?xml") {
        return Some("this is XML; write it as CSV or JSON lines");
    }
    None
}
