//! Reads the first rows of a table, with the readers' own code.

use std::collections::{BTreeMap, HashMap};

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

/// Largest number of columns of a table.
const MOST_COLUMNS: usize = 10_000;
/// Largest number of values in a sample that has one for each column, whether or not the file has it: of a wide table
/// fewer rows are looked at.
const MOST_VALUES: usize = 2_000_000;

/// The first rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Column names from JSON lines or Parquet; `None` for CSV and TSV, where [`super::choose`] looks for a header.
    pub names: Option<Vec<String>>,
    /// Rows, each with as many values as there are columns.
    pub rows: Vec<Vec<String>>,
    /// For each column, whether its values can be text or label: single values, not lists or objects; in Parquet also of
    /// a name that no other column has.
    pub usable: Vec<bool>,
    /// For each column, whether its values stand inside another JSON object; such a column is a label only if no other
    /// could be, or if it has a usual name.
    pub inner: Vec<bool>,
    /// Whether columns have an order, by which they can be numbered; the names in a JSON object have none.
    pub ordered: bool,
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
    if sample.usable.len() > MOST_COLUMNS {
        return Err(too_wide(file, sample.usable.len()));
    }
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
    // Number of rows of each other width than the first row's.
    let mut others: BTreeMap<usize, usize> = BTreeMap::new();
    let mut first_line = 1;
    while rows.len() + others.values().sum::<usize>() < ROWS && reader.bytes() < BYTES {
        let Some((line, record)) = reader.next_row()? else { break };
        let row: Vec<String> = record.iter().map(|value| String::from_utf8_lossy(value).trim().to_owned()).collect();
        // Rows of another width are skipped; the reader reports them.
        if rows.first().is_none_or(|first| first.len() == row.len()) {
            if row.len() > MOST_COLUMNS {
                return Err(too_wide(file, row.len()));
            }
            if rows.is_empty() {
                first_line = line;
            }
            rows.push(row);
        } else {
            *others.entry(row.len()).or_default() += 1;
        }
    }
    let width = rows.first().map_or(0, Vec::len);
    if let Some((&usual, _)) = others.iter().max_by_key(|(_, count)| **count).filter(|(_, count)| **count > rows.len())
    {
        return Err(reader.malformed(first_line, unlike_the_others(width, usual)));
    }
    Ok(Sample { names: None, rows, usable: vec![true; width], inner: vec![false; width], ordered: true })
}

fn too_wide(file: &Utf8Path, columns: usize) -> DataError {
    let problem = format!(
        "it has {columns} columns, and a table may have {MOST_COLUMNS}; is the separator right? If it is, keep the columns \
         of the text and the label only"
    );
    DataError::Unusable { file: file.to_owned(), problem }
}

/// Message for a first row of `width` columns above rows of mostly `usual` columns.
fn unlike_the_others(width: usize, usual: usize) -> String {
    let cure = if width == 1 {
        "remove titles and notes above the row that names the columns"
    } else if width < usual {
        "write an empty name for a column without one (such as R's row names), remove separators at the ends of lines, and \
         put texts that hold a separator into double quotes, without a blank before them"
    } else {
        "is a separator at its end too many, or another separator meant? See --separator"
    };
    format!("the first row has {width} columns and most others {usual}; {cure}")
}

fn objects(file: &Utf8Path, look: &Look) -> Result<Sample, DataError> {
    let mut reader = Objects::open(file, &look.text_format())?;
    let mut objects = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut usable: Vec<bool> = Vec::new();
    let mut inner: Vec<bool> = Vec::new();
    while objects.len() < ROWS && reader.bytes() < BYTES && names.len() <= MOST_COLUMNS {
        let Some((_, object)) = reader.next_object()? else { break };
        if object.len() > MOST_COLUMNS {
            return Err(too_wide(file, object.len()));
        }
        let known = names.len();
        let mut values = BTreeMap::new();
        flatten("", &object, &mut |name, outer, value| {
            if names.len() > MOST_COLUMNS {
                return;
            }
            let at = places.get(&name).copied().unwrap_or_else(|| {
                places.insert(name.clone(), names.len());
                names.push(name);
                usable.push(true);
                inner.push(!outer);
                names.len() - 1
            });
            usable[at] &= !matches!(value, Value::Object(_) | Value::Array(_));
            let text = match value {
                Value::String(text) => text.trim().to_owned(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            values.insert(at, text);
        });
        if names.len() <= MOST_COLUMNS && names.len() * (objects.len() + 1) > MOST_VALUES {
            // Where keys change from object to object, the first ones are enough. This one stays out, with its keys.
            names.truncate(known);
            usable.truncate(known);
            inner.truncate(known);
            break;
        }
        objects.push((object, values));
    }
    if let [(only, _)] = objects.as_slice() {
        let nested = |value: &&Value| matches!(value, Value::Object(_) | Value::Array(_));
        if let Some((key, value)) = only.iter().find(|(_, value)| nested(value)) {
            let cure = if value.is_array() {
                format!("write one object a line, as `jq -c '.{key}[]'` does")
            } else {
                "write one object a line, as `to_json(orient=\"records\", lines=True)` of pandas does".to_owned()
            };
            let problem = format!("the file is one JSON object, and its `{key}` holds many values; {cure}");
            return Err(DataError::Unusable { file: file.to_owned(), problem });
        }
    }
    if names.len() > MOST_COLUMNS {
        return Err(too_wide(file, names.len()));
    }
    let row = |values: &BTreeMap<usize, String>| {
        (0..names.len()).map(|at| values.get(&at).cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    let rows = objects.iter().map(|(_, values)| row(values)).collect();
    Ok(Sample { names: Some(names), rows, usable, inner, ordered: false })
}

/// Passes each value to `take`, with its name and whether it stands in the outer object. Values of an object inside
/// are named as in `data.text`.
fn flatten<'a>(
    prefix: &str,
    object: &'a serde_json::Map<String, Value>,
    take: &mut dyn FnMut(String, bool, &'a Value),
) {
    for (key, value) in object {
        let name = format!("{prefix}{key}");
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(&format!("{name}."), inner, take),
            value => take(name, prefix.is_empty(), value),
        }
    }
}

fn parquet(file: &Utf8Path) -> Result<Sample, DataError> {
    let table = ParquetTable::open(file)?;
    let names = table.names();
    if names.len() > MOST_COLUMNS {
        return Err(too_wide(file, names.len()));
    }
    // The library reads columns by name.
    let mut usable = alone(&names);
    for (column, usable) in usable.iter_mut().enumerate() {
        *usable &= table.nested(column).is_none();
    }
    let most = most_rows(names.len());
    let mut rows: Vec<Vec<String>> = vec![vec![String::new(); names.len()]; table.rows().min(most)];
    // Column by column, so that one that cannot be decoded does not hide the others.
    for column in 0..names.len() {
        if !usable[column] {
            continue;
        }
        let read = table.each(&[column], &mut |row, mut values| {
            if let Some(row) = rows.get_mut(row - 1) {
                values.pop().flatten().unwrap_or_default().trim().clone_into(&mut row[column]);
            }
            Ok(row < most)
        });
        usable[column] = read.is_ok();
    }
    let inner = vec![false; names.len()];
    Ok(Sample { names: Some(names), rows, usable, inner, ordered: true })
}

/// Largest number of rows of a sample that has this many columns.
pub(super) fn most_rows(columns: usize) -> usize {
    ROWS.min(MOST_VALUES / columns.max(1))
}

/// For each name, whether no other is the same.
fn alone(names: &[String]) -> Vec<bool> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in names {
        *counts.entry(name.as_str()).or_default() += 1;
    }
    names.iter().map(|name| counts.get(name.as_str()) == Some(&1)).collect()
}
