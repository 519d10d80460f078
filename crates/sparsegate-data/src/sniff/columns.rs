//! Guesses which columns of a table hold the text and the label.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::super::DataError;
use super::super::manifest::Column;
use super::Sample;
use super::header::is_header;
use crate::readers::table::same_name;
use crate::readers::{common_label, is_missing_label};

/// Maximum number of distinct values of a column that is guessed to be the label.
const CLASSES: usize = 100;
/// Usual names of label columns.
const LABELS: [&str; 9] = ["label", "class", "category", "target", "sentiment", "topic", "rating", "stars", "y"];

/// What the user says about the columns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The text's column, by name or by number from 1.
    pub text: Option<&'a str>,
    /// The label's column, by name or by number from 1.
    pub label: Option<&'a str>,
    /// Whether the first row names the columns.
    pub header: Option<bool>,
}

/// The chosen columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Whether the first row names the columns.
    pub header: bool,
    /// All columns, as a manifest refers to them: by name, or by number where a name is missing or repeats.
    pub columns: Vec<Column>,
    /// The text.
    pub text: Column,
    /// The label.
    pub label: Column,
    /// The label's values in the sampled rows, with their counts; equal labels under their first spelling.
    pub classes: BTreeMap<String, usize>,
    /// The label of the first row if no other sampled row has it, so that the row may be a header after all.
    pub lonely: Option<String>,
    /// The texts of the first rows.
    pub texts: Vec<String>,
}

/// Chooses the text column (the longest values on average) and the label column (a usual name, then the fewest distinct
/// values), unless the user names them.
///
/// # Errors
/// A column that does not exist, a name that several columns have, or no column that could be a label; the message
/// lists the columns.
pub fn choose(file: &Utf8Path, sample: &Sample, wanted: Wanted<'_>) -> Result<Choice, DataError> {
    let problem = |problem: String| DataError::Unusable { file: file.to_owned(), problem };
    let asks = |only: &[String]| {
        let is_name = |wanted: Option<&str>| wanted.is_some_and(|wanted| only.iter().any(|name| name == wanted));
        is_name(wanted.text) && is_name(wanted.label)
    };
    if let (None, [only], None) = (&sample.names, sample.rows.as_slice(), wanted.header)
        && !asks(only)
    {
        let mut row: String = only.join(", ").chars().take(60).collect();
        if row.len() < only.join(", ").len() {
            row += "...";
        }
        return Err(problem(format!("there is only one row, `{row}`; a table needs texts of two classes at least")));
    }
    let table = Table::new(sample, wanted);
    let asked = |wanted: Option<&str>| wanted.map(|wanted| table.asked(wanted)).transpose().map_err(problem);
    let label = asked(wanted.label)?;
    let text = match asked(wanted.text)? {
        Some(text) => text,
        // Classes may have longer names than the texts.
        None => table.longest(label.or_else(|| table.usual_label())).map_err(problem)?,
    };
    let label = match label {
        Some(label) => label,
        None => table.label(text).map_err(problem)?,
    };
    if label == text {
        return Err(problem(format!(
            "text and label are both the column {}; name two different columns",
            table.columns[text]
        )));
    }
    let classes = table.distinct(label);
    let first = table.rows.first().map(|row| row[label].clone()).filter(|_| sample.names.is_none() && !table.header);
    Ok(Choice {
        header: table.header,
        text: table.columns[text].clone(),
        label: table.columns[label].clone(),
        lonely: first.filter(|label| classes.len() > 1 && classes.get(label) == Some(&1)),
        texts: table.rows.iter().map(|row| row[text].clone()).collect(),
        classes,
        columns: table.columns,
    })
}

/// The sampled rows below the header.
struct Table<'a> {
    header: bool,
    names: Option<&'a [String]>,
    rows: &'a [Vec<String>],
    columns: Vec<Column>,
    usable: &'a [bool],
    inner: &'a [bool],
    ordered: bool,
}

impl<'a> Table<'a> {
    fn new(sample: &'a Sample, wanted: Wanted<'_>) -> Self {
        let named = |wanted: Option<&str>| {
            let first = sample.rows.first();
            // A number may be the name of a column, but more often it is its number.
            wanted
                .filter(|wanted| wanted.parse::<usize>().is_err())
                .is_some_and(|wanted| first.is_some_and(|first| first.iter().any(|name| name == wanted)))
        };
        let header = sample.names.is_none()
            && wanted.header.unwrap_or_else(|| named(wanted.text) || named(wanted.label) || is_header(&sample.rows));
        let rows = if header { &sample.rows[1..] } else { &sample.rows[..] };
        let names = if header { sample.rows.first().map(Vec::as_slice) } else { sample.names.as_deref() };
        let count = names.map_or_else(|| sample.rows.first().map_or(0, Vec::len), <[String]>::len);
        let column = |at: usize| match names {
            Some(names) if !names[at].is_empty() && names.iter().filter(|name| **name == names[at]).count() == 1 => {
                Column::Name(names[at].clone())
            }
            _ => Column::Number(at + 1),
        };
        Self {
            header,
            names,
            rows,
            columns: (0..count).map(column).collect(),
            usable: &sample.usable,
            inner: &sample.inner,
            ordered: sample.ordered,
        }
    }

    fn list(&self) -> String {
        self.columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn is_usable(&self, column: usize) -> bool {
        self.usable.get(column).copied().unwrap_or(true)
    }

    /// What is wrong with a column that cannot be read because others have its name, as in Parquet.
    fn shared_name(&self, column: usize) -> Option<String> {
        let names = self.names.filter(|_| !self.is_usable(column))?;
        let count = names.iter().filter(|name| **name == names[column]).count();
        (count > 1).then(|| same_name(count, &names[column]))
    }

    /// The column that the user names, by name or else by number.
    fn asked(&self, wanted: &str) -> Result<usize, String> {
        let places: Vec<usize> =
            (0..self.columns.len()).filter(|&at| self.names.is_some_and(|names| names[at] == wanted)).collect();
        if places.len() > 1 {
            if let Some(problem) = self.shared_name(places[0]) {
                return Err(problem);
            }
            let numbers: Vec<String> = places.iter().map(|at| (at + 1).to_string()).collect();
            return Err(format!(
                "several columns are called `{wanted}`; name the one that is meant by its number ({})",
                numbers.join(", ")
            ));
        }
        let number = wanted.parse::<usize>().ok().filter(|_| self.ordered).and_then(|number| number.checked_sub(1));
        let found = places.first().copied().or(number.filter(|&at| at < self.columns.len()));
        let found = found.ok_or_else(|| format!("there is no column `{wanted}`; the columns are {}", self.list()))?;
        if self.is_usable(found) {
            Ok(found)
        } else {
            Err(self.shared_name(found).unwrap_or_else(|| {
                format!("the column {} holds lists or other nested values; name another column", self.columns[found])
            }))
        }
    }

    fn values(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().map(move |row| row[column].as_str())
    }

    /// The column with the longest values on average, other than `label`.
    fn longest(&self, label: Option<usize>) -> Result<usize, String> {
        let length = |column: usize| self.values(column).map(str::len).sum::<usize>();
        let count = self.columns.len();
        (0..count)
            .filter(|column| Some(*column) != label && self.is_usable(*column))
            .max_by_key(|&column| (length(column), count - column))
            .filter(|_| count > 1)
            .ok_or_else(|| {
                if let Some(problem) = (0..count).find_map(|column| self.shared_name(column)) {
                    return problem;
                }
                let cure = if self.names.is_some() && !self.header {
                    ""
                } else {
                    "; is it the right separator? See --separator"
                };
                format!("there is only one column, and a text column and a label column are needed{cure}")
            })
    }

    /// The distinct labels of a column with their counts.
    fn distinct(&self, column: usize) -> BTreeMap<String, usize> {
        let mut spelling: BTreeMap<String, &str> = BTreeMap::new();
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for value in self.values(column).filter(|value| !is_missing_label(value)) {
            let first = spelling.entry(common_label(value)).or_insert(value);
            *found.entry((*first).to_owned()).or_default() += 1;
        }
        found
    }

    /// Whether a column has a usual name of labels.
    fn is_usual(&self, column: usize) -> bool {
        match &self.columns[column] {
            Column::Name(name) => {
                let last = if self.inner[column] { name.rsplit('.').next().unwrap_or(name) } else { name };
                LABELS.contains(&last.to_lowercase().as_str())
            }
            Column::Number(_) => false,
        }
    }

    /// The columns whose values could be labels, with the number of these. A column of one value has the name of labels
    /// at least; the reader says that there is one class.
    fn labels(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.columns.len())
            .filter(|&column| self.is_usable(column))
            .map(|column| (column, self.distinct(column).len()))
            .filter(|&(column, classes)| {
                (2..=CLASSES).contains(&classes) && 2 * classes <= self.rows.len().max(4)
                    || classes == 1 && self.is_usual(column)
            })
    }

    /// The column that has a usual name of labels and could hold them, if it is the only one.
    fn usual_label(&self) -> Option<usize> {
        let several = self.labels().filter(|&(_, classes)| classes > 1);
        let mut usual = several.map(|(column, _)| column).filter(|&column| self.is_usual(column));
        usual.next().filter(|_| usual.next().is_none())
    }

    /// A column that could hold the labels of `text`.
    fn label(&self, text: usize) -> Result<usize, String> {
        self.labels()
            .filter(|&(column, _)| column != text)
            .min_by_key(|&(column, classes)| (classes == 1, !self.is_usual(column), self.inner[column], classes, column))
            .map(|(column, _)| column)
            .ok_or_else(|| {
                format!(
                    "no column looks like a label (2 to {CLASSES} distinct values that repeat); the columns are {}; name it \
                     with --label",
                    self.list()
                )
            })
    }
}
