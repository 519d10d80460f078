//! `--set key=value`.

use super::filter::split;
use super::keys;
use super::node::Node;
use super::suggest;

/// One override.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The override as given on the command line.
    pub written: String,
    /// Full dotted key.
    pub key: &'static str,
    /// YAML value.
    pub value: Node,
}

/// Parses overrides; a later one replaces an earlier one of the same key.
///
/// # Errors
/// Message and hint for an invalid override.
pub fn parse(set: &[String]) -> Result<Vec<Override>, (String, String)> {
    let mut overrides: Vec<Override> = Vec::new();
    for written in set {
        let (given, value) = split(written).ok_or_else(|| {
            (
                format!("--set {written}: not key=value"),
                "write it like train.epochs=2; `null` removes a value".to_owned(),
            )
        })?;
        let key = keys::resolve(given).ok_or_else(|| {
            (format!("--set {written}: unknown key `{given}`"), suggest::hint(given, "known keys", keys::KEYS))
        })?;
        let value = serde_yaml::from_str(value).map_err(|error| {
            (
                format!("--set {written}: the value is not YAML: {error}"),
                "put text with special characters in quotes".to_owned(),
            )
        })?;
        overrides.retain(|earlier| earlier.key != key);
        overrides.push(Override { written: written.clone(), key, value });
    }
    Ok(overrides)
}
