//! The keys in which the runs of a sweep differ. Labels, columns of tables, legends and filters name these keys and no
//! others, and all of them take the names from here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::filter;
use super::keys;
pub use super::keys::KEYS;
use super::node::Node;
use super::types::RunSpec;

/// Names of keys whose last part alone says too little.
const NAMES: [(&str, &str); 6] = [
    ("train.kl.weight", "KL weight"),
    ("train.kl.warm_up", "KL warm-up"),
    ("train.lr_warm_up", "lr warm-up"),
    ("train.drop_dead.after", "drop after"),
    ("train.drop_dead.margin", "drop margin"),
    ("train.drop_dead.preactivations", "drop preactivations"),
];

/// Training options that are not stored when they have their default values. Each is a single setting, even if it is a
/// mapping; its value is the one in the spec, or else the default. An option that has no effect in a run, such as the
/// KL weight of a dense network, has no value there.
const OPTIONS: [&str; 9] = [
    "train.kl.weight",
    "train.kl.warm_up",
    "train.schedule",
    "train.lr_warm_up",
    "train.select",
    "train.drop_dead.after",
    "train.drop_dead.margin",
    "train.drop_dead.preactivations",
    "train.start_from",
];

/// Keys that say which epoch counts. They are no varying keys where the level determines them, as in a sweep in which
/// the dense network stops early because it overfits: the level's name stands for it.
const CHOICE_OF_EPOCH: [&str; 2] = ["train.select", "train.early_stop.patience"];

/// A spec's settings by dotted key (`train.epochs`, `model.hidden`), leaves only. The sparsity level is the single
/// entry `sparsity`, the level's name. Training options that the spec does not mention have their defaults, such as 1
/// for `train.kl.weight` of a variational run. The name of the experiment is no setting.
pub fn settings(spec: &RunSpec) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    // Serialising a spec cannot fail; if it did, labels would only be shorter.
    let value = serde_json::to_value(spec).unwrap_or_default();
    flatten("", &value, &mut flat);
    flat.retain(|key, _| !key.starts_with("sparsity.") && key != "experiment");
    flat.insert("sparsity".into(), Value::String(spec.sparsity.name.clone()));
    flat.retain(|key, _| !OPTIONS.iter().any(|option| is_within(key, option)));
    let node = Node::from(value);
    for option in OPTIONS {
        if let Some(text) = filter::label_in(&node, spec, option) {
            flat.insert(option.into(), leaf(text));
        }
    }
    flat
}

/// One of the [`settings`], without finding the others.
fn setting(spec: &RunSpec, key: &str) -> Option<Value> {
    match key {
        "sparsity" => return Some(Value::String(spec.sparsity.name.clone())),
        "seed" => return Some(Value::from(spec.seed)),
        option if OPTIONS.contains(&option) => return filter::label(spec, option).map(leaf),
        other if !is_setting(other) => return None,
        _ => {}
    }
    let value = serde_json::to_value(spec).ok()?;
    let found = key.split('.').try_fold(&value, |value, part| value.get(part));
    found.filter(|value| !value.is_object()).cloned()
}

/// Adds the dotted keys of the leaves in which two values differ; `null` means the same as nothing.
fn differing(path: &str, a: Option<&Value>, b: Option<&Value>, keys: &mut BTreeSet<String>) {
    match (known(a), known(b)) {
        (a, b) if a == b => {}
        (None | Some(Value::Object(_)), None | Some(Value::Object(_))) => {
            let (a, b) = (a.and_then(Value::as_object), b.and_then(Value::as_object));
            for key in a.into_iter().chain(b).flat_map(serde_json::Map::keys) {
                let (a, b) = (a.and_then(|map| map.get(key)), b.and_then(|map| map.get(key)));
                if known(a) != known(b) {
                    let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    differing(&inner, a, b, keys);
                }
            }
        }
        (a, b) => {
            // A mapping in one of them and a leaf in the other.
            for value in [a, b].into_iter().flatten() {
                let mut leaves = BTreeMap::new();
                flatten(path, value, &mut leaves);
                keys.extend(leaves.into_iter().filter(|(_, leaf)| !leaf.is_null()).map(|(key, _)| key));
            }
        }
    }
}

/// Whether all specs of the same sparsity level have the same value of `key`.
fn is_determined_by_level(key: &str, specs: &[&RunSpec]) -> bool {
    let mut values: BTreeMap<&str, Option<Value>> = BTreeMap::new();
    specs.iter().all(|spec| {
        let value = setting(spec, key);
        *values.entry(&spec.sparsity.name).or_insert_with(|| value.clone()) == value
    })
}

/// Whether a leaf of a spec is a setting of its own.
fn is_setting(key: &str) -> bool {
    let part_of_another = OPTIONS.iter().chain(["sparsity", "experiment"].iter()).any(|outer| is_within(key, outer));
    !part_of_another
}

/// Whether `key` is `outer` or a part of it.
fn is_within(key: &str, outer: &str) -> bool {
    key.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A value from its text: a number if it is one.
fn leaf(text: String) -> Value {
    let whole = text.parse::<u64>().ok().map(Value::from);
    let number = || text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from);
    whole.or_else(number).unwrap_or(Value::String(text))
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

/// The place of a key among varying keys; those of one place are in alphabetical order.
pub fn rank(key: &str) -> u8 {
    match key {
        "task" => 0,
        "sparsity" => 1,
        "seed" => 3,
        _ => 2,
    }
}

/// The keys in which the runs of a sweep differ: the task first, then the sparsity level, the seed last, the others in
/// alphabetical order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VaryingKeys {
    keys: Vec<String>,
}

impl VaryingKeys {
    /// The keys whose values differ between the specs. A key that some specs lack differs, too, unless it is an option
    /// that does nothing in them. With several tasks these are `task` and the keys that differ within a task: the name
    /// of a task stands for what its file says.
    pub fn of<'a>(specs: impl IntoIterator<Item = &'a RunSpec>) -> Self {
        let mut tasks: BTreeMap<Option<&str>, Vec<&RunSpec>> = BTreeMap::new();
        for spec in specs {
            tasks.entry(spec.task.as_deref()).or_default().push(spec);
        }
        let mut keys: Vec<String> = tasks.values().flat_map(|specs| Self::of_one_task(specs)).collect();
        if tasks.len() > 1 {
            keys.push("task".into());
        }
        keys.sort();
        keys.dedup();
        keys.sort_by_key(|key| rank(key));
        Self { keys }
    }

    /// The keys whose values differ between the specs.
    fn of_one_task(specs: &[&RunSpec]) -> Vec<String> {
        let Some((first, rest)) = specs.split_first() else { return Vec::new() };
        let value = |spec: &RunSpec| serde_json::to_value(spec).unwrap_or_default();
        // What the options are depends on the level and the training alone.
        let on_which_options_depend = |value: &Value| format!("{} {}", value["sparsity"], value["train"]);
        let of_first = value(first);
        let mut kinds = BTreeMap::from([(on_which_options_depend(&of_first), *first)]);
        let mut keys = BTreeSet::new();
        for spec in rest {
            let other = value(spec);
            kinds.entry(on_which_options_depend(&other)).or_insert(spec);
            differing("", Some(&of_first), Some(&other), &mut keys);
        }
        keys.retain(|key| is_setting(key));
        if rest.iter().any(|spec| spec.sparsity.name != first.sparsity.name) {
            keys.insert("sparsity".to_owned());
        }
        for option in OPTIONS {
            let mut values = kinds.values().filter_map(|spec| setting(spec, option));
            if values.next().is_some_and(|first| values.any(|other| other != first)) {
                keys.insert(option.to_owned());
            }
        }
        keys.retain(|key| !CHOICE_OF_EPOCH.contains(&key.as_str()) || !is_determined_by_level(key, specs));
        keys.into_iter().collect()
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

    /// Short name of a run: the values of the varying keys, such as `W+N, gru, lr 0.002, seed 1`, without options that
    /// do nothing in this run. If nothing varies, the sparsity level.
    pub fn label(&self, spec: &RunSpec) -> String {
        let flat = settings(spec);
        let part = |key: &String| {
            let value = flat.get(key);
            if value.is_none() && OPTIONS.contains(&key.as_str()) {
                return None;
            }
            let value = shown(value);
            // These values are names, which need no name of their key.
            let speaks = ["task", "sparsity", "model.cell", "backend", "dataset"].contains(&key.as_str());
            Some(if speaks { value } else { format!("{} {value}", short_name(key)) })
        };
        let parts: Vec<String> = self.keys.iter().filter_map(part).collect();
        if parts.is_empty() { spec.sparsity.name.clone() } else { parts.join(", ") }
    }

    /// A filter that the run passes: `sparsity=W+N,seed=1`, empty if nothing varies. `--only` and the argument RUN of
    /// the program accept it.
    pub fn filter(&self, spec: &RunSpec) -> String {
        let part = |key: &String| {
            // A comma would end the value.
            let value = filter::label(spec, key).filter(|value| !value.contains(','))?;
            let last = key.rsplit('.').next().unwrap_or(key);
            let says_little = NAMES.iter().any(|(full, _)| *full == key.as_str());
            let name = if !says_little && keys::resolve(last) == Some(key.as_str()) { last } else { key };
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
    shown(setting(spec, key).as_ref())
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".into(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => values.iter().map(|value| shown(Some(value))).collect::<Vec<_>>().join(" or "),
        Some(other) => other.to_string(),
    }
}

/// Short name of a dotted key: its last part (`lr`), or as many parts as tell it from all other keys of a run, or words
/// if these say too little (`KL weight`).
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
mod tests;
