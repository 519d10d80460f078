//! `--only` filters and `where:` clauses: selects runs by the values of their keys.

use std::collections::BTreeMap;

use super::keys;
use super::node::{Node, dotted};
use super::presets;
use super::suggest;
use super::types::RunSpec;

/// The value of `key` (dotted, or its last part) in `run`, as shown in tables: a level by its name, a number in its
/// shortest form. `None` if the key is unknown or has no value in this run.
pub fn label(run: &RunSpec, key: &str) -> Option<String> {
    let key = keys::resolve(key)?;
    // Filters name these most often, and writing out a whole spec takes a hundred times as long.
    match key {
        "seed" => return Some(run.seed.to_string()),
        "sparsity" => return Some(run.sparsity.name.clone()),
        "model.cell" => return Some(run.model.cell.name().to_owned()),
        _ => {}
    }
    label_in(&Node::from(serde_json::to_value(run).ok()?), run, key)
}

/// The same for the full name of a key; `node` is the run's spec written out.
pub(super) fn label_in(node: &Node, run: &RunSpec, key: &str) -> Option<String> {
    let stored = node.at(&dotted(key)).filter(|value| **value != Node::Null).map(Node::label);
    stored.or_else(|| default_of(run, key).map(str::to_owned))
}

/// The default of a training option that a spec does not mention; `None` if the option has no effect in this run.
/// Unlike older keys, these options are not stored when they have their default values.
fn default_of(run: &RunSpec, key: &str) -> Option<&'static str> {
    let variational = run.sparsity.is_variational();
    match key {
        "train.kl.weight" if variational => Some("1"),
        "train.kl.warm_up" if variational => Some("0"),
        "train.schedule" => Some("constant"),
        "train.lr_warm_up" => Some("0"),
        "train.select" => Some("last"),
        "train.drop_dead.after" | "train.drop_dead.margin" if variational => Some("none"),
        "train.drop_dead.preactivations" if variational => Some("false"),
        "train.start_from" if run.sparsity.name != presets::DENSE => Some("init"),
        _ => None,
    }
}

/// Whether a run matches a `where:` clause: for each key it has the value or one of the listed values.
pub fn matches(run: &RunSpec, wanted: &BTreeMap<String, serde_json::Value>) -> bool {
    wanted.iter().all(|(key, value)| {
        let Some(label) = label(run, key) else { return false };
        // A name such as `0.90` is a number in a YAML file that does not put it in quotes.
        let same = |value: &Node| value.label() == label || value.label() == canonical(&label);
        match Node::from(value.clone()) {
            Node::List(values) => values.iter().any(same),
            value => same(&value),
        }
    })
}

/// Which of the runs match at least one of `filters`, each `key=value[,key=value]`; all of them if there are none.
///
/// # Errors
/// Message and hint for an invalid filter, or one that matches no run.
pub fn matching(runs: &[&RunSpec], filters: &[String]) -> Result<Vec<bool>, (String, String)> {
    if filters.is_empty() {
        return Ok(vec![true; runs.len()]);
    }
    let mut keep = vec![false; runs.len()];
    for filter in filters {
        let mut matching = vec![true; runs.len()];
        for pair in filter.split(',') {
            let (key, wanted) = split(pair).ok_or_else(|| {
                (format!("--only {filter}: `{pair}` is not key=value"), "write it like sparsity=W+N,seed=0".to_owned())
            })?;
            let resolved = keys::resolve(key).ok_or_else(|| {
                (format!("--only {filter}: unknown key `{key}`"), suggest::hint(key, "known keys", keys::KEYS))
            })?;
            let labels: Vec<Option<String>> = runs.iter().map(|run| label(run, resolved)).collect();
            let same = |by: &dyn Fn(&str) -> bool| labels.iter().flatten().any(|label| by(label));
            // As written first: a level may have a name such as `0.90` or `1e-3`, which is no number to people.
            let value = canonical(wanted);
            let chosen: Box<dyn Fn(&str) -> bool> = if same(&|label| label == wanted) {
                Box::new(|label| label == wanted)
            } else if same(&|label| label == value) {
                Box::new(|label| label == value)
            } else {
                Box::new(|label| canonical(label) == value)
            };
            if !same(&*chosen) {
                let mut known: Vec<&str> = labels.iter().flatten().map(String::as_str).collect();
                let mut seen = std::collections::BTreeSet::new();
                known.retain(|label| seen.insert(*label));
                let help = if known.is_empty() {
                    format!("no run has a value of `{resolved}`")
                } else {
                    suggest::hint(wanted, &format!("values of `{resolved}` here"), &known)
                };
                return Err((format!("--only {filter}: no run has {key}={wanted}"), help));
            }
            for (flag, label) in matching.iter_mut().zip(&labels) {
                *flag &= label.as_deref().is_some_and(&*chosen);
            }
        }
        if !matching.contains(&true) {
            let help = "each value occurs, but not together; `plan` without --only lists the runs";
            return Err((format!("--only {filter}: no run has all of these values"), help.to_owned()));
        }
        for (flag, matched) in keep.iter_mut().zip(matching) {
            *flag |= matched;
        }
    }
    Ok(keep)
}

/// Splits `key=value`; `None` if either half is empty.
pub fn split(pair: &str) -> Option<(&str, &str)> {
    let (key, value) = pair.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    (!key.is_empty() && !value.is_empty()).then_some((key, value))
}

/// A value in the form of [`label`], so that 2e-3 matches 0.002.
fn canonical(value: &str) -> String {
    serde_yaml::from_str::<Node>(value).map_or_else(|_| value.to_owned(), |node| node.label())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs with levels of these names.
    fn runs(names: &[&str]) -> Vec<RunSpec> {
        let level = |name: &&str| format!("{{ name: '{name}', weights: none, neurons: none, gates: none }}");
        let levels = names.iter().map(level).collect::<Vec<_>>().join(", ");
        let text = format!(
            "name: t\ndataset: d\nmodel: {{ kind: language-model, hidden: 4 }}\n\
             train: {{ epochs: 1e1, batch: 2, sequence: 3, carry_state: true, optimizer: {{ adam: {{ lr: 2e-3 }} }} }}\n\
             sweep: {{ product: {{ sparsity: [{levels}], seed: [0] }} }}\n"
        );
        crate::experiment::from_text("t.yaml".into(), &text, &[], &[]).unwrap().runs
    }

    fn kept(names: &[&str], filter: &str) -> Vec<bool> {
        let runs = runs(names);
        matching(&runs.iter().collect::<Vec<_>>(), &[filter.to_owned()]).unwrap()
    }

    #[test]
    fn names_that_look_like_values_are_found_as_written() {
        let names = ["0.90", "1e-3", "W: x", "dense"];
        for (index, name) in names.iter().enumerate() {
            let found = kept(&names, &format!("sparsity={name}"));
            assert_eq!(found.iter().position(|keep| *keep), Some(index), "{name}");
            assert_eq!(found.iter().filter(|keep| **keep).count(), 1, "{name}");
        }
        assert_eq!(kept(&names, "sparsity=0.9"), [true, false, false, false]);
        assert_eq!(kept(&["0.9", "0.90"], "sparsity=0.90"), [false, true]);
        assert_eq!(kept(&["0.9", "0.90"], "lr=0.002"), [true, true]);
        assert_eq!(kept(&["a"], "epochs=10"), [true]);
    }
}
