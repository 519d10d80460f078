//! Finds a stored run by its settings: `EXPERIMENT`, or `EXPERIMENT:KEY=VALUE,...`, if exactly one run matches.

use super::args::Global;
use super::{CliError, Exit};
use sparsegate_spec::VaryingKeys;
use sparsegate_spec::types::RunSpec;
use sparsegate_store::{RunDir, runs};

/// The stored run that `text` names; `None` unless it begins with the name of an experiment that has stored runs.
///
/// # Errors
/// An invalid filter, or one that no run or several runs match (exit code 2); an unreadable `run.json` (4).
pub fn find(global: &Global, text: &str) -> Result<Option<RunDir>, CliError> {
    let (experiment, wanted) = text.split_once(':').map_or((text, None), |(name, wanted)| (name, Some(wanted)));
    if !is_name(experiment) {
        return Ok(None);
    }
    let mut stored = Vec::new();
    for run in runs(&global.root, experiment).map_err(CliError::data)? {
        if let Some(record) = run.record().map_err(CliError::data)? {
            stored.push((run, record.spec));
        }
    }
    if stored.is_empty() {
        return Ok(None);
    }
    let specs: Vec<&RunSpec> = stored.iter().map(|(_, spec)| spec).collect();
    let filters: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
    let keep = sparsegate_spec::matching(&specs, &filters).map_err(|(problem, help)| {
        let problem = problem.replacen("--only ", &format!("{experiment}:"), 1);
        CliError::new(Exit::Usage, problem).help(help)
    })?;
    let varying = VaryingKeys::of(specs.iter().copied());
    let labels: Vec<String> = specs.iter().map(|spec| varying.filter(spec)).collect();
    let mut found: Vec<_> = stored.into_iter().zip(labels).zip(keep).filter(|(_, keep)| *keep).collect();
    if found.len() > 1 {
        let names = found.iter().take(5).map(|(((run, _), label), _)| format!("{} ({label})", run.key()));
        let more = if found.len() > 5 { ", ..." } else { "" };
        let names = names.collect::<Vec<_>>().join(", ");
        let example = found.first().map(|((_, label), _)| label.as_str()).filter(|label| !label.is_empty());
        let example =
            example.map_or_else(String::new, |label| format!(", or its settings, such as {experiment}:{label}"));
        return Err(CliError::new(Exit::Usage, format!("`{text}` matches {} runs: {names}{more}", found.len()))
            .help(format!("give the key{example}")));
    }
    Ok(found.pop().map(|(((run, _), _), _)| run))
}

/// Whether `name` is a plain folder name, so that it cannot lead out of the runs folder.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
}
