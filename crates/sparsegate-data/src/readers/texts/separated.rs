//! Reads labelled texts from comma- or tab-separated tables.

use camino::Utf8Path;
use csv::{ByteRecord, ReaderBuilder};

use super::source::{Files, Place, Record, Source, Take, file_of, tables, wrong};
use crate::DataError;
use crate::manifest::{Column, Table, TableFormat};
use crate::readers::limits::{Bounded, NOT_UTF8, too_long};

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
        let tabs = self.table.format == TableFormat::Tsv;
        let (bounded, allowance) = Bounded::new(fs_err::File::open(file)?);
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(if tabs { b'\t' } else { b',' })
            .quoting(!tabs)
            .from_reader(bounded);
        let mut row = ByteRecord::new();
        let mut columns: Option<Columns> = None;
        loop {
            allowance.renew();
            let line = reader.position().line() as usize;
            let malformed = |problem: String| wrong(file, &Place::Line(line), problem);
            let more = reader.read_byte_record(&mut row).map_err(|error| {
                let unclosed = if tabs { "" } else { " Is a quote not closed?" };
                let spent = allowance.is_spent();
                malformed(if spent { too_long("the row") + unclosed } else { error.to_string() })
            })?;
            if !more {
                return Ok(());
            }
            // The reader skips blank lines, so the row may begin after the position from before it was read.
            let line = row.position().map_or(line, |position| position.line() as usize);
            let malformed = |problem: String| wrong(file, &Place::Line(line), problem);
            let field = |column: usize| str::from_utf8(&row[column]).map_err(|_| malformed(NOT_UTF8.into()));
            let known = if let Some(known) = &columns {
                known
            } else {
                let names = self.table.header.then(|| header(&row)).transpose();
                let names = names.map_err(|_| malformed(NOT_UTF8.into()))?;
                let found = Columns::find(&self.table, row.len(), names.as_deref()).map_err(malformed)?;
                let known = columns.insert(found);
                if self.table.header || self.lose_first_row {
                    continue;
                }
                known
            };
            if row.len() != known.count {
                let cause = if tabs { "is there a tab in a text?" } else { "is a comma or a quote not in quotes?" };
                let problem = format!("the row has {} columns and the first row {}; {cause}", row.len(), known.count);
                return Err(malformed(problem));
            }
            take(part, known.record(&field, line)?)?;
        }
    }
}

fn header(row: &ByteRecord) -> Result<Vec<String>, std::str::Utf8Error> {
    row.iter().map(|name| str::from_utf8(name).map(|name| name.trim().to_owned())).collect()
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
                Column::Name(name) => names.unwrap_or_default().iter().position(|known| known == name),
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

    fn record<'a>(
        &self,
        field: &dyn Fn(usize) -> Result<&'a str, DataError>,
        line: usize,
    ) -> Result<Record, DataError> {
        let texts = self.text.iter().map(|&column| field(column)).collect::<Result<Vec<_>, _>>()?;
        Ok(Record { place: Place::Line(line), text: texts.join(" "), label: field(self.label)?.trim().to_owned() })
    }
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
