//! Short names of runs for the terminal, from the settings in which they differ.

use crate::cli::terminal_text::printable;
use sparsegate_pipeline::sweep::{ExperimentPlan, Sweep};
use sparsegate_spec::VaryingKeys;

/// One label per run, in order: the values of the keys that vary in the run's experiment, after the experiment's name
/// if there are several.
pub(in crate::cli) fn labels(sweep: &Sweep) -> Vec<String> {
    let experiments = sweep.experiments();
    let of_experiment = |planned: &ExperimentPlan| -> Vec<String> {
        let name = |label: String| match experiments.len() {
            1 => label,
            _ => format!("{}: {label}", planned.experiment.name),
        };
        labels_within(planned).into_iter().map(name).collect()
    };
    experiments.iter().flat_map(of_experiment).collect()
}

/// One label per run of an experiment, in order, without its name.
pub(in crate::cli) fn labels_within(planned: &ExperimentPlan) -> Vec<String> {
    let entries = &planned.plan.entries;
    let varying = VaryingKeys::of(entries.iter().map(|entry| &entry.spec));
    entries.iter().map(|entry| printable(&varying.label(&entry.spec))).collect()
}
