//! Reads the first rows of a table, with the readers' own code.

use camino::Utf8Path;
use serde_json::Value;

use super::super::DataError;
use super::super::manifest::{Separator, TableFormat};
use super::Look;
use crate::readers::table::{Dialect, Objects, ParquetTable, SeparatedRows};

/// Maximum number of rows in a sample.
const ROWS: usize = 5_000;
/// Bytes of text after which no more rows are read: 16 MiB.
const BYTES: u64 = 16 << 20;

/// The first rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Column names from JSON lines or Parquet; `None` for CSV and TSV, where [`super::choose`] looks for a header.
    pub names: Option<Vec<String>>,
    /// Rows, each with as many values as there are columns.
    pub rows: Vec<Vec<String>>,
    /// For each column, whether its values can be text or label: single values, not lists or objects.
    pub usable: Vec<bool>,
}

/// Reads the first rows of a table.
///
/// Bytes of CSV and TSV that are not UTF-8 are replaced; the reader that later reads the whole file reports them.
///
/// # Errors
/// A file that cannot be read or is not of that format, or has no rows.
pub fn sample(file: &Utf8Path, format: TableFormat, look: &Look) -> Result<Sample, DataError> {
    let sample = match format {
        TableFormat::Csv | TableFormat::Tsv => separated(file, format, look),
        TableFormat::Jsonl => objects(file, look),
        TableFormat::Parquet => parquet(file),
    }?;
    if sample.rows.is_empty() {
        let problem = "there are no rows; is this the right file?".to_owned();
        return Err(DataError::Unusable { file: file.to_owned(), problem });
    }
    Ok(sample)
}

fn separated(file: &Utf8Path, format: TableFormat, look: &Look) -> Result<Sample, DataError> {
    let tabs = format == TableFormat::Tsv;
    let dialect = Dialect {
        separator: look.separator.map_or(if tabs { b'\t' } else { b',' }, Separator::byte),
        quotes: look.quotes.unwrap_or(!tabs),
        escape: look.escape,
        text: look.text_format(),
    };
    let mut reader = SeparatedRows::open(file, &dialect)?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    while rows.len() < ROWS && reader.bytes() < BYTES {
        let Some((_, record)) = reader.next_row()? else { break };
        let row: Vec<String> = record.iter().map(|value| String::from_utf8_lossy(value).trim().to_owned()).collect();
        // Rows of another width are skipped; the reader reports them.
        if rows.first().is_none_or(|first| first.len() == row.len()) {
            rows.push(row);
        }
    }
    let usable = vec![true; rows.first().map_or(0, Vec::len)];
    Ok(Sample { names: None, rows, usable })
}

fn objects(file: &Utf8Path, look: &Look) -> Result<Sample, DataError> {
    let mut reader = Objects::open(file, &look.text_format())?;
    let mut objects = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut usable: Vec<bool> = Vec::new();
    while objects.len() < ROWS && reader.bytes() < BYTES {
        let Some((_, object)) = reader.next_object()? else { break };
        for (name, value) in &object {
            let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name.clone());
                usable.push(true);
                names.len() - 1
            });
            usable[at] &= !matches!(value, Value::Object(_) | Value::Array(_));
        }
        objects.push(object);
    }
    let value = |object: &serde_json::Map<String, Value>, name: &String| match object.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let rows = objects.iter().map(|object| names.iter().map(|name| value(object, name)).collect()).collect();
    Ok(Sample { names: Some(names), rows, usable })
}

fn parquet(file: &Utf8Path) -> Result<Sample, DataError> {
    let table = ParquetTable::open(file)?;
    let names = table.names();
    let mut usable: Vec<bool> = (0..names.len()).map(|column| table.nested(column).is_none()).collect();
    let mut rows: Vec<Vec<String>> = vec![vec![String::new(); names.len()]; table.rows().min(ROWS)];
    // Column by column, so that one that cannot be decoded does not hide the others.
    for column in 0..names.len() {
        if !usable[column] {
            continue;
        }
        let read = table.each(&[column], &mut |row, mut values| {
            if let Some(row) = rows.get_mut(row - 1) {
                values.pop().flatten().unwrap_or_default().trim().clone_into(&mut row[column]);
            }
            Ok(row < ROWS)
        });
        usable[column] = read.is_ok();
    }
    Ok(Sample { names: Some(names), rows, usable })
}
