//! Guesses which columns of a table hold the text and the label.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::super::DataError;
use super::super::manifest::Column;
use super::Sample;

/// Maximum number of distinct values of a column that is guessed to be the label.
const CLASSES: usize = 100;
/// Usual names of label columns.
const LABELS: [&str; 9] = ["label", "class", "category", "target", "sentiment", "topic", "rating", "stars", "y"];
/// Maximum length of a column name, characters.
const NAME: usize = 40;

/// The chosen columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Whether the first row names the columns.
    pub header: bool,
    /// All columns, as a manifest refers to them.
    pub columns: Vec<Column>,
    /// The text.
    pub text: Column,
    /// The label.
    pub label: Column,
    /// The label's values in the sampled rows, with their counts.
    pub classes: BTreeMap<String, usize>,
}

/// Chooses the text column (the longest values on average) and the label column (a usual name, then the fewest distinct
/// values), unless the user names them. `text` and `label` are column names or numbers from 1.
///
/// # Errors
/// A column that does not exist, or no column that could be a label; the message lists the columns.
pub fn choose(file: &Utf8Path, sample: &Sample, text: Option<&str>, label: Option<&str>) -> Result<Choice, DataError> {
    let named = |wanted: Option<&str>| {
        let first = sample.rows.first();
        wanted.is_some_and(|wanted| first.is_some_and(|first| first.iter().any(|name| name == wanted)))
    };
    let header = sample.names.is_none() && (named(text) || named(label) || is_header(&sample.rows));
    let rows = if header { &sample.rows[1..] } else { &sample.rows[..] };
    let names: Option<Vec<String>> = if header { sample.rows.first().cloned() } else { sample.names.clone() };
    let count = sample.rows.first().map_or(0, Vec::len);
    let columns: Vec<Column> = match &names {
        Some(names) => names.iter().cloned().map(Column::Name).collect(),
        None => (1..=count).map(Column::Number).collect(),
    };
    let unusable = |problem: String| DataError::Unusable { file: file.to_owned(), problem };
    let list = || columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let asked = |wanted: &str| {
        let by_name = names.as_ref().and_then(|names| names.iter().position(|name| name == wanted));
        let by_number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|&at| at < count);
        by_name
            .or(by_number)
            .ok_or_else(|| unusable(format!("there is no column `{wanted}`; the columns are {}", list())))
    };
    let values = |column: usize| rows.iter().map(move |row| row[column].as_str());
    let distinct = |column: usize| {
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        values(column).for_each(|value| *found.entry(value.to_owned()).or_default() += 1);
        found
    };
    let length = |column: usize| values(column).map(str::len).sum::<usize>();

    let asked_label = label.map(asked).transpose()?;
    let text = match text {
        Some(wanted) => asked(wanted)?,
        None => (0..count)
            .filter(|column| Some(*column) != asked_label)
            .max_by_key(|&column| (length(column), count - column))
            .ok_or_else(|| unusable("there is only one column; a text column and a label column are needed".into()))?,
    };
    let label = if let Some(label) = asked_label {
        label
    } else {
        let usual = |column: usize| match &columns[column] {
            Column::Name(name) => LABELS.contains(&name.to_ascii_lowercase().as_str()),
            Column::Number(_) => false,
        };
        (0..count)
                .filter(|&column| column != text)
                .map(|column| (column, distinct(column).len()))
                .filter(|&(_, classes)| (2..=CLASSES).contains(&classes) && 2 * classes <= rows.len().max(4))
                .min_by_key(|&(column, classes)| (!usual(column), classes, column))
                .map(|(column, _)| column)
                .ok_or_else(|| {
                    unusable(format!(
                        "no column looks like a label (2 to {CLASSES} distinct values that repeat); the columns are {}; name it with --label",
                        list()
                    ))
                })?
    };
    if label == text {
        return Err(unusable(format!(
            "text and label are both the column {}; name two different columns",
            columns[text]
        )));
    }
    Ok(Choice { header, text: columns[text].clone(), label: columns[label].clone(), classes: distinct(label), columns })
}

/// Guesses whether the first row names the columns.
///
/// Its values must be short, distinct and not numbers, and the other rows of some column must differ from it: all
/// numbers, much longer values, or a few repeated values that do not include the first one.
fn is_header(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first().filter(|(_, rest)| !rest.is_empty()) else { return false };
    let number = |value: &str| value.parse::<f64>().is_ok();
    let named = first.iter().enumerate().all(|(index, value)| {
        !value.is_empty() && value.chars().count() <= NAME && !number(value) && !first[..index].contains(value)
    });
    named
        && (0..first.len()).any(|column| {
            let values = || rest.iter().map(|row| row[column].as_str());
            let mean = values().map(str::len).sum::<usize>() / rest.len();
            let distinct: BTreeSet<&str> = values().collect();
            let repeats =
                rest.len() >= 4 && 2 * distinct.len() <= rest.len() && !distinct.contains(first[column].as_str());
            values().all(number) || mean >= 3 * first[column].len().max(4) || repeats
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Sample {
        Sample { names: None, rows: rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect() }
    }

    fn chosen(sample: &Sample) -> Choice {
        choose(Utf8Path::new("x.csv"), sample, None, None).unwrap()
    }

    #[test]
    fn a_header_is_told_from_a_row() {
        let with = rows(&[
            &["id", "review", "label"],
            &["1", "a film that goes on and on", "bad"],
            &["2", "a film to see again and again", "good"],
            &["3", "one more film that is too long", "bad"],
            &["4", "and one more that is too short", "good"],
        ]);
        let choice = chosen(&with);
        assert!(choice.header);
        assert_eq!((choice.text, choice.label), (Column::Name("review".into()), Column::Name("label".into())));
        let unusual = rows(&[
            &["sentence", "pos or neg"],
            &["a film, good", "pos"],
            &["a film, poor", "neg"],
            &["one more", "pos"],
            &["and one", "neg"],
        ]);
        assert!(chosen(&unusual).header, "no label is called `pos or neg`");
        let without = rows(&[
            &["3", "Wall St. falls", "a long description of it"],
            &["1", "Peace talks go on", "another long description"],
            &["3", "Oil prices rise", "one more description here"],
            &["1", "Election today", "and this is the last one"],
        ]);
        let choice = chosen(&without);
        assert!(!choice.header);
        assert_eq!((choice.text, choice.label), (Column::Number(3), Column::Number(1)));
        assert_eq!(choice.classes, [("1".to_owned(), 2), ("3".to_owned(), 2)].into());
    }

    #[test]
    fn what_cannot_be_a_label_is_told_with_the_columns() {
        let unique = rows(&[&["a b c d", "1"], &["e f g h", "2"], &["i j k l", "3"], &["m n o p", "4"], &["q r", "5"]]);
        let error = choose(Utf8Path::new("x.csv"), &unique, None, None).unwrap_err().to_string();
        assert!(error.contains("x.csv: no column looks like a label") && error.contains("--label"), "{error}");
        let error = choose(Utf8Path::new("x.csv"), &unique, Some("7"), None).unwrap_err().to_string();
        assert!(error.contains("there is no column `7`; the columns are 1, 2"), "{error}");
    }
}
