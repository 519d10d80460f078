//! Describes how a stored run differs from a wanted one.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::format::RunRecord;
use sparsegate_spec::types::RunSpec;

/// One phrase per difference, such as `train.epochs 2 -> 3`, `dataset changed` or `numerics 1 -> 2`; the stored value
/// comes first.
pub fn between(stored: &RunRecord, wanted: &RunSpec, parts: &BTreeMap<String, String>) -> Vec<String> {
    let (old, new) = (flat(&stored.spec), flat(wanted));
    let mut phrases = Vec::new();
    for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        let (before, after) = (shown(old.get(name)), shown(new.get(name)));
        if before != after {
            phrases.push(format!("{name} {before} -> {after}"));
        }
    }
    let part = |parts: &BTreeMap<String, String>, name: &str| parts.get(name).cloned().unwrap_or_else(|| "none".into());
    if part(&stored.key_parts, "dataset") != part(parts, "dataset") {
        phrases.push("dataset changed".to_owned());
    }
    if let (Some(before), Some(after)) = (stored.key_parts.get("vectors"), parts.get("vectors"))
        && before != after
    {
        phrases.push("vectors changed".to_owned());
    }
    let (before, after) = (part(&stored.key_parts, "numerics"), part(parts, "numerics"));
    if before != after {
        phrases.push(format!("numerics {before} -> {after}"));
    }
    phrases
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The scalar and list values of the spec, by dotted key.
fn flat(spec: &RunSpec) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    walk(String::new(), &serde_json::to_value(spec).unwrap_or(Value::Null), &mut leaves);
    leaves
}

fn walk(path: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    let Value::Object(map) = value else {
        leaves.insert(path, value.clone());
        return;
    };
    for (key, value) in map {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        walk(path, value, leaves);
    }
}
