//! Finds a stored run by its settings: `EXPERIMENT`, or `EXPERIMENT:KEY=VALUE,...`, if exactly one run matches.

use super::{FindRunError, has_record};
use crate::index::Index;
use crate::store::is_key;
use crate::{RunDir, Store, StoreError, experiments};
use sparsegate_spec::VaryingKeys;
use sparsegate_spec::types::RunSpec;

/// The stored run that `text` names; `None` unless it begins with the name of an experiment that has stored runs.
///
/// # Errors
/// An invalid filter, or one that no run or several runs match; an unreadable `run.json`.
pub(super) fn find(store: &Store, text: &str) -> Result<Option<RunDir>, FindRunError> {
    let Some(mut found) = matching(store, text)? else { return Ok(None) };
    if found.len() > 1 {
        let runs = found.iter().map(|(run, label)| format!("{} ({label})", run.key())).collect();
        let (text, experiment) = (text.to_owned(), name_and_filter(text).0.to_owned());
        let example = found.first().map(|(_, label)| label.clone()).filter(|label| !label.is_empty());
        return Err(FindRunError::SeveralSettings { text, experiment, runs, example });
    }
    Ok(found.pop().map(|(run, _)| run))
}

/// The experiment and the filter in `EXPERIMENT:KEY=VALUE,...`.
fn name_and_filter(text: &str) -> (&str, Option<&str>) {
    text.split_once(':').map_or((text, None), |(name, wanted)| (name, Some(wanted)))
}

/// The stored runs that match, each with the settings in which the runs of the experiment differ; `None` unless `text`
/// begins with the name of an experiment that has stored runs.
///
/// # Errors
/// An invalid filter, or one that no run matches; an unreadable `run.json`.
pub(super) fn matching(store: &Store, text: &str) -> Result<Option<Vec<(RunDir, String)>>, FindRunError> {
    let (experiment, wanted) = name_and_filter(text);
    if !is_name(experiment) {
        return Ok(None);
    }
    let index = Index::read(store.root());
    let runs = store.of_experiment(experiment)?;
    let filters: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    if let Some(run) = only_one(&index, &runs, &filters) {
        return Ok(Some(vec![(run, String::new())]));
    }
    let mut stored = Vec::new();
    for run in runs {
        let record = match index.record(&run) {
            Some(known) => Some(known),
            None => run.record()?,
        };
        if let Some(record) = record {
            if is_key(run.key()) && run.key() != record.key {
                // Its settings are those of another run.
                run.verify()?;
            }
            stored.push((run, record.spec));
        }
    }
    if stored.is_empty() {
        return without_record(store, experiment).map_or(Ok(None), |damage| Err(damage.into()));
    }
    let specs: Vec<&RunSpec> = stored.iter().map(|(_, spec)| spec).collect();
    let keep = sparsegate_spec::matching(&specs, &filters).map_err(|(problem, hint)| {
        let problem = problem.replacen("--only ", &format!("{experiment}:"), 1);
        without_record(store, experiment).map_or(FindRunError::Filter { problem, hint }, FindRunError::Store)
    })?;
    let varying = VaryingKeys::of(specs.iter().copied());
    let labels: Vec<String> = specs.iter().map(|spec| varying.filter(spec)).collect();
    let found = stored.into_iter().zip(labels).zip(keep).filter(|(_, keep)| *keep);
    Ok(Some(found.map(|(((run, _), label), _)| (run, label)).collect()))
}

/// The damage of a run of `experiment` whose `run.json` is gone, so that nobody knows whether it is the wanted one.
fn without_record(store: &Store, experiment: &str) -> Option<StoreError> {
    let known = experiments::read(store.root()).ok()?;
    let keys = known.get(experiment)?.iter().filter(|key| store.has(key));
    let mut dirs = keys.map(|key| store.dir(experiment, key)).filter(|dir| !has_record(dir.path()));
    dirs.find_map(|dir| dir.verify().err())
}

/// The only run that matches, found among those whose record in the index contains the wanted level and seed as text.
/// The others need not be parsed: they have another level or another seed. `None` if this is not possible, or not
/// decisive.
fn only_one(index: &Index, runs: &[RunDir], filters: &[String]) -> Option<RunDir> {
    let [filter] = filters else { return None };
    let mut texts = Vec::new();
    for pair in filter.split(',') {
        let (key, value) = pair.split_once('=')?;
        match (key.trim(), value.trim()) {
            ("seed", seed) if seed.bytes().all(|byte| byte.is_ascii_digit()) => {
                texts.push([format!("\"seed\":{seed},"), format!("\"seed\":{seed}}}")]);
            }
            ("sparsity", level) => {
                let level = format!("\"sparsity\":{{\"name\":{},", serde_json::Value::from(level));
                texts.push([level.clone(), level]);
            }
            _ => {}
        }
    }
    if texts.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for run in runs {
        // A run that the index does not know could match, too.
        let text = index.record_text(run)?;
        if texts.iter().all(|either| either.iter().any(|wanted| text.contains(wanted.as_str()))) {
            found.push((run, index.record(run)?.spec));
        }
    }
    let specs: Vec<&RunSpec> = found.iter().map(|(_, spec)| spec).collect();
    let keep = sparsegate_spec::matching(&specs, filters).ok()?;
    let mut matching = found.iter().zip(keep).filter(|(_, keep)| *keep).map(|((run, _), _)| *run);
    matching.next().filter(|_| matching.next().is_none()).cloned()
}

/// Whether `name` is a plain folder name, so that it cannot lead out of the runs folder.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
}
