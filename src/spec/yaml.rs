//! YAML text to types, with the place of a mistake.

use camino::Utf8Path;
use serde::de::DeserializeOwned;

use super::error::{Place, SpecError};

/// Reads `text`, the content of `file`, as a `T`.
///
/// # Errors
/// The first mistake, with line, column and, for an unknown key or value, the nearest known one.
pub fn parse<T: DeserializeOwned>(file: &Utf8Path, text: &str) -> Result<T, SpecError> {
    serde_yaml::from_str(text).map_err(|error| {
        let place = error.location().map(|at| Place { line: at.line(), column: at.column() });
        SpecError::new(file, error.to_string()).at(place, text)
    })
}
