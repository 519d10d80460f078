//! What tells runs apart: a spec as dotted paths, labels from what varies, and `where:` filters.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::spec::types::RunSpec;

/// A spec's settings by dotted path (`train.epochs`, `model.hidden`), leaves only. The sparsity level is the one
/// entry `sparsity` with the level's name.
pub fn facets(spec: &RunSpec) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    // A spec is plain data, so this cannot fail; an empty map would only shorten labels.
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

/// Paths whose value differs between the specs, apart from the sparsity level.
pub fn varying(specs: &[&RunSpec]) -> Vec<String> {
    let all: Vec<_> = specs.iter().map(|spec| facets(spec)).collect();
    let Some(first) = all.first() else { return Vec::new() };
    let mut paths: Vec<String> = all.iter().flat_map(|one| one.keys().cloned()).collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| path != "sparsity" && all.iter().any(|one| one.get(path) != first.get(path)));
    paths
}

/// Short name of a run among its siblings: the level, then what else varies, `W+N, seed 1`.
pub fn label(spec: &RunSpec, varying: &[String]) -> String {
    let flat = facets(spec);
    let mut text = spec.sparsity.name.clone();
    for path in varying {
        let name = path.rsplit('.').next().unwrap_or(path);
        let value = flat.get(path).map_or_else(|| "none".into(), plain);
        text.push_str(&format!(", {name} {value}"));
    }
    text
}

/// Whether the spec has every value that the filter asks for. `cell` is short for `model.cell`, and any last part
/// of a path for the whole path.
pub fn matches(spec: &RunSpec, filter: &BTreeMap<String, Value>) -> bool {
    let flat = facets(spec);
    filter.iter().all(|(name, wanted)| {
        let wanted = match (name.as_str(), wanted) {
            ("sparsity", Value::Object(map)) => map.get("name").unwrap_or(wanted),
            _ => wanted,
        };
        flat.iter()
            .filter(|(path, _)| *path == name || path.ends_with(&format!(".{name}")))
            .any(|(_, value)| value == wanted || plain(value) == plain(wanted))
    })
}

/// A filter as text, `sparsity W+N`; `every run` for an empty one.
pub fn describe(filter: &BTreeMap<String, Value>) -> String {
    if filter.is_empty() {
        return "every run".into();
    }
    let one = |(name, value): (&String, &Value)| match name.as_str() {
        "sparsity" => plain(value),
        _ => format!("{name} {}", plain(value)),
    };
    filter.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::made_up::spec;

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
    fn filters_match_names_short_paths_and_numbers() {
        let run = spec("W+N");
        let filter = |text: &str| serde_json::from_str(text).expect("JSON");
        assert!(matches(&run, &filter(r#"{"sparsity":"W+N","seed":0}"#)));
        assert!(matches(&run, &filter(r#"{"cell":"lstm","model.cell":"lstm"}"#)));
        assert!(!matches(&run, &filter(r#"{"sparsity":"W"}"#)));
        assert!(!matches(&run, &filter(r#"{"no.such":"W"}"#)));
        assert!(matches(&run, &filter("{}")));
    }
}
