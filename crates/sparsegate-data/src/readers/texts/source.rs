//! The trait of the sources of labelled texts, with one implementation for each format.

use camino::{Utf8Path, Utf8PathBuf};

use super::folders::FoldersInTar;
use super::jsonl::JsonLines;
use super::parquet::Parquet;
use super::separated::Separated;
use crate::DataError;
use crate::manifest::{LabelledTexts, TableFormat, TextSource};

/// A text with its label, as stored in a file.
pub(super) struct Record {
    pub(super) place: Place,
    pub(super) text: String,
    /// Without leading and trailing white space.
    pub(super) label: String,
}

/// Position of a record in a file.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// A line, from 1.
    Line(usize),
    /// A row, from 1.
    Row(usize),
    /// A file in an archive.
    Member(String),
}

/// Receives each record with its part: 0 training, 1 validation, 2 test.
pub(super) type Take<'a> = dyn FnMut(usize, Record) -> Result<(), DataError> + 'a;

/// Files of labelled texts.
pub(super) trait Source {
    /// Passes every text to `take`, file by file, in the order of each file.
    fn read(&self, take: &mut Take<'_>) -> Result<(), DataError>;

    /// The file that a part is read from.
    fn file(&self, part: usize) -> &Utf8Path;

    /// The manifest key under `from` that says where the labels are.
    fn label_key(&self) -> &'static str;

    /// Error for a part without texts.
    fn without_texts(&self, part: usize) -> DataError {
        let problem = "there are no texts; is this the right file?".to_owned();
        DataError::Unusable { file: self.file(part).to_owned(), problem }
    }

    /// Error at a position of a part's file.
    fn wrong(&self, part: usize, place: &Place, problem: String) -> DataError {
        wrong(self.file(part), place, problem)
    }
}

/// Error at a position of a file.
pub(super) fn wrong(file: &Utf8Path, place: &Place, problem: String) -> DataError {
    let file = file.to_owned();
    match place {
        Place::Line(line) => DataError::Malformed { file, line: *line, problem },
        Place::Row(row) => DataError::BadRecord { file, place: format!("row {row}"), problem },
        Place::Member(member) => DataError::BadRecord { file, place: member.clone(), problem },
    }
}

/// The tables of the parts; `None` for a part that is held out.
pub(super) type Files = [Option<Utf8PathBuf>; 3];

/// The table of a part; for a held-out part, the training table.
pub(super) fn file_of(files: &Files, part: usize) -> &Utf8Path {
    files[part].as_deref().or(files[0].as_deref()).unwrap_or(Utf8Path::new(""))
}

/// The existing tables, with their parts.
pub(super) fn tables(files: &Files) -> impl Iterator<Item = (usize, &Utf8Path)> {
    files.iter().enumerate().filter_map(|(part, file)| Some((part, file.as_deref()?)))
}

/// The source of a manifest's reader. `file` returns the path of a role's file, if the manifest has it.
pub(super) fn open(
    rules: &LabelledTexts,
    lose_first_row: bool,
    file: &dyn Fn(&str) -> Option<Utf8PathBuf>,
) -> Box<dyn Source> {
    let files = || ["train", "valid", "test"].map(file);
    match &rules.from {
        TextSource::Folders(folders) => {
            let named = rules.classes.as_ref().map(|labels| labels.iter().map(|label| label.0.clone()).collect());
            Box::new(FoldersInTar::new(file("archive").unwrap_or_default(), folders, named))
        }
        TextSource::Table(table) => match table.format {
            TableFormat::Csv | TableFormat::Tsv => Box::new(Separated::new(files(), table.clone(), lose_first_row)),
            TableFormat::Jsonl => Box::new(JsonLines::new(files(), table.clone(), rules.skip_unlabelled)),
            TableFormat::Parquet => Box::new(Parquet::new(files(), table.clone())),
        },
    }
}
