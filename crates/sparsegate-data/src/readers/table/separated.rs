//! Rows of comma- and tab-separated tables.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};
use csv::{ByteRecord, ReaderBuilder};

use super::quotes::{BadQuote, Checked, Quotes};
use crate::DataError;
use crate::input::{self, TextFormat};
use crate::manifest::{Escape, Separator, Table, TableFormat};
use crate::readers::limits::{Allowance, Bounded, NOT_UTF8, too_long};

/// How a separated table is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) separator: u8,
    pub(crate) quotes: bool,
    pub(crate) escape: Option<Escape>,
    pub(crate) text: TextFormat,
}

impl Dialect {
    /// The dialect of a manifest's table.
    pub(crate) fn of(table: &Table) -> Self {
        let tabs = table.format == TableFormat::Tsv;
        let usual = if tabs { b'\t' } else { b',' };
        Self {
            separator: table.separator.map_or(usual, Separator::byte),
            quotes: table.quotes.unwrap_or(!tabs),
            escape: table.escape,
            text: TextFormat { encoding: table.encoding, newlines: table.newlines },
        }
    }
}

type Source = Checked<Bounded<Box<dyn Read>>>;

/// The rows of a separated table, one at a time.
pub(crate) struct SeparatedRows {
    file: Utf8PathBuf,
    reader: csv::Reader<Source>,
    allowance: Allowance,
    quotes: Option<Rc<RefCell<Quotes>>>,
    /// Number of lines before the first row: a line `sep=;` of Excel.
    before: usize,
    separator: u8,
    row: ByteRecord,
    bytes: u64,
}

impl SeparatedRows {
    /// Opens the table.
    ///
    /// # Errors
    /// A file that cannot be opened or unpacked.
    pub(crate) fn open(file: &Utf8Path, dialect: &Dialect) -> Result<Self, DataError> {
        Self::of(file, input::text(file, &dialect.text)?, dialect)
    }

    /// The rows of `text`, which is UTF-8 already; `file` stands for it in errors.
    pub(crate) fn of(file: &Utf8Path, text: Box<dyn Read>, dialect: &Dialect) -> Result<Self, DataError> {
        let Dialect { separator, quotes, escape, .. } = *dialect;
        let (text, before) = without_separator_line(text, separator)?;
        let (bounded, allowance) = Bounded::new(text);
        let escape = escape.map(|Escape::Backslash| b'\\');
        let (checked, state) = Checked::new(bounded, separator, escape);
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .quoting(quotes)
            .escape(escape)
            .from_reader(checked);
        let quotes = quotes.then_some(state);
        let (file, row) = (file.to_owned(), ByteRecord::new());
        Ok(Self { file, reader, allowance, quotes, before, separator, row, bytes: 0 })
    }

    /// The next row with the line on which it begins, from 1.
    ///
    /// # Errors
    /// A read error, a row that is too long, a quote that is not closed as it must be.
    pub(crate) fn next_row(&mut self) -> Result<Option<(usize, &ByteRecord)>, DataError> {
        self.allowance.renew();
        let line = self.before + self.reader.position().line() as usize;
        let read = self.reader.read_byte_record(&mut self.row);
        let position = self.reader.position().byte();
        if let Some(quotes) = &self.quotes {
            let quotes = quotes.borrow();
            if let Some(bad) = quotes.bad().filter(|bad| bad.byte <= position) {
                return Err(self.bad_quote(bad));
            }
            if let (Some(opened), true) = (quotes.open(), self.allowance.is_spent()) {
                let problem =
                    format!("{}; the quote opened on line {} is not closed", too_long("the row"), self.before + opened);
                return Err(self.malformed(line, problem));
            }
        }
        match read {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(_) if self.allowance.is_spent() => return Err(self.malformed(line, too_long("the row"))),
            Err(error) => {
                return Err(match error.into_kind() {
                    csv::ErrorKind::Io(error) => error.into(),
                    other => self.malformed(line, format!("this is not a valid row: {other:?}; correct it")),
                });
            }
        }
        self.bytes = position;
        // Blank lines are skipped, so the row may begin after the position from before it was read.
        let line = self.row.position().map_or(line, |position| self.before + position.line() as usize);
        Ok(Some((line, &self.row)))
    }

    /// Number of bytes of text before the next row.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the text was read to its end, and ends before its last quote is closed.
    pub(crate) fn ends_in_quotes(&self) -> bool {
        let unclosed = |quotes: &Rc<RefCell<Quotes>>| quotes.borrow().bad().is_some_and(|bad| bad.follower.is_none());
        self.quotes.as_ref().is_some_and(unclosed)
    }

    /// Error on a line.
    pub(crate) fn malformed(&self, line: usize, problem: String) -> DataError {
        DataError::Malformed { file: self.file.clone(), line, problem }
    }

    /// Error for a row of another width than the first.
    pub(crate) fn wrong_width(&self, line: usize, columns: usize, first: usize) -> DataError {
        let cause = match (self.quotes.is_some(), self.separator) {
            (false, b'\t') => "is there a tab in a text?".to_owned(),
            (false, _) => "is there a separator in a text?".to_owned(),
            (true, b',') => "is a comma or a quote not in quotes?".to_owned(),
            (true, separator) => format!("is a `{}` or a quote not in quotes?", char::from(separator).escape_default()),
        };
        self.malformed(line, format!("the row has {columns} columns and the first row {first}; {cause}"))
    }

    fn bad_quote(&self, bad: &BadQuote) -> DataError {
        let end = match bad.follower {
            Some((line, byte)) => format!(
                "after the closing one, on line {}, comes `{}` where only a separator or a line end may follow",
                self.before + line,
                char::from(byte).escape_default()
            ),
            None => "the file ends before it is closed".to_owned(),
        };
        let cure = match bad.backslash {
            Some(line) => format!(
                "line {} has `\\\"`: if quotes are escaped by a backslash, write `escape: backslash` beside `format:` in the \
                 manifest, or give `--escape backslash` to `new task`",
                self.before + line
            ),
            None => "close the quote, or write each quote inside a quoted text twice".to_owned(),
        };
        self.malformed(self.before + bad.opened, format!("a quote is opened on this line, and {end}; {cure}"))
    }
}

/// A row's value as text.
///
/// # Errors
/// The problem, if it is not UTF-8.
pub(crate) fn utf8(value: &[u8]) -> Result<&str, String> {
    str::from_utf8(value).map_err(|_| NOT_UTF8.to_owned())
}

/// Skips a first line `sep=;`, by which Excel names the separator, and returns how many lines were skipped.
fn without_separator_line(text: Box<dyn Read>, separator: u8) -> Result<(Box<dyn Read>, usize), DataError> {
    let mut reader = BufReader::with_capacity(1 << 16, text);
    let mut first = Vec::new();
    (&mut reader).take(8).read_until(b'\n', &mut first)?;
    // The separator itself may be a tab, so only the line end is cut off.
    let line = first.strip_suffix(b"\n").unwrap_or(&first);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if first.ends_with(b"\n") && line.len() == 5 && line[..4].eq_ignore_ascii_case(b"sep=") && line[4] == separator {
        return Ok((Box::new(reader), 1));
    }
    Ok((Box::new(std::io::Cursor::new(first).chain(reader)), 0))
}
