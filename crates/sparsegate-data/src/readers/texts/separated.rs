//! Reads labelled texts from comma- or tab-separated tables.

use camino::Utf8Path;
use csv::ByteRecord;

use super::source::{Files, Place, Record, Source, Take, file_of, tables, wrong};
use crate::DataError;
use crate::manifest::{Column, Table};
use crate::readers::table::{Dialect, SeparatedRows, utf8};

/// Tables of the formats `csv` and `tsv`.
pub(super) struct Separated {
    files: Files,
    table: Table,
    lose_first_row: bool,
}

impl Separated {
    pub(super) fn new(files: Files, table: Table, lose_first_row: bool) -> Self {
        Self { files, table, lose_first_row }
    }

    fn read_table(&self, part: usize, file: &Utf8Path, take: &mut Take<'_>) -> Result<(), DataError> {
        let mut rows = SeparatedRows::open(file, &Dialect::of(&self.table))?;
        let mut columns: Option<Columns> = None;
        while let Some((line, row)) = rows.next_row()? {
            let malformed = |problem: String| wrong(file, &Place::Line(line), problem);
            let known = if let Some(known) = &columns {
                known
            } else {
                let names = self.table.header.then(|| header(row)).transpose().map_err(malformed)?;
                let found = Columns::find(&self.table, row.len(), names.as_deref()).map_err(malformed)?;
                let known = columns.insert(found);
                if self.table.header || self.lose_first_row {
                    continue;
                }
                known
            };
            let width = row.len();
            if width != known.count {
                return Err(rows.wrong_width(line, width, known.count));
            }
            let record = known.record(row, line).map_err(malformed)?;
            take(part, record)?;
        }
        Ok(())
    }
}

fn header(row: &ByteRecord) -> Result<Vec<String>, String> {
    row.iter().map(|name| Ok(utf8(name)?.trim().to_owned())).collect()
}

/// Indices of the columns of the text and the label, from 0.
struct Columns {
    text: Vec<usize>,
    label: usize,
    /// Number of columns of the table.
    count: usize,
}

impl Columns {
    fn find(table: &Table, count: usize, names: Option<&[String]>) -> Result<Self, String> {
        let find = |column: &Column, key: &str| {
            let found = match column {
                Column::Number(number) => Some(number.wrapping_sub(1)).filter(|&at| at < count),
                Column::Name(name) => only(names.unwrap_or_default(), name)?,
            };
            let there = names
                .map_or_else(|| format!("it has {count}"), |names| format!("the columns are {}", names.join(", ")));
            found.ok_or_else(|| {
                format!("there is no column {column}: {there}; correct reader.labelled-texts.from.table.{key} in the manifest")
            })
        };
        let text = table.text.0.iter().map(|column| find(column, "text")).collect::<Result<_, _>>()?;
        Ok(Self { text, label: find(&table.label, "label")?, count })
    }

    fn record(&self, row: &ByteRecord, line: usize) -> Result<Record, String> {
        let texts = self.text.iter().map(|&column| utf8(&row[column])).collect::<Result<Vec<_>, _>>()?;
        Ok(Record { place: Place::Line(line), text: texts.join(" "), label: utf8(&row[self.label])?.trim().to_owned() })
    }
}

/// Place of the only column with this name; `None` if there is none.
///
/// # Errors
/// A name that several columns have.
fn only(names: &[String], name: &str) -> Result<Option<usize>, String> {
    let places: Vec<usize> = (0..names.len()).filter(|&at| names[at] == name).collect();
    if places.len() > 1 {
        let numbers: Vec<String> = places.iter().map(|at| (at + 1).to_string()).collect();
        return Err(format!(
            "several columns are called `{name}` (numbers {}); write the number of the one that is meant",
            numbers.join(", ")
        ));
    }
    Ok(places.first().copied())
}

impl Source for Separated {
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
