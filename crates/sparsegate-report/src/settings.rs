//! Settings that distinguish runs: specs as dotted paths, labels from the varying settings, `where:` filters as text.

use std::collections::BTreeMap;

use serde_json::Value;

use sparsegate_spec::types::RunSpec;

/// A spec's settings by dotted path (`train.epochs`, `model.hidden`), leaves only. The sparsity level is the single
/// entry `sparsity`, the level's name.
pub fn facets(spec: &RunSpec) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    // Serialising a spec cannot fail; if it did, labels would only be shorter.
    if let Ok(value) = serde_json::to_value(spec) {
        flatten("", &value, &mut flat);
    }
    flat.retain(|path, _| !path.starts_with("sparsity."));
    flat.insert("sparsity".into(), Value::String(spec.sparsity.name.clone()));
    flat
}

fn flatten(path: &str, value: &Value, flat: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, inner, flat);
            }
        }
        leaf => {
            flat.insert(path.to_owned(), leaf.clone());
        }
    }
}

/// Paths whose values differ between the specs, except the sparsity level.
pub fn varying(specs: &[&RunSpec]) -> Vec<String> {
    let all: Vec<_> = specs.iter().map(|spec| facets(spec)).collect();
    let Some(first) = all.first() else { return Vec::new() };
    let mut paths: Vec<String> = all.iter().flat_map(|one| one.keys().cloned()).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| path != "sparsity" && all.iter().any(|one| one.get(path) != first.get(path)));
    paths
}

/// Short name of a run: the sparsity level, then the varying settings, such as `W+N, seed 1`.
pub fn label(spec: &RunSpec, varying: &[String]) -> String {
    let flat = facets(spec);
    let mut text = spec.sparsity.name.clone();
    for path in varying {
        let name = match path.strip_prefix("train.kl.") {
            // Without variational parameters there is no KL term to describe.
            Some(_) if !spec.sparsity.is_variational() => continue,
            Some(inner) => format!("KL {}", inner.replace('_', " ")),
            None => path.rsplit('.').next().unwrap_or(path).to_owned(),
        };
        let value = flat.get(path).map(plain).or_else(|| sparsegate_spec::label(spec, path));
        text.push_str(&named(&name, value.as_deref().unwrap_or("none")));
    }
    text
}

/// A setting as text, such as `, seed 1`; cells and backends go without the setting's name.
fn named(name: &str, value: &str) -> String {
    if ["cell", "backend"].contains(&name) { format!(", {value}") } else { format!(", {name} {value}") }
}

/// A filter as text, such as `W+N, seed 1`; `every run` for an empty one.
pub fn describe(filter: &BTreeMap<String, Value>) -> String {
    if filter.is_empty() {
        return "every run".into();
    }
    let one = |(name, value): (&String, &Value)| match name.as_str() {
        "sparsity" | "cell" | "model.cell" => plain(value),
        _ => format!("{name} {}", plain(value)),
    };
    filter.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(" or "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::spec;

    #[test]
    fn labels_name_the_level_and_what_else_varies() {
        let (a, mut b) = (spec("W"), spec("W"));
        b.seed = 1;
        let varying = varying(&[&a, &b]);
        assert_eq!(varying, ["seed"]);
        assert_eq!(label(&b, &varying), "W, seed 1");
        assert_eq!(label(&a, &[]), "W");
    }

    #[test]
    fn a_cell_needs_no_word_before_it() {
        assert_eq!(label(&spec("W"), &["model.cell".into()]), "W, lstm");
        let filter = serde_json::from_str(r#"{"model.cell":"gru","sparsity":["W","W+N"]}"#).expect("JSON");
        assert_eq!(describe(&filter), "gru, W or W+N");
    }
}
