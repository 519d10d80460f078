//! What independent writers write is read back equal, and what polars reads from CSV is what is read here.

use std::io::Cursor;

use camino::{Utf8Path, Utf8PathBuf};
use polars::prelude::{Column, CsvReadOptions, DataFrame, ParquetWriter, SerReader as _};
use proptest::prelude::*;

use super::*;
use crate::input::TextFormat;

/// Values with everything that tables escape.
fn value() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[ab ,;\"'\\\\\t\n\u{e9}\u{5473}\u{1f375}]{0,8}").expect("a pattern")
}

fn rows(columns: usize) -> impl Strategy<Value = Vec<Vec<String>>> {
    proptest::collection::vec(proptest::collection::vec(value(), columns), 1..12)
}

fn dialect(separator: u8) -> Dialect {
    Dialect { separator, quotes: true, escape: None, text: TextFormat::default() }
}

fn read(text: &[u8], separator: u8) -> Result<Vec<Vec<String>>, String> {
    let text = Cursor::new(text.to_vec());
    let mut reader =
        SeparatedRows::of(Utf8Path::new("t.csv"), Box::new(text), &dialect(separator)).map_err(|e| e.to_string())?;
    let mut rows = Vec::new();
    while let Some((_, row)) = reader.next_row().map_err(|error| error.to_string())? {
        rows.push(row.iter().map(|value| utf8(value).map(str::to_owned)).collect::<Result<_, _>>()?);
    }
    Ok(rows)
}

fn written(rows: &[Vec<String>], separator: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("written");
    }
    writer.into_inner().expect("bytes")
}

struct Here(tempfile::TempDir);

impl Here {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> Utf8PathBuf {
        Utf8Path::from_path(self.0.path()).expect("UTF-8").join("t")
    }
}

proptest! {
    #[test]
    fn csv_is_read_as_it_was_written(rows in rows(3), separator in prop::sample::select(vec![b',', b';', b'\t', b'|'])) {
        prop_assert_eq!(read(&written(&rows, separator), separator), Ok(rows));
    }

    #[test]
    fn polars_reads_the_same_from_csv(rows in rows(3)) {
        let text = written(&rows, b',');
        let options = CsvReadOptions::default().with_has_header(false).with_infer_schema_length(Some(0));
        if let Ok(frame) = options.into_reader_with_file_handle(Cursor::new(text.clone())).finish() {
            let columns: Vec<_> = frame.columns().iter().map(|column| column.str().expect("text")).collect();
            let theirs: Vec<Vec<String>> = (0..frame.height())
                .map(|row| columns.iter().map(|column| column.get(row).unwrap_or_default().to_owned()).collect())
                .collect();
            prop_assert_eq!(read(&text, b','), Ok(theirs));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ab,\"\\\\\n\r]{0,60}") {
        // Whatever is accepted has proper quotes, so writing it again changes nothing.
        if let Ok(rows) = read(text.as_bytes(), b',') && rows.iter().all(|row| row.len() == rows[0].len()) {
            prop_assert_eq!(read(&written(&rows, b','), b','), Ok(rows));
        }
    }

    #[test]
    fn json_lines_are_read_as_they_were_written(rows in rows(2)) {
        let here = Here::new();
        let line = |row: &Vec<String>| serde_json::json!({ "a": row[0], "b": row[1] }).to_string() + "\n";
        fs_err::write(here.path(), rows.iter().map(line).collect::<String>()).expect("written");
        let mut objects = Objects::open(&here.path(), &TextFormat::default()).expect("opened");
        for (index, row) in rows.iter().enumerate() {
            let (line, object) = objects.next_object().expect("valid").expect("an object");
            prop_assert_eq!(line, index + 1);
            prop_assert_eq!((object["a"].as_str(), object["b"].as_str()), (Some(row[0].as_str()), Some(row[1].as_str())));
        }
        prop_assert!(objects.next_object().expect("valid").is_none());
    }

    #[test]
    fn parquet_is_read_as_it_was_written(
        rows in rows(2),
        numbers in proptest::collection::vec(proptest::option::of(any::<i64>()), 12),
    ) {
        let here = Here::new();
        let text = |at: usize| rows.iter().map(|row| row[at].clone()).collect::<Vec<_>>();
        let numbers = &numbers[..rows.len()];
        let columns =
            vec![Column::new("a".into(), text(0)), Column::new("n".into(), numbers), Column::new("b".into(), text(1))];
        let mut frame = DataFrame::new(rows.len(), columns).expect("a table");
        ParquetWriter::new(fs_err::File::create(here.path()).expect("a file")).finish(&mut frame).expect("written");
        let table = ParquetTable::open(&here.path()).expect("opened");
        prop_assert_eq!(table.names(), ["a", "n", "b"]);
        let mut found = Vec::new();
        // In another order than in the file.
        table.each(&[2, 0, 1], &mut |row, values| {
            found.push((row, values));
            Ok(true)
        }).expect("read");
        let expected: Vec<(usize, Vec<Option<String>>)> = rows.iter().zip(numbers).enumerate().map(|(index, (row, number))| {
            (index + 1, vec![Some(row[1].clone()), Some(row[0].clone()), number.map(|number| number.to_string())])
        }).collect();
        prop_assert_eq!(found, expected);
    }
}
