//! Short names of runs for the terminal, from the settings in which they differ.

use super::PlannedSweep;
use sparsegate_spec::VaryingKeys;

/// One label per entry, over all sweeps in order: the values of the keys that vary in the entry's sweep, after the
/// experiment's name if there are several.
pub(super) fn labels(sweeps: &[PlannedSweep<'_>]) -> Vec<String> {
    let of_sweep = |sweep: &PlannedSweep<'_>| -> Vec<String> {
        let varying = VaryingKeys::of(sweep.plan.entries.iter().map(|entry| &entry.spec));
        let name = |label: String| match sweeps.len() {
            1 => label,
            _ => format!("{}: {label}", sweep.experiment.name),
        };
        sweep.plan.entries.iter().map(|entry| name(varying.label(&entry.spec))).collect()
    };
    sweeps.iter().flat_map(of_sweep).collect()
}
