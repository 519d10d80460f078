//! `--set key=value`.

use super::filter::split;
use super::keys;
use super::node::Node;
use super::suggest;
use super::sweep::MAX_RUNS;

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

/// All combinations of the overrides' values, the last key varying fastest: a list stands for each of its values. One
/// empty combination without overrides.
///
/// # Errors
/// Message and hint for an empty list, a value listed twice, or more combinations than a sweep may have.
pub fn combinations(overrides: &[Override]) -> Result<Vec<Vec<Override>>, (String, String)> {
    let mut all: Vec<Vec<Override>> = vec![Vec::new()];
    for over in overrides {
        let values = match &over.value {
            Node::List(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let refuse = |problem: String, help: &str| (format!("--set {}: {problem}", over.written), help.to_owned());
        if values.is_empty() {
            return Err(refuse("an empty list of values".into(), "list at least one value; `null` removes a value"));
        }
        if let Some(twice) = values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)) {
            return Err(refuse(format!("`{}` is listed twice", twice.1.label()), "list each value once"));
        }
        if all.len() * values.len() > MAX_RUNS {
            return Err(refuse(format!("more than {MAX_RUNS} combinations"), "override fewer keys at once"));
        }
        let one = |value: &Node| Override { value: value.clone(), ..over.clone() };
        all = all
            .into_iter()
            .flat_map(|before| values.iter().map(move |value| [before.as_slice(), &[one(value)]].concat()))
            .collect();
    }
    Ok(all)
}
