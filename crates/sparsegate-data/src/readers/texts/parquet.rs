//! Reads labelled texts from Apache Parquet.

use camino::Utf8Path;
use polars::prelude::{DataFrame, DataType, ParquetReader, PolarsError, SerReader};

use super::source::{Files, Place, Record, Source, Take, file_of, tables, wrong};
use crate::DataError;
use crate::manifest::{Column, Table};

/// Tables of the format `parquet`.
pub(super) struct Parquet {
    files: Files,
    table: Table,
}

/// Number of rows in memory at a time.
const ROWS: usize = 1 << 14;

impl Parquet {
    pub(super) fn new(files: Files, table: Table) -> Self {
        Self { files, table }
    }

    fn read_table(&self, part: usize, file: &Utf8Path, take: &mut Take<'_>) -> Result<(), DataError> {
        let unusable = |problem: String| DataError::Unusable { file: file.to_owned(), problem };
        let broken = |error: PolarsError| {
            unusable(format!("this is not a valid Parquet file: {error}; replace it with an intact copy"))
        };
        let mut reader = ParquetReader::new(fs_err::File::open(file)?.into_file());
        let names: Vec<String> = reader.schema().map_err(broken)?.iter_names().map(ToString::to_string).collect();
        let rows = reader.num_rows().map_err(broken)?;
        let find = |column: &Column, key: &str| find(&names, column, key).map_err(unusable);
        let text = self.table.text.0.iter().map(|column| find(column, "text")).collect::<Result<Vec<_>, _>>()?;
        let label = find(&self.table.label, "label")?;
        let mut columns = text.clone();
        columns.push(label.clone());
        for first in (0..rows).step_by(ROWS) {
            let frame = ParquetReader::new(fs_err::File::open(file)?.into_file())
                .with_columns(Some(columns.clone()))
                .with_slice(Some((first, ROWS)))
                .finish()
                .map_err(broken)?;
            let texts =
                text.iter().map(|name| strings(&frame, name).map_err(unusable)).collect::<Result<Vec<_>, _>>()?;
            let labels = strings(&frame, &label).map_err(unusable)?;
            for row in 0..frame.height() {
                let place = Place::Row(first + row + 1);
                let value = |values: &[Option<String>], name: &str| {
                    let none = || wrong(file, &place, format!("`{name}` is null; remove the row"));
                    values.get(row).cloned().flatten().ok_or_else(none)
                };
                let parts = texts.iter().zip(&text).map(|(values, name)| value(values, name));
                let joined = parts.collect::<Result<Vec<_>, _>>()?.join(" ");
                let label = value(&labels, &label)?.trim().to_owned();
                take(part, Record { place, text: joined, label })?;
            }
        }
        Ok(())
    }
}

fn find(names: &[String], column: &Column, key: &str) -> Result<String, String> {
    let found = match column {
        Column::Number(number) => names.get(number.wrapping_sub(1)),
        Column::Name(name) => names.iter().find(|known| *known == name),
    };
    found.cloned().ok_or_else(|| {
        format!(
            "there is no column {column}: the columns are {}; correct reader.labelled-texts.from.table.{key} in the manifest",
            names.join(", ")
        )
    })
}

/// A column's values as text.
fn strings(frame: &DataFrame, name: &str) -> Result<Vec<Option<String>>, String> {
    let column = frame.column(name).map_err(|error| error.to_string())?;
    if column.dtype().is_nested() {
        return Err(format!("the column `{name}` holds {}, not text; name another column", column.dtype()));
    }
    let text = column.cast(&DataType::String).map_err(|error| error.to_string())?;
    let text = text.str().map_err(|error| error.to_string())?;
    Ok(text.iter().map(|value| value.map(str::to_owned)).collect())
}

impl Source for Parquet {
    fn read(&self, take: &mut Take<'_>) -> Result<(), DataError> {
        tables(&self.files).try_for_each(|(part, file)| self.read_table(part, file, take))
    }

    fn file(&self, part: usize) -> &Utf8Path {
        file_of(&self.files, part)
    }

    fn label_key(&self) -> &'static str {
        "table.label"
    }
}
