//! The keys in which the runs of a sweep differ. Labels, columns of tables, legends and filters name these keys and no
//! others, and all of them take the names from here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::filter;
use super::keys;
pub use super::keys::KEYS;
use super::types::RunSpec;

/// Names of keys whose last part alone says too little.
const NAMES: [(&str, &str); 1] = [("train.kl.weight", "kl")];

/// A spec's settings by dotted key (`train.epochs`, `model.hidden`), leaves only. The sparsity level is the single
/// entry `sparsity`, the level's name. The name of the experiment is no setting.
pub fn settings(spec: &RunSpec) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    // Serialising a spec cannot fail; if it did, labels would only be shorter.
    if let Ok(value) = serde_json::to_value(spec) {
        flatten("", &value, &mut flat);
    }
    flat.retain(|key, _| !key.starts_with("sparsity.") && key != "experiment");
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

/// The keys in which the runs of a sweep differ: the sparsity level first, the seed last, the others in alphabetical
/// order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VaryingKeys {
    keys: Vec<String>,
}

impl VaryingKeys {
    /// The keys whose values differ between the specs; a key that some specs lack differs, too.
    pub fn of<'a>(specs: impl IntoIterator<Item = &'a RunSpec>) -> Self {
        let all: Vec<BTreeMap<String, Value>> = specs.into_iter().map(settings).collect();
        let Some(first) = all.first() else { return Self::default() };
        let mut keys: Vec<String> = all.iter().flat_map(|one| one.keys().cloned()).collect();
        keys.sort();
        keys.dedup();
        keys.retain(|key| all.iter().any(|one| known(one.get(key)) != known(first.get(key))));
        keys.sort_by_key(|key| match key.as_str() {
            "sparsity" => 0,
            "seed" => 2,
            _ => 1,
        });
        Self { keys }
    }

    /// The dotted keys.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether the runs differ in this dotted key.
    pub fn contains(&self, key: &str) -> bool {
        self.keys.iter().any(|one| one == key)
    }

    /// The same without some keys.
    #[must_use]
    pub fn without(&self, left_out: &[&str]) -> Self {
        Self { keys: self.keys.iter().filter(|key| !left_out.contains(&key.as_str())).cloned().collect() }
    }

    /// Short name of a run: the values of the varying keys, such as `W+N, gru, lr 0.002, seed 1`. If nothing varies,
    /// the sparsity level.
    pub fn label(&self, spec: &RunSpec) -> String {
        if self.keys.is_empty() {
            return spec.sparsity.name.clone();
        }
        let flat = settings(spec);
        let part = |key: &String| {
            let value = shown(flat.get(key));
            // These values are names, which need no name of their key.
            let speaks = ["sparsity", "model.cell", "backend", "dataset"].contains(&key.as_str());
            if speaks { value } else { format!("{} {value}", short_name(key)) }
        };
        self.keys.iter().map(part).collect::<Vec<_>>().join(", ")
    }

    /// A filter that the run passes: `sparsity=W+N,seed=1`, empty if nothing varies. `--only` and the argument RUN of
    /// the program accept it.
    pub fn filter(&self, spec: &RunSpec) -> String {
        let part = |key: &String| {
            let value = filter::label(spec, key)?;
            let last = key.rsplit('.').next().unwrap_or(key);
            let name = if keys::resolve(last) == Some(key.as_str()) { last } else { key };
            Some(format!("{name}={value}"))
        };
        self.keys.iter().filter_map(part).collect::<Vec<_>>().join(",")
    }
}

/// A value that differs from a missing one: `null` means the same as nothing.
fn known(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// The value of a dotted key in a run as text; `none` if the run has none.
pub fn value_text(spec: &RunSpec, key: &str) -> String {
    shown(settings(spec).get(key))
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".into(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => values.iter().map(|value| shown(Some(value))).collect::<Vec<_>>().join(" or "),
        Some(other) => other.to_string(),
    }
}

/// Short name of a dotted key: its last part (`lr`), or as many parts as tell it from all other keys of a run.
pub fn short_name(key: &str) -> &str {
    if let Some((_, name)) = NAMES.iter().find(|(full, _)| *full == key) {
        return name;
    }
    let ends_with = |suffix: &str, other: &str| {
        other == suffix || other.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
    };
    let mut from = key.len();
    while let Some(dot) = key[..from].rfind('.') {
        let suffix = &key[dot + 1..];
        if !KEYS.iter().any(|other| *other != key && ends_with(suffix, other)) {
            return suffix;
        }
        from = dot;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(sweep: &str) -> Vec<RunSpec> {
        let text = format!(
            "name: t\ndataset: d\nsparsity: W\nmodel: {{ kind: language-model, hidden: 4 }}\n\
             train: {{ epochs: 2, batch: 2, sequence: 3, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n\
             sweep: {{ product: {{ {sweep} }} }}\n"
        );
        crate::experiment::from_text("t.yaml".into(), &text, &[], &[]).unwrap().runs
    }

    fn labels(sweep: &str) -> Vec<String> {
        let runs = runs(sweep);
        let varying = VaryingKeys::of(&runs);
        runs.iter().map(|run| varying.label(run)).collect()
    }

    #[test]
    fn labels_name_what_varies_and_nothing_else() {
        assert_eq!(labels("sparsity: [W, W+N]"), ["W", "W+N"]);
        assert_eq!(labels("sparsity: [dense, W], seed: [0, 1]")[3], "W, seed 1");
        assert_eq!(labels("train.optimizer.adam.lr: [1e-3, 2e-2]"), ["lr 0.001", "lr 0.02"]);
        assert_eq!(labels("seed: [0, 1], train.batch: [2, 3]")[3], "batch 3, seed 1");
        assert_eq!(labels("seed: [0, 1]"), ["seed 0", "seed 1"]);
        assert_eq!(labels("seed: [3]"), ["W"], "a single run is named by its level");
        assert_eq!(labels("sparsity: [W, W+N], model.cell: [lstm, gru]")[1], "W, gru");
        assert_eq!(labels("train.clip_norm: [null, 5]"), ["clip_norm none", "clip_norm 5.0"]);
    }

    #[test]
    fn a_filter_finds_exactly_its_run() {
        let runs = runs("sparsity: [dense, W+G+N], model.hidden: [4, 8], train.optimizer.adam.lr: [1e-3, 1e-5]");
        let varying = VaryingKeys::of(&runs);
        assert_eq!(varying.filter(&runs[7]), "sparsity=W+G+N,hidden=8,lr=0.00001");
        let all: Vec<&RunSpec> = runs.iter().collect();
        for (index, run) in runs.iter().enumerate() {
            let keep = filter::matching(&all, &[varying.filter(run)]).unwrap();
            assert_eq!(keep.iter().filter(|keep| **keep).count(), 1);
            assert!(keep[index]);
        }
    }

    #[test]
    fn names_are_as_short_as_they_are_unique() {
        assert_eq!(short_name("train.optimizer.adam.lr"), "lr");
        assert_eq!(short_name("seed"), "seed");
        assert_eq!(short_name("train.kl.weight"), "kl");
        assert_eq!(short_name("train.kl.warm_up.epochs"), "warm_up.epochs", "`epochs` is another key");
    }
}
