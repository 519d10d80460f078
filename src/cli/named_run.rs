//! A run by what it is: `EXPERIMENT`, or `EXPERIMENT:KEY=VALUE,...`, where one stored run is meant.

use super::args::Global;
use super::{CliError, Exit};
use sparsegate_spec::types::RunSpec;
use sparsegate_store::{RunDir, runs};

/// What tells the runs of an experiment apart, in the order in which it is told.
const TELLING: [&str; 5] = ["sparsity", "cell", "seed", "epochs", "backend"];

/// The stored run that `text` names, if it begins with the name of an experiment that has runs.
///
/// # Errors
/// A filter that is wrong or that no run matches, or several do (exit code 2); a `run.json` that cannot be read (4).
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
    let labels: Vec<String> = specs.iter().map(|spec| label(spec, &specs)).collect();
    let mut found: Vec<_> = stored.into_iter().zip(labels).zip(keep).filter(|(_, keep)| *keep).collect();
    if found.len() > 1 {
        let names = found.iter().take(5).map(|(((run, _), label), _)| format!("{} ({label})", run.key()));
        let more = if found.len() > 5 { ", ..." } else { "" };
        let names = names.collect::<Vec<_>>().join(", ");
        return Err(CliError::new(Exit::Usage, format!("`{text}` may be any of {} runs: {names}{more}", found.len()))
            .help(format!(
                "write the key, or what tells the run from the others, such as {experiment}:sparsity=W+G+N,seed=0"
            )));
    }
    Ok(found.pop().map(|(((run, _), _), _)| run))
}

/// Whether `name` stays inside the folder of runs.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\'])
}

/// The values of a run that not all of the experiment's have, as a filter would have them.
fn label(spec: &RunSpec, all: &[&RunSpec]) -> String {
    let told = TELLING.iter().filter_map(|key| {
        let value = sparsegate_spec::label(spec, key)?;
        let differs = all.iter().any(|other| sparsegate_spec::label(other, key).as_deref() != Some(&value));
        differs.then(|| format!("{key}={value}"))
    });
    told.collect::<Vec<_>>().join(",")
}
