//! Rows of tables in JSON: lines of objects, or one array of them.

use std::io::{BufRead as _, BufReader, Read};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::array::Array;
use crate::DataError;
use crate::input::{self, TextFormat};
use crate::readers::limits::Lines;

/// An object.
pub(crate) type Object = serde_json::Map<String, Value>;

/// The objects of a file: one a line, where blank lines are skipped, or those of one array.
pub(crate) struct Objects {
    file: Utf8PathBuf,
    form: Form,
    bytes: u64,
}

enum Form {
    Lines(Lines),
    Array(Array),
}

impl Objects {
    /// Opens the file.
    ///
    /// # Errors
    /// A file that cannot be opened or unpacked.
    pub(crate) fn open(file: &Utf8Path, format: &TextFormat) -> Result<Self, DataError> {
        let mut reader = BufReader::with_capacity(1 << 16, input::text(file, format)?);
        let array = reader.fill_buf()?.trim_ascii_start().starts_with(b"[");
        let text: Box<dyn Read> = Box::new(reader);
        let form = if array { Form::Array(Array::new(file, text)) } else { Form::Lines(Lines::of(file, text)) };
        Ok(Self { file: file.to_owned(), form, bytes: 0 })
    }

    /// Whether the file is one array, which may be on one line, so that objects are told by their number.
    pub(crate) fn is_array(&self) -> bool {
        matches!(self.form, Form::Array(_))
    }

    /// The next object with the line on which it begins, from 1.
    ///
    /// # Errors
    /// A read error, a line or an object that is too long, not UTF-8 or not an object.
    pub(crate) fn next_object(&mut self) -> Result<Option<(usize, Object)>, DataError> {
        let lines = match &mut self.form {
            Form::Array(array) => return array.next_object(),
            Form::Lines(lines) => lines,
        };
        while let Some((line, text)) = lines.next_line()? {
            self.bytes += text.len() as u64;
            if text.trim().is_empty() {
                continue;
            }
            let object = serde_json::from_str(text).map_err(|error| {
                let cure = if error.is_eof() {
                    "an object must stand on one line, as `jq -c .` writes it"
                } else {
                    "correct the line"
                };
                let column = error.column();
                let problem = format!("this is not a JSON object: {} (column {column}); {cure}", without_place(&error));
                DataError::Malformed { file: self.file.clone(), line, problem }
            })?;
            return Ok(Some((line, object)));
        }
        Ok(None)
    }

    /// Number of bytes of text read so far.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.form {
            Form::Lines(_) => self.bytes,
            Form::Array(array) => array.bytes(),
        }
    }
}

/// A value by its name; a value of an object inside is named as in `data.text`, unless a key is written so.
pub(crate) fn find<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        name.match_indices('.').find_map(|(dot, _)| match object.get(&name[..dot]) {
            Some(Value::Object(inner)) => find(inner, &name[dot + 1..]),
            _ => None,
        })
    })
}

/// A parser's message without the line and column, which count from the beginning of the row.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.rfind(" at line ").map_or(said.as_str(), |end| &said[..end]).to_owned()
}

/// A value in a message, shortened.
pub(crate) fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 { text } else { text.chars().take(40).collect::<String>() + "..." }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_inside_are_named_by_their_path() {
        let text = r#"{"a.b": 1, "a": {"b": 2, "c": {"d": 3}, "e.f": 4}, "g": [5]}"#;
        let object: Object = serde_json::from_str(text).unwrap();
        for (name, expected) in [("a.b", Some(1)), ("a.c.d", Some(3)), ("a.e.f", Some(4)), ("a.x", None), ("g.0", None)]
        {
            assert_eq!(find(&object, name).and_then(Value::as_i64), expected, "{name}");
        }
    }
}
