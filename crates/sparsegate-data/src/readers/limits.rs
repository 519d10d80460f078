//! Reading lines and rows with bounded memory.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::DataError;
use crate::input::{self, TextFormat};

/// Largest size of a line, row, JSON object or text, bytes: 64 MiB.
pub(super) const LONGEST: u64 = 64 << 20;

/// Message for a record that is longer than [`LONGEST`].
pub(super) fn too_long(what: &str) -> String {
    format!("{what} is longer than {} MiB; is this the right file, and does it have line ends?", LONGEST >> 20)
}

/// The lines of a text, one at a time.
pub struct Lines {
    file: Utf8PathBuf,
    reader: io::BufReader<Box<dyn Read>>,
    bytes: Vec<u8>,
    line: usize,
}

impl Lines {
    /// The lines of a file, which may be compressed.
    ///
    /// # Errors
    /// A file that cannot be opened or unpacked.
    pub fn open(file: &Utf8Path) -> Result<Self, DataError> {
        Self::open_as(file, &TextFormat::default())
    }

    /// The lines of a file in the given format.
    ///
    /// # Errors
    /// As [`Lines::open`].
    pub(crate) fn open_as(file: &Utf8Path, format: &TextFormat) -> Result<Self, DataError> {
        Ok(Self::of(file, input::text(file, format)?))
    }

    /// The lines of `reader`; `name` stands for it in errors.
    pub fn of(name: &Utf8Path, reader: Box<dyn Read>) -> Self {
        let reader = io::BufReader::with_capacity(1 << 16, reader);
        Self { file: name.to_owned(), reader, bytes: Vec::new(), line: 0 }
    }

    /// The next line with its number, from 1. The line end is removed, and a byte order mark in the first line.
    ///
    /// # Errors
    /// A read error; a line that is not UTF-8 or longer than 64 MiB (at most 64 MiB and one byte of it are read).
    pub fn next_line(&mut self) -> Result<Option<(usize, &str)>, DataError> {
        self.bytes.clear();
        self.line += 1;
        let line = self.line;
        let file = &self.file;
        let malformed = |problem: String| DataError::Malformed { file: file.clone(), line, problem };
        if (&mut self.reader).take(LONGEST + 1).read_until(b'\n', &mut self.bytes)? == 0 {
            return Ok(None);
        }
        if self.bytes.len() as u64 > LONGEST {
            return Err(malformed(too_long("the line")));
        }
        let text = str::from_utf8(&self.bytes).map_err(|_| malformed(NOT_UTF8.into()))?;
        let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        Ok(Some((line, if line == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text })))
    }
}

/// Message for bytes that are not UTF-8.
pub(super) const NOT_UTF8: &str = "this is not UTF-8 text; convert the file to UTF-8, or name its encoding, as \
                                   `encoding: windows-1252` in the manifest or `--encoding windows-1252` of `new task`";

/// A reader that fails when more than [`LONGEST`] bytes are read between two calls of [`Allowance::renew`].
pub(super) struct Bounded<R> {
    inner: R,
    left: Allowance,
}

/// The number of bytes that may still be read.
#[derive(Clone)]
pub(super) struct Allowance(Rc<Cell<u64>>);

impl Allowance {
    pub(super) fn renew(&self) {
        self.0.set(LONGEST);
    }

    /// Whether no more bytes may be read.
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

impl<R> Bounded<R> {
    pub(super) fn new(inner: R) -> (Self, Allowance) {
        let left = Allowance(Rc::new(Cell::new(LONGEST)));
        (Self { inner, left: left.clone() }, left)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.0.get();
        if left == 0 {
            return Err(io::Error::other(too_long("the row")));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(&mut buffer[..most])?;
        self.left.0.set(left - read as u64);
        Ok(read)
    }
}
