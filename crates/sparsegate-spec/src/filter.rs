//! `--only` filters and `where:` clauses: selects runs by the values of their keys.

use std::collections::BTreeMap;

use super::keys;
use super::node::{Node, dotted};
use super::suggest;
use super::types::RunSpec;

/// The value of `key` (dotted, or its last part) in `run`, as shown in tables: a level by its name, a number in its
/// shortest form. `None` if the key is unknown or has no value in this run.
pub fn label(run: &RunSpec, key: &str) -> Option<String> {
    let key = keys::resolve(key)?;
    let node = Node::from(serde_json::to_value(run).ok()?);
    node.at(&dotted(key)).filter(|value| **value != Node::Null).map(Node::label)
}

/// Whether a run matches a `where:` clause: for each key it has the value or one of the listed values.
pub fn matches(run: &RunSpec, wanted: &BTreeMap<String, serde_json::Value>) -> bool {
    wanted.iter().all(|(key, value)| {
        let Some(label) = label(run, key) else { return false };
        match Node::from(value.clone()) {
            Node::List(values) => values.iter().any(|value| value.label() == label),
            value => value.label() == label,
        }
    })
}

/// Which of the runs match at least one of `filters`, each `key=value[,key=value]`; all of them if there are none.
///
/// # Errors
/// Message and hint for an invalid filter, or one that matches no run.
pub fn matching(runs: &[&RunSpec], filters: &[String]) -> Result<Vec<bool>, (String, String)> {
    if filters.is_empty() {
        return Ok(vec![true; runs.len()]);
    }
    let mut keep = vec![false; runs.len()];
    for filter in filters {
        let mut matching = vec![true; runs.len()];
        for pair in filter.split(',') {
            let (key, wanted) = split(pair).ok_or_else(|| {
                (format!("--only {filter}: `{pair}` is not key=value"), "write it like sparsity=W+N,seed=0".to_owned())
            })?;
            let resolved = keys::resolve(key).ok_or_else(|| {
                (format!("--only {filter}: unknown key `{key}`"), suggest::hint(key, "known keys", keys::KEYS))
            })?;
            let labels: Vec<Option<String>> = runs.iter().map(|run| label(run, resolved)).collect();
            let wanted = canonical(wanted);
            if !labels.iter().flatten().any(|label| *label == wanted) {
                let mut known: Vec<&str> = labels.iter().flatten().map(String::as_str).collect();
                let mut seen = std::collections::BTreeSet::new();
                known.retain(|label| seen.insert(*label));
                let help = if known.is_empty() {
                    format!("no run has a value of `{resolved}`")
                } else {
                    suggest::hint(&wanted, &format!("values of `{resolved}` here"), &known)
                };
                return Err((format!("--only {filter}: no run has {key}={wanted}"), help));
            }
            for (flag, label) in matching.iter_mut().zip(&labels) {
                *flag &= label.as_deref() == Some(wanted.as_str());
            }
        }
        if !matching.contains(&true) {
            let help = "each value occurs, but not together; `plan` without --only lists the runs";
            return Err((format!("--only {filter}: no run has all of these values"), help.to_owned()));
        }
        for (flag, matched) in keep.iter_mut().zip(matching) {
            *flag |= matched;
        }
    }
    Ok(keep)
}

/// Splits `key=value`; `None` if either half is empty.
pub fn split(pair: &str) -> Option<(&str, &str)> {
    let (key, value) = pair.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    (!key.is_empty() && !value.is_empty()).then_some((key, value))
}

/// A value in the form of [`label`], so that 2e-3 matches 0.002.
fn canonical(value: &str) -> String {
    serde_yaml::from_str::<Node>(value).map_or_else(|_| value.to_owned(), |node| node.label())
}
