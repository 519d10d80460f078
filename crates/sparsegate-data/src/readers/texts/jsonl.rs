//! Reads labelled texts from JSON: one object on each line, or one array of objects.

use camino::Utf8Path;
use serde_json::{Map, Value};

use super::source::{Files, Place, Record, Source, Take, file_of, tables};
use crate::DataError;
use crate::input::TextFormat;
use crate::manifest::{Column, Table};
use crate::readers::table::{Objects, find, shorten};

/// Tables of the format `jsonl`.
pub(super) struct JsonLines {
    files: Files,
    table: Table,
    /// Whether an object without the key of the label is one without a label.
    skip_unlabelled: bool,
}

impl JsonLines {
    pub(super) fn new(files: Files, table: Table, skip_unlabelled: bool) -> Self {
        Self { files, table, skip_unlabelled }
    }

    fn record(&self, object: &Map<String, Value>) -> Result<(String, String), String> {
        let mut text = String::new();
        for column in &self.table.text.0 {
            if !text.is_empty() {
                text.push(' ');
            }
            match value(object, column, "text")? {
                Value::String(value) => text.push_str(value),
                Value::Number(number) => text.push_str(&number.to_string()),
                // A text that is missing is an empty one, as in a table with commas.
                Value::Null => {}
                other => return Err(format!("{column} is not a text: {}; remove the object", shorten(other))),
            }
        }
        if self.skip_unlabelled && find_column(object, &self.table.label).is_none() {
            return Ok((text, String::new()));
        }
        match value(object, &self.table.label, "label")? {
            Value::String(label) => Ok((text, label.trim().to_owned())),
            Value::Null => Ok((text, String::new())),
            label @ (Value::Number(_) | Value::Bool(_)) => Ok((text, label.to_string())),
            other => Err(format!(
                "{} is not a label: {}; remove the object or give it one",
                self.table.label,
                shorten(other)
            )),
        }
    }
}

fn find_column<'a>(object: &'a Map<String, Value>, column: &Column) -> Option<&'a Value> {
    match column {
        Column::Name(name) => find(object, name),
        Column::Number(_) => None,
    }
}

fn value<'a>(object: &'a Map<String, Value>, column: &Column, key: &str) -> Result<&'a Value, String> {
    find_column(object, column).ok_or_else(|| {
        let there: Vec<&str> = object.keys().map(String::as_str).collect();
        format!(
            "there is no {column}: the object has {}; correct the line, or reader.labelled-texts.from.table.{key} in the manifest",
            there.join(", ")
        )
    })
}

impl Source for JsonLines {
    fn read(&self, take: &mut Take<'_>) -> Result<(), DataError> {
        for (part, file) in tables(&self.files) {
            let format = TextFormat { encoding: self.table.encoding, newlines: self.table.newlines };
            let mut objects = Objects::open(file, &format)?;
            let array = objects.is_array();
            let mut number = 0;
            while let Some((line, object)) = objects.next_object()? {
                number += 1;
                let place = if array { Place::Row(number) } else { Place::Line(line) };
                let (text, label) = self.record(&object).map_err(|problem| self.wrong(part, &place, problem))?;
                take(part, Record { place, text, label })?;
            }
        }
        Ok(())
    }

    fn file(&self, part: usize) -> &Utf8Path {
        file_of(&self.files, part)
    }

    fn label_key(&self) -> &'static str {
        "table.label"
    }
}
