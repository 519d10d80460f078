//! Finds a stored run by its settings: `EXPERIMENT`, or `EXPERIMENT:KEY=VALUE,...`, if exactly one run matches.

use super::FindRunError;
use crate::{RunDir, Store};
use sparsegate_spec::VaryingKeys;
use sparsegate_spec::types::RunSpec;

/// The stored run that `text` names; `None` unless it begins with the name of an experiment that has stored runs.
///
/// # Errors
/// An invalid filter, or one that no run or several runs match; an unreadable `run.json`.
pub(super) fn find(store: &Store, text: &str) -> Result<Option<RunDir>, FindRunError> {
    let (experiment, wanted) = text.split_once(':').map_or((text, None), |(name, wanted)| (name, Some(wanted)));
    if !is_name(experiment) {
        return Ok(None);
    }
    let mut stored = Vec::new();
    for run in store.of_experiment(experiment)? {
        if let Some(record) = run.record()? {
            stored.push((run, record.spec));
        }
    }
    if stored.is_empty() {
        return Ok(None);
    }
    let specs: Vec<&RunSpec> = stored.iter().map(|(_, spec)| spec).collect();
    let filters: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    let keep = sparsegate_spec::matching(&specs, &filters).map_err(|(problem, hint)| {
        let problem = problem.replacen("--only ", &format!("{experiment}:"), 1);
        FindRunError::Filter { problem, hint }
    })?;
    let varying = VaryingKeys::of(specs.iter().copied());
    let mut found: Vec<_> = stored.iter().zip(keep).filter(|(_, keep)| *keep).map(|(stored, _)| stored).collect();
    if found.len() > 1 {
        let label = |spec| varying.filter(spec);
        let runs = found.iter().map(|(run, spec)| format!("{} ({})", run.key(), label(spec))).collect();
        let (text, experiment) = (text.to_owned(), experiment.to_owned());
        let example = found.first().map(|(_, spec)| label(spec)).filter(|label| !label.is_empty());
        return Err(FindRunError::SeveralSettings { text, experiment, runs, example });
    }
    Ok(found.pop().map(|(run, _)| run.clone()))
}

/// Whether `name` is a plain folder name, so that it cannot lead out of the runs folder.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
}
