//! Decides from the data whether the first row of a table names the columns.

use std::collections::BTreeMap;

use crate::readers::{common_label, is_missing_label};

/// Usual names of columns.
const USUAL: [&str; 34] = [
    "id",
    "idx",
    "index",
    "no",
    "text",
    "sentence",
    "review",
    "comment",
    "content",
    "message",
    "body",
    "title",
    "tweet",
    "question",
    "description",
    "document",
    "summary",
    "headline",
    "label",
    "labels",
    "class",
    "category",
    "target",
    "sentiment",
    "topic",
    "rating",
    "score",
    "stars",
    "y",
    "date",
    "name",
    "lang",
    "language",
    "source",
];

/// Whether the first row names the columns. Each column speaks for or against it by the first value and those below:
///
/// - a number is below, and no number at the top: for it;
/// - few values that recur below: for it if the first value never recurs there, against it if it does;
/// - texts below: for it if the first value is much shorter, a little against it if it is as long;
/// - a usual name, or no name over a column of values (the index of pandas): for it.
///
/// A row of the numbers 0, 1, 2, ... over values that are not all numbers is what pandas writes for columns without
/// names.
pub(super) fn is_header(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first().filter(|(_, rest)| !rest.is_empty()) else { return false };
    if is_numbering(first) && (0..first.len()).any(|column| rest.iter().any(|row| !is_number(&row[column]))) {
        return true;
    }
    (0..first.len()).map(|column| vote(&first[column], rest.iter().map(|row| row[column].as_str()))).sum::<i32>() > 0
}

/// What one column says: positive for a header.
fn vote<'a>(first: &str, values: impl Iterator<Item = &'a str>) -> i32 {
    let values: Vec<&str> = values.filter(|value| !is_missing_label(value)).collect();
    if values.is_empty() {
        return i32::from(USUAL.contains(&first.to_lowercase().as_str())) * 2;
    }
    if first.is_empty() {
        return 1;
    }
    let usual = if USUAL.contains(&first.to_lowercase().as_str()) { 2 } else { 0 };
    let numbers = values.iter().filter(|value| is_number(value)).count();
    let numeric = 20 * numbers >= 19 * values.len();
    if numeric && !is_number(first) {
        return usual + 3;
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in &values {
        *counts.entry(common_label(value)).or_default() += 1;
    }
    if values.len() >= 4 && 2 * counts.len() <= values.len() {
        // A number over numbers that recur, such as a year over counts, says little.
        let recurs = counts.contains_key(&common_label(first));
        return usual + if recurs { -3 } else { 2 - i32::from(numeric) };
    }
    if numeric {
        return usual;
    }
    let length = |text: &str| text.chars().count();
    let mean = values.iter().map(|value| length(value)).sum::<usize>() / values.len();
    match length(first) {
        short if 3 * short <= mean => usual + 1,
        long if 2 * long >= mean && first.contains(' ') => usual - 1,
        _ => usual,
    }
}

/// Whether a row numbers its columns from 0 on, perhaps after the empty name of an index.
fn is_numbering(row: &[String]) -> bool {
    let row = row.strip_prefix(&[String::new()]).unwrap_or(row);
    row.len() >= 2 && row.iter().enumerate().all(|(number, name)| *name == number.to_string())
}

fn is_number(value: &str) -> bool {
    // A comma is the decimal point of many countries.
    value.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && value.replacen(',', ".", 1).parse::<f64>().is_ok()
}
