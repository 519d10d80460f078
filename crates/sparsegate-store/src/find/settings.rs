//! Finds a stored run by its settings: `EXPERIMENT`, or `EXPERIMENT:KEY=VALUE,...`, if exactly one run matches.

use camino::Utf8Path;

use super::FindRunError;
use crate::{RunDir, runs};
use sparsegate_spec::VaryingKeys;
use sparsegate_spec::types::RunSpec;

/// The stored run that `text` names; `None` unless it begins with the name of an experiment that has stored runs.
///
/// # Errors
/// An invalid filter, or one that no run or several runs match; an unreadable `run.json`.
pub(super) fn find(root: &Utf8Path, text: &str) -> Result<Option<RunDir>, FindRunError> {
    let (experiment, wanted) = text.split_once(':').map_or((text, None), |(name, wanted)| (name, Some(wanted)));
    if !is_name(experiment) {
        return Ok(None);
    }
    let mut stored = Vec::new();
    for run in runs(root, experiment)? {
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
    let labels: Vec<String> = specs.iter().map(|spec| varying.filter(spec)).collect();
    let mut found: Vec<_> = stored.into_iter().zip(labels).zip(keep).filter(|(_, keep)| *keep).collect();
    if found.len() > 1 {
        let runs = found.iter().map(|(((run, _), label), _)| format!("{} ({label})", run.key())).collect();
        let (text, experiment) = (text.to_owned(), experiment.to_owned());
        let example = found.first().map(|((_, label), _)| label.clone()).filter(|label| !label.is_empty());
        return Err(FindRunError::SeveralSettings { text, experiment, runs, example });
    }
    Ok(found.pop().map(|(((run, _), _), _)| run))
}

/// Whether `name` is a plain folder name, so that it cannot lead out of the runs folder.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
}
