//! Rows of tables in Apache Parquet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use parquet::basic::Repetition;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::{Type, TypePtr};

use crate::DataError;

/// A table in Parquet.
pub(crate) struct ParquetTable {
    file: Utf8PathBuf,
    reader: Box<dyn FileReader>,
    columns: Vec<TypePtr>,
}

impl ParquetTable {
    /// Opens the table.
    ///
    /// # Errors
    /// A file that cannot be read or is not in the format.
    pub(crate) fn open(file: &Utf8Path) -> Result<Self, DataError> {
        let opened = fs_err::File::open(file)?.into_file();
        let reader = guarded(file, None, || SerializedFileReader::new(opened))?;
        let reader: Box<dyn FileReader> = Box::new(reader);
        let columns = reader.metadata().file_metadata().schema().get_fields().to_vec();
        Ok(Self { file: file.to_owned(), reader, columns })
    }

    /// Names of the columns.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name().to_owned()).collect()
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.reader.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// What a column holds in place of single values, such as a list; `None` for a column of single values.
    pub(crate) fn nested(&self, column: usize) -> Option<&'static str> {
        let column = self.columns.get(column)?;
        if column.is_group() {
            return Some("lists, maps or structs");
        }
        let info = column.get_basic_info();
        (info.has_repetition() && info.repetition() == Repetition::REPEATED).then_some("lists")
    }

    /// Passes the values of some columns to `take`, row by row with the row's number from 1, until it returns `false`.
    ///
    /// # Errors
    /// A damaged file, and the errors of `take`.
    pub(crate) fn each(
        &self,
        columns: &[usize],
        take: &mut dyn FnMut(usize, Vec<Option<String>>) -> Result<bool, DataError>,
    ) -> Result<(), DataError> {
        let names: Vec<&str> = columns.iter().filter_map(|&at| Some(self.columns.get(at)?.name())).collect();
        let names = names.join("`, `");
        // A column that is asked for twice stands once in the projection.
        let mut wanted: Vec<usize> = columns.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let place: Vec<usize> = columns.iter().filter_map(|at| wanted.binary_search(at).ok()).collect();
        let fields: Vec<TypePtr> = wanted.iter().filter_map(|&at| self.columns.get(at)).map(Arc::clone).collect();
        let root = self.reader.metadata().file_metadata().schema().name().to_owned();
        let mut rows = guarded(&self.file, Some(&names), || {
            self.reader.get_row_iter(Some(Type::group_type_builder(&root).with_fields(fields).build()?))
        })?;
        for number in 1.. {
            let row = guarded(&self.file, Some(&names), || rows.next().transpose()?.map(values).transpose())?;
            let Some(values) = row else { return Ok(()) };
            let values = place.iter().map(|&at| values.get(at).cloned().flatten()).collect();
            if !take(number, values)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// What is wrong with a column whose name `count` columns have. The library finds columns by name, and of equal names
/// it reads the last for all.
pub(crate) fn same_name(count: usize, name: &str) -> String {
    format!("{count} columns are called `{name}`, and Parquet columns are read by name; rename them")
}

/// Runs a step of the Parquet library and turns its errors, and its panics, into errors that name the file.
fn guarded<T>(
    file: &Utf8Path,
    columns: Option<&str>,
    step: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<T, DataError> {
    let place = columns.map_or_else(String::new, |columns| format!(" (reading the columns `{columns}`)"));
    let broken = |why: String| DataError::Unusable {
        file: file.to_owned(),
        problem: format!("this is not a valid Parquet file{place}: {why}; replace it with an intact copy"),
    };
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|error| broken(error.to_string())),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
            Err(broken(said.unwrap_or_else(|| "it cannot be decoded".to_owned())))
        }
    }
}

fn values(row: Row) -> Result<Vec<Option<String>>, ParquetError> {
    row.into_columns().into_iter().map(|(name, field)| value(&name, field)).collect()
}

/// A value as text; `None` for null.
fn value(name: &str, field: Field) -> Result<Option<String>, ParquetError> {
    Ok(Some(match field {
        Field::Null => return Ok(None),
        Field::Str(text) => text,
        // Old writers do not mark text as such.
        Field::Bytes(bytes) => String::from_utf8(bytes.data().to_vec())
            .map_err(|_| ParquetError::General(format!("the column `{name}` holds bytes, not text")))?,
        // The library writes negative numbers with an exponent.
        Field::Double(number) => format!("{number:?}"),
        Field::Float(number) => format!("{number:?}"),
        Field::Float16(number) => format!("{:?}", number.to_f32()),
        other => other.to_string(),
    }))
}
