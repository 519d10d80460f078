//! `where` and `exclude`: which points they keep and drop.

use super::{OrderedMap, SweepPoint, down};
use crate::diagnostic::Diagnostic;
use crate::node::{Node, PathStep};
use crate::{keys, suggest};

/// Whether the point has the filter's value, or one of its values, for each of the filter's keys.
pub(super) fn matches(filter: &OrderedMap<Node>, point: &SweepPoint) -> bool {
    filter.0.iter().all(|(key, wanted)| {
        let found = point.iter().find(|assign| keys::resolve(key) == Some(assign.key.as_str()));
        found.is_some_and(|assign| any_of(wanted).iter().any(|value| value.label() == assign.value.label()))
    })
}

fn any_of(wanted: &Node) -> &[Node] {
    match wanted {
        Node::List(values) => values,
        one => std::slice::from_ref(one),
    }
}

pub(super) fn empty_filter(here: &[PathStep]) -> Diagnostic {
    Diagnostic::new(here, "an empty filter", "write keys and values")
}

/// Refuses filters on keys that are not swept over, on values that no point has, and filters that match no point.
pub(super) fn check_filter(
    filter: &OrderedMap<Node>,
    points: &[SweepPoint],
    here: &[PathStep],
) -> Result<(), Diagnostic> {
    if filter.0.is_empty() {
        return Err(empty_filter(here));
    }
    for (key, wanted) in &filter.0 {
        let at = down(here, key);
        let mut swept: Vec<&str> = Vec::new();
        let mut labels: Vec<String> = Vec::new();
        for assign in points.iter().flatten() {
            if !swept.contains(&assign.key.as_str()) {
                swept.push(&assign.key);
            }
            let label = assign.value.label();
            if keys::resolve(key) == Some(assign.key.as_str()) && !labels.contains(&label) {
                labels.push(label);
            }
        }
        if !keys::resolve(key).is_some_and(|full| swept.contains(&full)) {
            let help = suggest::hint(key, "keys swept over here", &swept);
            return Err(Diagnostic::new(&at, "not a key that this sweep sweeps over", help).on_key());
        }
        for value in any_of(wanted) {
            let label = value.label();
            if !labels.contains(&label) {
                let known: Vec<&str> = labels.iter().map(String::as_str).collect();
                let help = suggest::hint(&label, "values of this key here", &known);
                return Err(Diagnostic::new(&at, format!("no run of the sweep has `{label}`"), help));
            }
        }
    }
    let some = points.iter().any(|point| matches(filter, point));
    if some {
        Ok(())
    } else {
        Err(Diagnostic::new(here, "matches no run of the sweep", "use values that occur together in one run"))
    }
}
