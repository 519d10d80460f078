//! Reads labelled texts from Apache Parquet.

use camino::Utf8Path;

use super::separated::only;
use super::source::{Files, Place, Record, Source, Take, file_of, tables};
use crate::DataError;
use crate::manifest::{Column, Table};
use crate::readers::table::ParquetTable;

/// Tables of the format `parquet`.
pub(super) struct Parquet {
    files: Files,
    table: Table,
}

impl Parquet {
    pub(super) fn new(files: Files, table: Table) -> Self {
        Self { files, table }
    }

    fn read_table(&self, part: usize, file: &Utf8Path, take: &mut Take<'_>) -> Result<(), DataError> {
        let unusable = |problem: String| DataError::Unusable { file: file.to_owned(), problem };
        let table = ParquetTable::open(file)?;
        let names = table.names();
        let find = |column: &Column, key: &str| {
            let at = find(&names, column, key).map_err(unusable)?;
            match table.nested(at) {
                Some(what) => {
                    let why =
                        format!("the column `{}` holds {what}, not single values; name another column", names[at]);
                    Err(unusable(why))
                }
                None => Ok(at),
            }
        };
        let mut columns =
            self.table.text.0.iter().map(|column| find(column, "text")).collect::<Result<Vec<_>, DataError>>()?;
        columns.push(find(&self.table.label, "label")?);
        table.each(&columns, &mut |row, values| {
            let place = Place::Row(row);
            // A null is an empty text or label, as in a table with commas.
            let mut values: Vec<String> = values.into_iter().map(Option::unwrap_or_default).collect();
            let label = values.pop().unwrap_or_default().trim().to_owned();
            take(part, Record { place, text: values.join(" "), label })?;
            Ok(true)
        })
    }
}

fn find(names: &[String], column: &Column, key: &str) -> Result<usize, String> {
    let found = match column {
        Column::Number(number) => Some(number.wrapping_sub(1)).filter(|&at| at < names.len()),
        Column::Name(name) => only(names, name)?,
    };
    found.ok_or_else(|| {
        format!(
            "there is no column {column}: the columns are {}; correct reader.labelled-texts.from.table.{key} in the manifest",
            names.join(", ")
        )
    })
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
