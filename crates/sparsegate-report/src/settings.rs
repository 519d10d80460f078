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
    let mut options: Vec<&str> = Vec::new();
    for path in varying {
        if let Some((option, name)) = training_option(path) {
            // An option with several leaves is named once, and one that does nothing in this run not at all.
            if !options.contains(&option) {
                options.push(option);
                text.extend(sparsegate_spec::label(spec, option).map(|value| named(name, &value)));
            }
            continue;
        }
        let name = path.rsplit('.').next().unwrap_or(path);
        let value = flat.get(path).map_or_else(|| "none".into(), plain);
        text.push_str(&named(name, &value));
    }
    text
}

/// The key of the option of the training loop that `path` is part of, with its name in labels. Unlike other settings
/// these are absent from a spec at their defaults.
fn training_option(path: &str) -> Option<(&'static str, &'static str)> {
    const OPTIONS: [(&str, &str); 5] = [
        ("train.kl.weight", "KL weight"),
        ("train.kl.warm_up", "KL warm-up"),
        ("train.schedule", "schedule"),
        ("train.lr_warm_up", "lr warm-up"),
        ("train.select", "select"),
    ];
    let within = |key: &str| path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    OPTIONS.into_iter().find(|(key, _)| within(key))
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
    use sparsegate_spec::types::{Decay, Kl, RateSchedule, WarmUp};

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
    fn options_of_training_are_named_with_what_holds_without_them() {
        let kl = |weight, warm_up| Some(Kl { weight, warm_up });
        let (dense, plain, mut steps, mut epochs) = (spec("dense"), spec("W"), spec("W"), spec("W"));
        steps.train.kl = kl(0.5, WarmUp::Steps(30));
        epochs.train.kl = kl(0.1, WarmUp::Epochs(2));
        epochs.train.schedule = RateSchedule::Cosine(Decay { to: 0.25 });
        let runs = [&dense, &plain, &steps, &epochs];
        let varying = varying(&runs);
        let labels = runs.map(|run| label(run, &varying));
        let wanted = [
            "dense, schedule constant",
            "W, KL warm-up 0, KL weight 1, schedule constant",
            "W, KL warm-up {steps: 30}, KL weight 0.5, schedule constant",
            "W, KL warm-up 2, KL weight 0.1, schedule {cosine: {to: 0.25}}",
        ];
        assert_eq!(labels, wanted);
    }

    #[test]
    fn a_cell_needs_no_word_before_it() {
        assert_eq!(label(&spec("W"), &["model.cell".into()]), "W, lstm");
        let filter = serde_json::from_str(r#"{"model.cell":"gru","sparsity":["W","W+N"]}"#).expect("JSON");
        assert_eq!(describe(&filter), "gru, W or W+N");
    }
}
