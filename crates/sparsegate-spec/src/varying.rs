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
const NAMES: [(&str, &str); 5] = [
    ("train.kl.weight", "KL weight"),
    ("train.kl.warm_up", "KL warm-up"),
    ("train.lr_warm_up", "lr warm-up"),
    ("train.drop_dead.after", "drop after"),
    ("train.drop_dead.margin", "drop margin"),
];

/// Options of the training loop that a spec lacks at their defaults. Each is a single setting, even if it is a mapping,
/// with the value that holds: that of the spec, or the default. A run without such a value is one in which the option
/// does nothing, such as the KL weight of a dense network.
const OPTIONS: [&str; 8] = [
    "train.kl.weight",
    "train.kl.warm_up",
    "train.schedule",
    "train.lr_warm_up",
    "train.select",
    "train.drop_dead.after",
    "train.drop_dead.margin",
    "train.start_from",
];

/// A spec's settings by dotted key (`train.epochs`, `model.hidden`), leaves only. The sparsity level is the single
/// entry `sparsity`, the level's name. Options of the training loop have the values that hold, such as 1 for
/// `train.kl.weight` of a variational run that does not mention it. The name of the experiment is no setting.
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
mod tests {
    use super::*;
    use crate::types::{Decay, Kl, RateSchedule, StepDecay, WarmUp};

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

    /// The definition: the settings of all runs, compared.
    fn varying_by_definition(runs: &[RunSpec]) -> Vec<String> {
        let all: Vec<BTreeMap<String, Value>> = runs.iter().map(settings).collect();
        let mut keys: Vec<String> = all.iter().flat_map(|one| one.keys().cloned()).collect();
        keys.retain(|key| {
            let values = all.iter().map(|one| known(one.get(key)));
            let mut values = values.filter(|value| value.is_some() || !OPTIONS.contains(&key.as_str()));
            values.next().is_some_and(|first| values.any(|other| other != first))
        });
        keys.sort();
        keys.dedup();
        keys.sort_by_key(|key| rank(key));
        keys
    }

    #[test]
    fn the_short_ways_to_settings_agree_with_the_long_ones() {
        let sweeps = [
            "seed: [0, 1]",
            "sparsity: [dense, W, W+N], seed: [0, 1], model.cell: [lstm, gru]",
            "train.clip_norm: [null, 5], train.optimizer.adam.lr: [1e-3, 2e-3], backend: [flex]",
            "sparsity: [dense, W], train.kl: [{ weight: 0.1 }, { weight: 1, warm_up: 1 }]",
            "sparsity: [dense, W], train.kl.weight: [0.1, 1], train.start_from: [dense, init]",
            "train.schedule: [constant, { linear: { to: 0.1 } }, { cosine: { to: 0 } }], train.epochs: [2, 3]",
            "train.select: [best, last], train.early_stop: [null, { patience: 1 }]",
        ];
        for sweep in sweeps {
            let runs = runs(sweep);
            assert_eq!(VaryingKeys::of(&runs).keys(), varying_by_definition(&runs), "{sweep}");
            for run in &runs {
                let all = settings(run);
                for key in all.keys().map(String::as_str).chain(KEYS.iter().copied()) {
                    assert_eq!(setting(run, key).as_ref(), all.get(key), "{key} of {sweep}");
                    let node = Node::from(serde_json::to_value(run).unwrap());
                    assert_eq!(filter::label(run, key), filter::label_in(&node, run, key), "{key} of {sweep}");
                }
            }
        }
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
    fn options_of_training_are_named_with_what_holds_without_them() {
        let kl = |weight, warm_up| Some(Kl { weight, warm_up });
        let two = runs("sparsity: [dense, W]");
        let (dense, plain) = (&two[0], &two[1]);
        let (mut steps, mut epochs) = (plain.clone(), plain.clone());
        steps.train.kl = kl(0.5, WarmUp::Steps(30));
        epochs.train.kl = kl(0.1, WarmUp::Epochs(2));
        epochs.train.schedule = RateSchedule::Cosine(Decay { to: 0.25 });
        let runs = [dense, plain, &steps, &epochs];
        let varying = VaryingKeys::of(runs);
        assert_eq!(varying.keys(), ["sparsity", "train.kl.warm_up", "train.kl.weight", "train.schedule"]);
        let labels = runs.map(|run| varying.label(run));
        let wanted = [
            "dense, schedule constant",
            "W, KL warm-up 0, KL weight 1, schedule constant",
            "W, KL warm-up {steps: 30}, KL weight 0.5, schedule constant",
            "W, KL warm-up 2, KL weight 0.1, schedule {cosine: {to: 0.25}}",
        ];
        assert_eq!(labels, wanted);
        assert_eq!(settings(plain)["train.kl.weight"], 1);
        assert_eq!(settings(&epochs)["train.kl.weight"], 0.1);
        assert!(!settings(dense).contains_key("train.kl.weight"));
    }

    #[test]
    fn an_option_that_does_nothing_makes_no_difference() {
        assert_eq!(labels("sparsity: [dense, W]"), ["dense", "W"]);
        let kl = "sparsity: [dense, W], train.kl.weight: [0.1, 1]";
        assert_eq!(labels(kl), ["dense", "W, KL weight 0.1", "W, KL weight 1"]);
        let runs = runs(kl);
        let varying = VaryingKeys::of(&runs);
        let filters: Vec<String> = runs.iter().map(|run| varying.filter(run)).collect();
        assert_eq!(filters, ["sparsity=dense", "sparsity=W,train.kl.weight=0.1", "sparsity=W,train.kl.weight=1"]);
        let drop = "sparsity: [dense, W], train.drop_dead: [null, { after: 2, margin: 4 }]";
        let named = ["dense", "W, drop after none, drop margin none", "W, drop after 2, drop margin 4"];
        assert_eq!(labels(drop), named);
        // Without the level, nothing of the dense run is left to name.
        assert_eq!(varying.without(&["sparsity"]).label(&runs[0]), "dense");
    }

    #[test]
    fn a_value_with_commas_is_not_in_a_filter() {
        let mut runs = runs("seed: [0, 1]");
        runs[1].train.schedule = RateSchedule::Step(StepDecay { period: 2, factor: 0.5 });
        let varying = VaryingKeys::of(&runs);
        assert!(varying.label(&runs[1]).starts_with("schedule {step: {"), "{}", varying.label(&runs[1]));
        let filters: Vec<String> = runs.iter().map(|run| varying.filter(run)).collect();
        assert_eq!(filters, ["schedule=constant,seed=0", "seed=1"]);
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
        assert_eq!([short_name("train.kl.weight"), short_name("train.schedule")], ["KL weight", "schedule"]);
        assert_eq!(short_name("train.schedule.cosine.to"), "cosine.to", "a linear schedule has a `to`, too");
    }
}
