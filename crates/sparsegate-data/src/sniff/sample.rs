//! Reads the first rows of a table.

use std::io::{BufRead, BufReader, Read};

use camino::Utf8Path;
use csv::ReaderBuilder;
use polars::prelude::{DataType, ParquetReader, PolarsError, SerReader};

use super::super::DataError;
use super::super::manifest::TableFormat;

/// Maximum number of rows in a sample.
const ROWS: usize = 5_000;
/// Maximum number of bytes read from CSV, TSV and JSON lines: 16 MiB.
const BYTES: u64 = 16 << 20;

/// The first rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Column names from JSON lines or Parquet; `None` for CSV and TSV, where [`super::choose`] looks for a header.
    pub names: Option<Vec<String>>,
    /// Rows, each with as many values as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// Reads the first rows of a table.
///
/// Bytes of CSV and TSV that are not UTF-8 are replaced; the reader that later reads the whole file reports them.
///
/// # Errors
/// A file that cannot be read or is not of that format, or has no rows.
pub fn sample(file: &Utf8Path, format: TableFormat) -> Result<Sample, DataError> {
    let sample = match format {
        TableFormat::Csv => separated(file, b','),
        TableFormat::Tsv => separated(file, b'\t'),
        TableFormat::Jsonl => objects(file),
        TableFormat::Parquet => parquet(file),
    }?;
    if sample.rows.is_empty() {
        return Err(unusable(file, "there are no rows; is this the right file?"));
    }
    Ok(sample)
}

fn unusable(file: &Utf8Path, problem: impl Into<String>) -> DataError {
    DataError::Unusable { file: file.to_owned(), problem: problem.into() }
}

fn separated(file: &Utf8Path, delimiter: u8) -> Result<Sample, DataError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quoting(delimiter == b',')
        .from_reader(fs_err::File::open(file)?.take(BYTES));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for record in reader.byte_records().take(ROWS) {
        let record = record.map_err(|error| unusable(file, format!("this is not a valid table: {error}")))?;
        let row: Vec<String> = record.iter().map(|value| String::from_utf8_lossy(value).trim().to_owned()).collect();
        // The last row may be cut at the byte limit. Rows of another width are skipped; the reader reports them.
        if rows.first().is_none_or(|first| first.len() == row.len()) {
            rows.push(row);
        }
    }
    Ok(Sample { names: None, rows })
}

fn objects(file: &Utf8Path) -> Result<Sample, DataError> {
    let reader = BufReader::new(fs_err::File::open(file)?.take(BYTES));
    let mut names: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for (index, line) in reader.split(b'\n').take(ROWS).enumerate() {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let object = match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&line) {
            Ok(object) => object,
            // The last line may be cut at the byte limit; the reader reports other invalid lines.
            Err(_) if index > 0 => continue,
            Err(error) => {
                let problem = format!("the first line is not a JSON object: {error}");
                return Err(DataError::Malformed { file: file.to_owned(), line: 1, problem });
            }
        };
        if names.is_empty() {
            names = object.keys().cloned().collect();
        }
        let value = |name: &String| match object.get(name) {
            Some(serde_json::Value::String(text)) => text.trim().to_owned(),
            Some(serde_json::Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        rows.push(names.iter().map(value).collect());
    }
    Ok(Sample { names: Some(names), rows })
}

fn parquet(file: &Utf8Path) -> Result<Sample, DataError> {
    let broken = |error: PolarsError| {
        unusable(file, format!("this is not a valid Parquet file: {error}; replace it with an intact copy"))
    };
    let frame = ParquetReader::new(fs_err::File::open(file)?.into_file())
        .with_slice(Some((0, ROWS)))
        .finish()
        .map_err(broken)?;
    let names: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
    let mut rows = vec![Vec::with_capacity(names.len()); frame.height()];
    for column in frame.columns() {
        // Lists and structs cannot be text or label, so their values are left empty.
        let text = column.cast(&DataType::String).ok().filter(|_| !column.dtype().is_nested());
        let values = text.as_ref().and_then(|text| text.str().ok());
        for (index, row) in rows.iter_mut().enumerate() {
            row.push(values.and_then(|values| values.get(index)).unwrap_or_default().trim().to_owned());
        }
    }
    Ok(Sample { names: Some(names), rows })
}
