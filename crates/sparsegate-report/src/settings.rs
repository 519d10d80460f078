//! `where:` filters as text.

use std::collections::BTreeMap;

use serde_json::Value;

/// A filter as text, such as `W+N, seed 1`; `every run` for an empty one.
pub fn describe(filter: &BTreeMap<String, Value>) -> String {
    if filter.is_empty() {
        return "every run".into();
    }
    let one = |(name, value): (&String, &Value)| match name.as_str() {
        "task" | "sparsity" | "cell" | "model.cell" => plain(value),
        _ => format!("{name} {}", plain(value)),
    };
    let (task, others): (Vec<_>, Vec<_>) = filter.iter().partition(|(name, _)| *name == "task");
    task.into_iter().chain(others).map(one).collect::<Vec<_>>().join(", ")
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

    #[test]
    fn a_cell_needs_no_word_before_it() {
        let filter = serde_json::from_str(r#"{"model.cell":"gru","sparsity":["W","W+N"]}"#).expect("JSON");
        assert_eq!(describe(&filter), "gru, W or W+N");
    }
}
