//! Reads labelled texts from Apache Parquet.

use camino::Utf8Path;

use super::source::{Files, Place, Record, Source, Take, file_of, tables};
use crate::DataError;
use crate::manifest::{Column, Table};
use crate::readers::table::{ParquetTable, same_name};

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
        Column::Name(name) => names.iter().position(|known| known == name),
    };
    let at = found.ok_or_else(|| {
        format!(
            "there is no column {column}: the columns are {}; correct reader.labelled-texts.from.table.{key} in the manifest",
            names.join(", ")
        )
    })?;
    match names.iter().filter(|name| **name == names[at]).count() {
        1 => Ok(at),
        count => Err(same_name(count, &names[at])),
    }
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

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;
    use polars::prelude::{Column as Values, DataFrame, ParquetWriter};

    use super::*;
    use crate::manifest::TableFormat;
    use crate::sniff::{Hints, Wanted, choose, look, sample};

    /// A table with two columns `text`. Polars refuses to write such a table, so a name is changed afterwards.
    fn twins() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = Utf8Path::from_path(folder.path()).unwrap().join("t.parquet");
        let column = |name: &str, values: [&str; 4]| Values::new(name.into(), values);
        let columns = vec![
            column("text", ["good tea", "bad tea", "good cake", "bad cake"]),
            column("label", ["pos", "neg", "pos", "neg"]),
            column("TEXT", ["another one", "another two", "another three", "another four"]),
            column("note", ["a long note", "a note", "a note", "a note"]),
        ];
        let mut frame = DataFrame::new(4, columns).unwrap();
        ParquetWriter::new(fs_err::File::create(&file).unwrap()).finish(&mut frame).unwrap();
        let mut bytes = fs_err::read(&file).unwrap();
        while let Some(at) = memchr::memmem::find(&bytes, b"TEXT") {
            bytes[at..at + 4].copy_from_slice(b"text");
        }
        fs_err::write(&file, bytes).unwrap();
        (folder, file)
    }

    const PROBLEM: &str = "2 columns are called `text`, and Parquet columns are read by name; rename them";

    #[test]
    fn columns_of_one_name_are_refused_by_name_and_by_number() {
        let (_folder, file) = twins();
        let read = |text: &str| {
            let rules = format!("{{ format: parquet, text: {text}, label: label }}");
            let table: Table = sparsegate_spec::yaml::parse("t.yaml".into(), &rules).unwrap();
            let mut texts = Vec::new();
            let source = Parquet::new([Some(file.clone()), None, None], table);
            let read = source.read(&mut |_, record| {
                texts.push(record.text);
                Ok(())
            });
            read.map(|()| texts).map_err(|error| error.to_string())
        };
        for text in ["text", "1", "3", "[note, 1]"] {
            let why = read(text).unwrap_err();
            assert!(why.contains("t.parquet: ") && why.contains(PROBLEM), "{text}: {why}");
        }
        assert_eq!(read("note").unwrap(), ["a long note", "a note", "a note", "a note"]);
        assert!(read("9").unwrap_err().contains("there is no column 9: the columns are text, label, text, note"));
    }

    #[test]
    fn columns_of_one_name_are_not_chosen() {
        let (_folder, file) = twins();
        let sample = sample(&file, TableFormat::Parquet, &look(&file, &Hints::default()).unwrap()).unwrap();
        assert_eq!(sample.usable, [false, true, false, true]);
        assert_eq!(choose(&file, &sample, Wanted::default()).unwrap().text, Column::Name("note".into()));
        for text in ["text", "1", "3"] {
            let why = choose(&file, &sample, Wanted { text: Some(text), ..Wanted::default() }).unwrap_err();
            assert!(why.to_string().contains(PROBLEM), "{text}: {why}");
        }
        let others = crate::sniff::Sample { usable: vec![false, true, false, false], ..sample };
        let why = choose(&file, &others, Wanted::default()).unwrap_err().to_string();
        assert!(why.contains(PROBLEM), "{why}");
    }
}
