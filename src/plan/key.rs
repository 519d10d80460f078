//! The content key of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::spec::types::RunSpec;

/// Raised by hand when the same spec on the same data would give other numbers than before, beyond rounding: a changed
/// formula, noise stream, initialisation or data order. Every stored run of a lower number is stale from then on.
pub const NUMERICS: u32 = 1;

/// Hexadecimal digits of a key: 64 bits, enough that a million runs collide with a chance below 1e-7.
const DIGITS: usize = 16;

/// The key of a run and its parts: `spec` and `dataset` as blake3, `numerics` as a number.
///
/// The key is the first 16 hexadecimal digits of the blake3 hash over the parts. Where files lie and which git commit
/// made the program do not change it.
pub fn key(spec: &RunSpec, dataset_hash: &str) -> (String, BTreeMap<String, String>) {
    let json = serde_json::to_value(spec).unwrap_or(Value::Null);
    let parts: BTreeMap<String, String> = [
        ("spec".to_owned(), blake3::hash(canonical(&json).as_bytes()).to_hex().to_string()),
        ("dataset".to_owned(), dataset_hash.to_owned()),
        ("numerics".to_owned(), NUMERICS.to_string()),
    ]
    .into();
    let mut joined = String::new();
    for (name, value) in &parts {
        let _ = writeln!(joined, "{name}={value}");
    }
    let key = blake3::hash(joined.as_bytes()).to_hex()[..DIGITS].to_owned();
    (key, parts)
}

/// JSON without blanks, keys sorted.
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

    fn spec(more: &str) -> Result<RunSpec, crate::spec::SpecError> {
        let text = format!(
            "name: t\ndataset: d\nsparsity: W\nmodel: {{ kind: language-model, hidden: 4 }}\n\
             train: {{ epochs: 1, batch: 2, sequence: 3, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n{more}"
        );
        crate::spec::from_text(Utf8Path::new("t.yaml"), &text, &[], &[]).map(|mut experiment| experiment.runs.remove(0))
    }

    #[test]
    fn the_key_depends_on_what_is_meant_and_not_on_how_it_is_written() -> Result<(), crate::spec::SpecError> {
        let plain = key(&spec("")?, "h").0;
        assert_eq!(plain.len(), DIGITS);
        assert_eq!(plain, key(&spec("seed: 0\nbackend: flex\n")?, "h").0, "defaults written out");
        assert_ne!(plain, key(&spec("seed: 1\n")?, "h").0);
        assert_ne!(plain, key(&spec("")?, "other").0);
        Ok(())
    }

    #[test]
    fn canonical_json_sorts_keys() {
        assert_eq!(
            canonical(&serde_json::json!({ "b": [1, null], "a": { "d": 0.5, "c": "x" } })),
            r#"{"a":{"c":"x","d":0.5},"b":[1,null]}"#
        );
    }
}
