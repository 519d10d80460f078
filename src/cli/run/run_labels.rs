//! Short names of runs for the terminal, from the settings in which they differ.

use sparsegate_pipeline::sweep::Sweep;
use sparsegate_spec::label;
use sparsegate_store::plan::PlanEntry;

/// Settings that may appear in a label, in order, with the words before their values.
const KEYS: [(&str, &str); 10] = [
    ("sparsity", ""),
    ("seed", "seed "),
    ("model.cell", ""),
    ("model.hidden", "hidden "),
    ("train.kl.weight", "KL weight "),
    ("train.kl.warm_up", "KL warm-up "),
    ("train.schedule", "schedule "),
    ("train.select", "select "),
    ("dataset", ""),
    ("backend", ""),
];

/// One label per run, in order: the sparsity level, the other settings that differ, and a prefix of
/// the run's key if these are not unique.
pub(super) fn labels(sweep: &Sweep) -> Vec<String> {
    let entries: Vec<&PlanEntry> = sweep.runs().map(|run| run.entry).collect();
    let differs = |key: &str| {
        // A dense network has no KL term, which makes no difference that a label should name.
        let mut values = entries.iter().filter_map(|entry| label(&entry.spec, key));
        values.next().is_some_and(|first| values.any(|other| other != first))
    };
    let keys: Vec<_> = KEYS.into_iter().filter(|(key, _)| *key == "sparsity" || differs(key)).collect();
    let labels: Vec<String> = entries
        .iter()
        .map(|entry| {
            let part = |(key, words): &(&str, &str)| Some(format!("{words}{}", label(&entry.spec, key)?));
            keys.iter().filter_map(part).collect::<Vec<_>>().join(" ")
        })
        .collect();
    let alone = |text: &str| labels.iter().filter(|other| *other == text).count() == 1;
    let named = labels.iter().zip(&entries).map(|(text, entry)| {
        if alone(text) { text.clone() } else { format!("{text} {}", &entry.key[..entry.key.len().min(8)]) }
    });
    named.collect()
}
