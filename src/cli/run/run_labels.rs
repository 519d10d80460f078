//! Short names of runs for the terminal, from the settings in which they differ.

use sparsegate_pipeline::sweep::Sweep;
use sparsegate_spec::label;
use sparsegate_store::plan::PlanEntry;

/// Settings that may appear in a label, in order.
const KEYS: [&str; 6] = ["sparsity", "seed", "model.cell", "model.hidden", "dataset", "backend"];

/// One label per run, in order: the sparsity level, the other settings that differ, and a prefix of
/// the run's key if these are not unique.
pub(super) fn labels(sweep: &Sweep) -> Vec<String> {
    let entries: Vec<&PlanEntry> = sweep.runs().map(|run| run.entry).collect();
    let value = |entry: &PlanEntry, key: &str| label(&entry.spec, key).unwrap_or_default();
    let differs = |key: &str| entries.iter().any(|entry| value(entry, key) != value(entries[0], key));
    let keys: Vec<&str> = KEYS.into_iter().filter(|key| *key == "sparsity" || differs(key)).collect();
    let labels: Vec<String> = entries
        .iter()
        .map(|entry| {
            let parts = keys.iter().map(|key| match *key {
                "seed" => format!("seed {}", value(entry, key)),
                "model.hidden" => format!("hidden {}", value(entry, key)),
                _ => value(entry, key),
            });
            parts.collect::<Vec<_>>().join(" ")
        })
        .collect();
    let alone = |text: &str| labels.iter().filter(|other| *other == text).count() == 1;
    let named = labels.iter().zip(&entries).map(|(text, entry)| {
        if alone(text) { text.clone() } else { format!("{text} {}", &entry.key[..entry.key.len().min(8)]) }
    });
    named.collect()
}
