//! Guesses the format of a file without a manifest, its columns, and which of them hold the text and the label.
//!
//! The guesses come from the first rows and fill a manifest for the user to review. Files are opened and rows are
//! split by the code of the readers, so that what is seen here is what is read later. Reading the whole file with the
//! manifest shows whether the guesses are right.

mod agreement;
mod classes;
mod columns;
mod dialect;
mod header;
mod sample;
mod tokens;
mod vectors;

use std::io::Read as _;

use camino::Utf8Path;

use super::DataError;
use super::manifest::{Encoding, Escape, Newlines, Separator, TableFormat};
use crate::input::{self, Bom, Pack, TextFormat};

pub use agreement::other_label_column;
pub use classes::class_folders;
pub use columns::{Choice, Wanted, choose};
pub use sample::{Sample, sample};
pub use tokens::{TokensGuess, tokens, warnings};
pub use vectors::{VectorFormat, vectors};

/// Formats that can be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Rows and columns.
    Table(TableFormat),
    /// Plain text.
    Text,
}

/// What is known or guessed about a file; `None` stands for the reader's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Its format.
    pub format: Format,
    /// Separator of a `csv` table.
    pub separator: Option<Separator>,
    /// Whether the values of a `tsv` table are in quotes.
    pub quotes: Option<bool>,
    /// How quotes inside quotes are escaped.
    pub escape: Option<Escape>,
    /// Encoding.
    pub encoding: Option<Encoding>,
    /// Line ends.
    pub newlines: Option<Newlines>,
}

impl Look {
    pub(crate) fn text_format(&self) -> TextFormat {
        TextFormat { encoding: self.encoding, newlines: self.newlines }
    }
}

/// What the user says about a file.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// The encoding.
    pub encoding: Option<Encoding>,
    /// How quotes inside quotes are escaped.
    pub escape: Option<Escape>,
    /// The separator of a table.
    pub separator: Option<Separator>,
    /// That the file is plain text, unless its name or its first bytes say otherwise.
    pub plain: bool,
}

/// Number of bytes of text that guesses are made from.
const PEEK: usize = 1 << 16;

/// Looks at the beginning of a file: first at its magic bytes, then at encoding and line ends, then at the file's
/// extension or, if that is unknown, at its first lines, and last at the separator and quotes of a table.
///
/// # Errors
/// A file that cannot be read or unpacked; a file of another program, which the message names.
pub fn look(file: &Utf8Path, hints: &Hints) -> Result<Look, DataError> {
    let unusable = |problem: String| DataError::Unusable { file: file.to_owned(), problem };
    let mut packed = [0; 4];
    let read = input::read_up_to(&mut fs_err::File::open(file)?, &mut packed)?;
    let name = match Pack::of(&packed[..read]) {
        Some(pack) => pack.inner_name(file)?,
        None => file.file_name().unwrap_or_default().to_owned(),
    };
    let mut first = vec![0; PEEK];
    let read = input::read_up_to(&mut input::unpacked(file)?, &mut first)?;
    first.truncate(read);
    let markup = || if hints.plain { None } else { input::markup(&first) };
    if let Some(what) = input::foreign(&first).or_else(markup) {
        return Err(unusable(what.to_owned()));
    }
    let mut look = Look {
        format: Format::Table(TableFormat::Parquet),
        separator: None,
        quotes: None,
        escape: hints.escape,
        encoding: hints.encoding,
        newlines: None,
    };
    if first.starts_with(b"PAR1") {
        if Pack::of(&packed).is_some() {
            return Err(unusable("this is a compressed Parquet file, which cannot be read in place; unpack it".into()));
        }
        return Ok(look);
    }
    if Bom::of(&first).is_none() && look.encoding.is_none() {
        look.encoding = input::utf16_without_bom(&first).and_then(Encoding::from_label);
    }
    let (text, cut) = beginning(file, &look.text_format())?;
    let feeds = text.matches('\n').count();
    let lone = text.matches('\r').count() - text.matches("\r\n").count();
    if lone > 0 && lone > 10 * feeds {
        look.newlines = Some(Newlines::Cr);
    }
    let text = if look.newlines.is_some() { text.replace('\r', "\n") } else { text };
    look.format = match by_name(&name) {
        // Tables are saved under each other's names.
        Some(Format::Table(TableFormat::Csv | TableFormat::Tsv)) if is_object(&text) => {
            Format::Table(TableFormat::Jsonl)
        }
        Some(Format::Table(TableFormat::Tsv)) if !text.contains('\t') => Format::Table(TableFormat::Csv),
        Some(format) => format,
        None if hints.plain => Format::Text,
        None => by_content(&text),
    };
    if let Format::Table(format @ (TableFormat::Csv | TableFormat::Tsv)) = look.format {
        dialect::guess(&text, cut, format, hints, &mut look);
    }
    Ok(look)
}

/// The first lines of a file.
///
/// # Errors
/// A file that cannot be read.
pub fn lines(file: &Utf8Path, look: &Look) -> Result<Vec<String>, DataError> {
    Ok(beginning(file, &look.text_format())?.0.lines().map(str::to_owned).collect())
}

/// The first text of a file, as far as guesses need it, and whether more may follow.
fn beginning(file: &Utf8Path, format: &TextFormat) -> Result<(String, bool), DataError> {
    let mut bytes = Vec::new();
    input::text(file, format)?.take(PEEK as u64).read_to_end(&mut bytes)?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), bytes.len() == PEEK))
}

fn by_name(name: &str) -> Option<Format> {
    match Utf8Path::new(name).extension().map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Some(Format::Table(TableFormat::Csv)),
        Some("tsv" | "tab") => Some(Format::Table(TableFormat::Tsv)),
        Some("jsonl" | "ndjson" | "json") => Some(Format::Table(TableFormat::Jsonl)),
        Some("parquet") => Some(Format::Table(TableFormat::Parquet)),
        _ => None,
    }
}

/// Whether the first line is a JSON object, or begins one that goes on.
fn is_object(text: &str) -> bool {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim_start().starts_with('{')
        && match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line) {
            Ok(_) => true,
            Err(error) => error.is_eof() && line.contains('"'),
        }
}

fn by_content(text: &str) -> Format {
    let line = text.lines().next().unwrap_or_default();
    let array = text.trim_start().strip_prefix('[').is_some_and(|inside| inside.trim_start().starts_with('{'));
    if is_object(text) || (array && text.contains('"')) {
        return Format::Table(TableFormat::Jsonl);
    }
    if line.len() == 5 && line.get(..4).is_some_and(|sep| sep.eq_ignore_ascii_case("sep=")) {
        return Format::Table(TableFormat::Csv);
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).take(5).collect();
    let tabs = |line: &str| line.matches('\t').count();
    if lines.len() > 1 && tabs(lines[0]) > 0 && lines.iter().all(|line| tabs(line) == tabs(lines[0])) {
        return Format::Table(TableFormat::Tsv);
    }
    Format::Text
}

#[cfg(test)]
mod tests;
