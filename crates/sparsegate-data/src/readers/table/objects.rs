//! Rows of tables in JSON lines.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::DataError;
use crate::input::TextFormat;
use crate::readers::limits::Lines;

/// An object.
pub(crate) type Object = serde_json::Map<String, Value>;

/// The objects of a file, one a line. Blank lines are skipped.
pub(crate) struct Objects {
    file: Utf8PathBuf,
    lines: Lines,
    bytes: u64,
}

impl Objects {
    /// Opens the file.
    ///
    /// # Errors
    /// A file that cannot be opened or unpacked.
    pub(crate) fn open(file: &Utf8Path, format: &TextFormat) -> Result<Self, DataError> {
        Ok(Self { file: file.to_owned(), lines: Lines::open_as(file, format)?, bytes: 0 })
    }

    /// The next object with its line, from 1.
    ///
    /// # Errors
    /// A read error, a line that is too long, not UTF-8 or not an object.
    pub(crate) fn next_object(&mut self) -> Result<Option<(usize, Object)>, DataError> {
        while let Some((line, text)) = self.lines.next_line()? {
            self.bytes += text.len() as u64;
            if text.trim().is_empty() {
                continue;
            }
            let object = serde_json::from_str(text).map_err(|error| {
                let array = line == 1 && text.trim_start().starts_with('[');
                let problem = if array {
                    "the file is one JSON array; write one object a line, as `jq -c '.[]'` does".to_owned()
                } else {
                    format!("this is not a JSON object: {error}; correct the line")
                };
                DataError::Malformed { file: self.file.clone(), line, problem }
            })?;
            return Ok(Some((line, object)));
        }
        Ok(None)
    }

    /// Number of bytes of text read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// A value in a message, shortened.
pub(crate) fn shorten(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 { text } else { text.chars().take(40).collect::<String>() + "..." }
}
