//! The key of a run: a hash of its spec, its data set, its pretrained vectors if it has any, the numerics version and
//! the key of the run that it starts from, if there is one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::format::RunRecord;
use crate::store::KEY_DIGITS;
use sparsegate_spec::Hashes;
use sparsegate_spec::types::RunSpec;

/// Version of the numerical results. It is raised by hand when the same spec and data would give results that differ by
/// more than rounding, after a change of a formula, noise stream, initialisation or data order. All stored runs with a
/// lower number are then stale.
pub const NUMERICS: u32 = 1;

/// Name of the part of a key that is the key of the run from which the run starts.
pub const START_FROM: &str = "start_from";

/// Name of the part of a key that is the hash of the spec.
const SPEC: &str = "spec";

/// The key of a run and its parts: `spec`, `dataset` and, if the run starts from pretrained vectors, `vectors`, each a
/// blake3 hash; `numerics`, a number; and, if it starts from another run, `start_from`, that run's key.
///
/// The key is the first 16 hexadecimal digits of the blake3 hash of the parts. It does not depend on the location of
/// files, the git commit of the program, or which of several devices of the same kind is used. The spec's hash includes
/// the experiment's name, so equal runs of two experiments have different keys. The run of a task is hashed with the
/// task's name instead: all experiments give it the same key, and so does an experiment of this name that writes out
/// data set, network and training.
pub fn key(spec: &RunSpec, hashes: &Hashes) -> (String, BTreeMap<String, String>) {
    let mut parts: BTreeMap<String, String> = [
        (SPEC.to_owned(), spec_hash(spec)),
        ("dataset".to_owned(), hashes.dataset.clone()),
        ("numerics".to_owned(), NUMERICS.to_string()),
    ]
    .into();
    if let Some(hash) = hashes.vectors_of(spec) {
        parts.insert("vectors".to_owned(), hash.to_owned());
    }
    if let Some(parent) = spec.parent() {
        parts.insert(START_FROM.to_owned(), key(&parent, hashes).0);
    }
    (of_parts(&parts), parts)
}

/// Checks that a record's spec and key are those that its key was computed from.
///
/// # Errors
/// What does not fit.
pub(crate) fn check_key(record: &RunRecord) -> Result<(), String> {
    if record.key_parts.get(SPEC) != Some(&spec_hash(&record.spec)) {
        return Err("its spec is not the one that its key was computed from".to_owned());
    }
    if of_parts(&record.key_parts) != record.key {
        return Err("its key is not that of its parts".to_owned());
    }
    Ok(())
}

fn spec_hash(spec: &RunSpec) -> String {
    let experiment = spec.task.clone().unwrap_or_else(|| spec.experiment.clone());
    let spec = &RunSpec { experiment, task: None, backend: spec.backend.any_device(), ..spec.clone() };
    let json = serde_json::to_value(spec).unwrap_or(Value::Null);
    blake3::hash(canonical(&json).as_bytes()).to_hex().to_string()
}

fn of_parts(parts: &BTreeMap<String, String>) -> String {
    let mut joined = String::new();
    for (name, value) in parts {
        let _ = writeln!(joined, "{name}={value}");
    }
    blake3::hash(joined.as_bytes()).to_hex()[..KEY_DIGITS].to_owned()
}

/// JSON without blanks and with sorted keys.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let entries =
                sorted.into_iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;

    fn spec(more: &str) -> Result<RunSpec, sparsegate_spec::SpecError> {
        let text = format!(
            "name: t\ndataset: d\nsparsity: W\nmodel: {{ kind: language-model, hidden: 4 }}\n\
             train: {{ epochs: 1, batch: 2, sequence: 3, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n{more}"
        );
        sparsegate_spec::from_text(Utf8Path::new("t.yaml"), &text, &[], &[])
            .map(|mut experiment| experiment.runs.remove(0))
    }

    #[test]
    fn the_key_depends_on_what_is_meant_and_not_on_how_it_is_written() -> Result<(), sparsegate_spec::SpecError> {
        let key = |spec: &RunSpec, dataset: &str| {
            key(spec, &Hashes { dataset: dataset.to_owned(), vectors: BTreeMap::new() }).0
        };
        let plain = key(&spec("")?, "h");
        assert_eq!(plain.len(), KEY_DIGITS);
        assert_eq!(plain, "2cf1b34306214806", "an option that a spec does not name must not enter its key");
        assert_eq!(plain, key(&spec("seed: 0\nbackend: flex\n")?, "h"), "defaults written out");
        assert_ne!(plain, key(&spec("seed: 1\n")?, "h"));
        assert_ne!(plain, key(&spec("")?, "other"));
        Ok(())
    }

    #[test]
    fn vectors_are_part_of_the_key_of_runs_that_start_from_them() {
        let of = |vectors: &str, hash: &str| {
            let text = format!(
                "name: t\ndataset: d\nsparsity: W\n\
                 model: {{ kind: classification, hidden: 4, embedding: {{ size: 2, vectors: {vectors} }} }}\n\
                 train: {{ epochs: 1, batch: 2, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n"
            );
            let run = sparsegate_spec::from_text(Utf8Path::new("t.yaml"), &text, &[], &[]).unwrap().runs.remove(0);
            key(&run, &Hashes { dataset: "d".into(), vectors: [("v".to_owned(), hash.to_owned())].into() })
        };
        assert_ne!(of("v", "1").0, of("v", "2").0);
        assert_eq!(of("none", "1"), of("none", "2"));
        assert_eq!(of("v", "1").1.get("vectors").map(String::as_str), Some("1"));
        assert_eq!(of("none", "1").1.get("vectors"), None);
    }

    #[test]
    fn the_parent_is_part_of_the_key_of_a_run_that_starts_from_it() -> Result<(), sparsegate_spec::SpecError> {
        let of = |set: &[&str], dataset: &str| {
            let text = "name: t\ndataset: d\nsparsity: W\nmodel: { kind: language-model, hidden: 4 }\n\
                        train: { epochs: 1, batch: 2, sequence: 3, carry_state: true, start_from: dense, \
                        optimizer: { adam: { lr: 2e-3 } } }\n";
            let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
            let run = sparsegate_spec::from_text(Utf8Path::new("t.yaml"), text, &set, &[])?.runs.remove(0);
            Ok(key(&run, &Hashes { dataset: dataset.to_owned(), vectors: BTreeMap::new() }))
        };
        let (child, parts) = of(&[], "h")?;
        let (dense, of_dense) = of(&["sparsity=dense"], "h")?;
        assert_eq!(parts.get(START_FROM), Some(&dense));
        assert_eq!(of_dense.get(START_FROM), None, "at the level `dense` the option has no effect");
        assert_eq!(dense, of(&["sparsity=dense", "train.start_from=init"], "h")?.0);
        assert_eq!(
            of(&["train.start_from=init"], "h")?.0,
            key(&spec("")?, &Hashes { dataset: "h".into(), vectors: BTreeMap::new() }).0
        );
        assert_ne!(child, of(&["train.start_from=init"], "h")?.0);
        assert_eq!(
            of(&["train.kl={ weight: 0.1 }"], "h")?.1.get(START_FROM),
            Some(&dense),
            "a dense run has no KL term"
        );
        assert_ne!(of(&["seed=1"], "h")?.1.get(START_FROM), Some(&dense));
        Ok(())
    }

    #[test]
    fn the_run_of_a_task_has_the_key_of_an_experiment_of_that_name() {
        let hashes = Hashes { dataset: "h".into(), vectors: BTreeMap::new() };
        let plain = spec("").unwrap();
        let of = |experiment: &str, task: &str| {
            let (experiment, task) = (experiment.to_owned(), Some(task.to_owned()));
            key(&RunSpec { experiment, task, ..plain.clone() }, &hashes)
        };
        assert_eq!(of("paper", "t"), key(&plain, &hashes));
        assert_eq!(of("paper", "t"), of("other", "t"));
        assert_ne!(of("paper", "t").0, of("paper", "u").0);
    }

    #[test]
    fn canonical_json_sorts_keys() {
        assert_eq!(
            canonical(&serde_json::json!({ "b": [1, null], "a": { "d": 0.5, "c": "x" } })),
            r#"{"a":{"c":"x","d":0.5},"b":[1,null]}"#
        );
    }
}
