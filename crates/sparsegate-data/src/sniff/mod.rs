//! Guesses the format of a file without a manifest, its columns, and which of them hold the text and the label.
//!
//! The guesses come from the first rows and fill a manifest for the user to review. Reading the whole file with that
//! manifest shows whether they are right.

mod columns;
mod sample;

use std::io::Read;

use camino::Utf8Path;

use super::DataError;
use super::manifest::TableFormat;

pub use columns::{Choice, choose};
pub use sample::{Sample, sample};

/// Formats that can be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Rows and columns.
    Table(TableFormat),
    /// Plain text.
    Text,
}

/// The format by the file's extension or, if that is unknown, by its first bytes.
///
/// # Errors
/// A file that cannot be read.
pub fn format(file: &Utf8Path) -> Result<Format, DataError> {
    let by_name = match file.extension().map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Some(Format::Table(TableFormat::Csv)),
        Some("tsv" | "tab") => Some(Format::Table(TableFormat::Tsv)),
        Some("jsonl" | "ndjson") => Some(Format::Table(TableFormat::Jsonl)),
        Some("parquet") => Some(Format::Table(TableFormat::Parquet)),
        _ => None,
    };
    if let Some(format) = by_name {
        return Ok(format);
    }
    let mut first = vec![0; 4096];
    let mut opened = fs_err::File::open(file)?;
    let read = opened.read(&mut first)?;
    Ok(by_content(&first[..read]))
}

fn by_content(first: &[u8]) -> Format {
    if first.starts_with(b"PAR1") {
        return Format::Table(TableFormat::Parquet);
    }
    let line = first.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if line.trim_ascii_start().starts_with(b"{") {
        return Format::Table(TableFormat::Jsonl);
    }
    let lines: Vec<&[u8]> = first.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).take(5).collect();
    let tabs = |line: &[u8]| line.split(|&byte| byte == b'\t').count() - 1;
    if lines.len() > 1 && tabs(lines[0]) > 0 && lines.iter().all(|line| tabs(line) == tabs(lines[0])) {
        return Format::Table(TableFormat::Tsv);
    }
    Format::Text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_where_the_name_does_not() {
        assert_eq!(by_content(b"PAR1..."), Format::Table(TableFormat::Parquet));
        assert_eq!(by_content(b"{\"text\": \"a\"}\n"), Format::Table(TableFormat::Jsonl));
        assert_eq!(by_content(b"a\tb\nc\td\n"), Format::Table(TableFormat::Tsv));
        assert_eq!(by_content(b"It was a dark, and stormy, night.\nRain fell.\n"), Format::Text);
        assert_eq!(by_content(b""), Format::Text);
    }
}
