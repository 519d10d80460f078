//! Checks the `expect:` section before anything is trained.

use super::diagnostic::Diagnostic;
use super::filter;
use super::keys;
use super::node::{Node, PathStep, dotted};
use super::suggest;
use super::types::{Expectation, MetricRef, RunSpec};
use sparsegate_core::cells::CELLS;

/// The metrics of claims, except the kept gates of one kind, whose names depend on the cells.
const METRICS: &[&str] = &[
    "valid.perplexity",
    "test.perplexity",
    "valid.bits_per_char",
    "test.bits_per_char",
    "valid.accuracy",
    "test.accuracy",
    "train_objective",
    "compression",
    "compression.exact",
    "weights.kept",
    "vocabulary.kept",
    "inputs.kept",
    "neurons.kept",
    "gates.kept",
];

/// All metrics of claims: those of every run, then `gates.KIND.kept` for each kind of preactivation of each cell.
pub fn metrics() -> Vec<String> {
    let kinds = CELLS.iter().flat_map(|cell| cell.preactivations()).map(|kind| format!("gates.{}.kept", kind.name));
    let mut names: Vec<String> = METRICS.iter().map(|&name| name.to_owned()).collect();
    for name in kinds {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Refuses claims about unknown metrics or runs that are not in the sweep, and empty claims.
///
/// # Errors
/// The first such claim.
pub fn check(expect: &[Expectation], runs: &[RunSpec]) -> Result<(), Diagnostic> {
    for (index, expectation) in expect.iter().enumerate() {
        let here = vec![PathStep::Key("expect".into()), PathStep::Index(index)];
        if expectation.claims.is_empty() && expectation.claim.is_none() {
            return Err(Diagnostic::new(&here, "contains no claim", "add `claims: [...]` or `claim: { less: [...] }`"));
        }
        if expectation.seeds == Some(0) {
            return Err(Diagnostic::new(
                &down(&here, "seeds"),
                "no seed is no claim",
                "write at least 1, or leave it out",
            ));
        }
        if let Some(wanted) = &expectation.r#where {
            clause(wanted, runs, &down(&here, "where"))?;
        }
        for (index, claim) in expectation.claims.iter().enumerate() {
            let mut at = down(&here, "claims");
            at.push(PathStep::Index(index));
            metric(&claim.metric, &at)?;
            if !claim.value.is_finite() {
                return Err(Diagnostic::new(&down(&at, "value"), "not a finite number", "write the published value"));
            }
        }
        if let Some(order) = &expectation.claim {
            let at = down(&down(&here, "claim"), "less");
            for (index, MetricRef { metric: name, r#where: wanted }) in order.less.iter().enumerate() {
                let mut at = at.clone();
                at.push(PathStep::Index(index));
                metric(name, &at)?;
                clause(wanted, runs, &down(&at, "where"))?;
            }
            if order.less[0] == order.less[1] {
                return Err(Diagnostic::new(&at, "both sides are the same", "name two different metrics or runs"));
            }
        }
    }
    Ok(())
}

/// Refuses a `where` without keys, which would stand for every run, of every task. `tree` is the experiment file.
///
/// # Errors
/// The first such `where`.
pub fn refuse_empty_where(tree: &Node) -> Result<(), Diagnostic> {
    let Some(Node::List(entries)) = tree.get("expect") else { return Ok(()) };
    let empty = |entry: &Node| match entry.get("where") {
        Some(Node::Null) => true,
        Some(Node::Map(keys)) => keys.is_empty(),
        _ => false,
    };
    for (index, entry) in entries.iter().enumerate() {
        let here = vec![PathStep::Key("expect".into()), PathStep::Index(index)];
        let less = dotted("claim.less");
        let sides = match entry.at(&less) {
            Some(Node::List(sides)) => sides.as_slice(),
            _ => &[],
        };
        let side = |(index, side)| ([here.clone(), less.clone(), vec![PathStep::Index(index)]].concat(), side);
        let all = std::iter::once((here.clone(), entry)).chain(sides.iter().enumerate().map(side));
        if let Some((path, _)) = { all }.find(|(_, entry)| empty(entry)) {
            let help = "write keys and values, such as `where: { sparsity: W }`; leave `where` out for every run";
            return Err(Diagnostic::new(&down(&path, "where"), "an empty filter", help).on_key());
        }
    }
    Ok(())
}

fn down(here: &[PathStep], key: &str) -> Vec<PathStep> {
    let mut path = here.to_vec();
    path.push(PathStep::Key(key.to_owned()));
    path
}

fn metric(name: &str, at: &[PathStep]) -> Result<(), Diagnostic> {
    let known = metrics();
    if known.iter().any(|metric| metric == name) {
        return Ok(());
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let help = suggest::hint(name, "known metrics", &known);
    Err(Diagnostic::new(&down(at, "metric"), format!("unknown metric `{name}`"), help))
}

fn clause(
    wanted: &std::collections::BTreeMap<String, serde_json::Value>,
    runs: &[RunSpec],
    here: &[PathStep],
) -> Result<(), Diagnostic> {
    for (key, value) in wanted {
        let at = down(here, key);
        if keys::resolve(key).is_none() {
            return Err(
                Diagnostic::new(&at, "not a key of a run", suggest::hint(key, "known keys", keys::KEYS)).on_key()
            );
        }
        let values = match value {
            serde_json::Value::Array(values) => values.clone(),
            one => vec![one.clone()],
        };
        if values.is_empty() {
            return Err(Diagnostic::new(&at, "an empty list matches no run", "list at least one value"));
        }
        for value in values {
            let one = [(key.clone(), value.clone())].into();
            if runs.iter().any(|run| filter::matches(run, &one)) {
                continue;
            }
            let mut known: Vec<String> = runs.iter().filter_map(|run| filter::label(run, key)).collect();
            known.sort();
            known.dedup();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let label = Node::from(value).label();
            let help = suggest::hint(&label, "values of this key here", &known);
            return Err(Diagnostic::new(&at, format!("no run of the experiment has `{label}`"), help));
        }
    }
    if runs.iter().any(|run| filter::matches(run, wanted)) {
        Ok(())
    } else {
        Err(Diagnostic::new(
            here,
            "no run of the experiment has all of these values",
            "use values that occur together in one run",
        ))
    }
}
