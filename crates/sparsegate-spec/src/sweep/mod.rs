//! Expands sweeps into points; a point is a list of assignments to dotted keys.
//!
//! Within one sweep: (1) `product`, `zip` and `concat` each give points, which are combined as a Cartesian product, the
//! first varying slowest; (2) `where` keeps points, (3) `exclude` drops points, (4) `include` appends points. Each
//! sweep inside `concat` is expanded by the same rules first.

mod filter;
mod ordered_map;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use filter::{check_filter, empty_filter, matches};
pub use ordered_map::OrderedMap;

use super::diagnostic::Diagnostic;
use super::keys;
use super::node::{Node, PathStep};
use super::suggest;

/// Maximum number of runs; more are assumed to be an error.
pub const MAX_RUNS: usize = 10_000;

/// The `sweep:` section.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Sweep")]
pub struct SweepSpec {
    /// All combinations of the listed values; the first key varies slowest.
    #[serde(default)]
    product: Option<OrderedMap<Vec<Node>>>,
    /// The first values of all keys together, then the second values, and so on; the lists must have equal lengths.
    #[serde(default)]
    zip: Option<OrderedMap<Vec<Node>>>,
    /// The points of several sweeps, one after the other.
    #[serde(default)]
    concat: Option<Vec<SweepSpec>>,
    /// Keeps only points that have the value, or one of the listed values, for each key here.
    #[serde(default)]
    r#where: Option<OrderedMap<Node>>,
    /// Drops points that match all keys of an entry.
    #[serde(default)]
    exclude: Option<Vec<OrderedMap<Node>>>,
    /// Further points, appended after `where` and `exclude`.
    #[serde(default)]
    include: Option<Vec<OrderedMap<Node>>>,
}

impl JsonSchema for Node {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// One assignment of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Dotted key of a run's spec.
    pub key: String,
    /// Its value.
    pub value: Node,
    /// Path of the value in the file.
    pub origin: Vec<PathStep>,
}

/// The assignments that turn the base document into the document of one run.
pub type SweepPoint = Vec<Assignment>;

impl SweepSpec {
    /// Refuses `where:` without anything after it, which reading takes for no `where`. `written` is this sweep in the
    /// file, at the path `here`.
    ///
    /// # Errors
    /// The first empty `where`, also of a sweep inside `concat`.
    pub fn refuse_empty_where(&self, written: Option<&Node>, here: &[PathStep]) -> Result<(), Diagnostic> {
        if written.and_then(|sweep| sweep.get("where")) == Some(&Node::Null) {
            return Err(empty_filter(&down(here, "where")).on_key());
        }
        for (index, inner) in self.concat.iter().flatten().enumerate() {
            let mut here = down(here, "concat");
            here.push(PathStep::Index(index));
            let written = written.and_then(|sweep| sweep.at(&[PathStep::Key("concat".into()), PathStep::Index(index)]));
            inner.refuse_empty_where(written, &here)?;
        }
        Ok(())
    }

    /// Expands the sweep into its points, in order. `here` is the path of this sweep in the file.
    ///
    /// # Errors
    /// An unknown or repeated key, lists of unequal length, an empty axis, a filter that matches nothing, no points.
    pub fn points(&self, here: &[PathStep]) -> Result<Vec<SweepPoint>, Diagnostic> {
        let mut parts = Vec::new();
        if let Some(axes) = &self.product {
            parts.push(product(axes, &down(here, "product"))?);
        }
        if let Some(axes) = &self.zip {
            parts.push(zip(axes, &down(here, "zip"))?);
        }
        if let Some(sweeps) = &self.concat {
            parts.push(concat(sweeps, &down(here, "concat"))?);
        }
        let mut points = if parts.is_empty() { Vec::new() } else { join(parts, here)? };
        if let Some(filter) = &self.r#where {
            let here = down(here, "where");
            check_filter(filter, &points, &here)?;
            points.retain(|point| matches(filter, point));
            if points.is_empty() {
                return Err(
                    Diagnostic::new(&here, "matches no run", "use values that occur together in one run").on_key()
                );
            }
        }
        for (index, filter) in self.exclude.iter().flatten().enumerate() {
            let mut here = down(here, "exclude");
            here.push(PathStep::Index(index));
            check_filter(filter, &points, &here)?;
            points.retain(|point| !matches(filter, point));
        }
        for (index, point) in self.include.iter().flatten().enumerate() {
            let mut here = down(here, "include");
            here.push(PathStep::Index(index));
            points.push(assign_all(point, &here)?);
        }
        if points.is_empty() {
            let help = "leave `sweep` out for a single run, or give `product`, `zip`, `concat` or `include`";
            return Err(Diagnostic::new(here, "no runs are left in this sweep", help).on_key());
        }
        Ok(points)
    }
}

fn down(here: &[PathStep], key: &str) -> Vec<PathStep> {
    let mut path = here.to_vec();
    path.push(PathStep::Key(key.to_owned()));
    path
}

/// All combinations of the axes' values, the first axis varying slowest.
fn product(axes: &OrderedMap<Vec<Node>>, here: &[PathStep]) -> Result<Vec<SweepPoint>, Diagnostic> {
    let columns = axes.0.iter().map(|(key, values)| axis(key, values, here)).collect::<Result<Vec<_>, _>>()?;
    if columns.is_empty() {
        return Err(no_axes(here));
    }
    join(columns, here)
}

/// Pairs the n-th values of all axes.
fn zip(axes: &OrderedMap<Vec<Node>>, here: &[PathStep]) -> Result<Vec<SweepPoint>, Diagnostic> {
    let mut points: Vec<SweepPoint> = Vec::new();
    for (index, (key, values)) in axes.0.iter().enumerate() {
        let column = axis(key, values, here)?;
        if index == 0 {
            points = column;
            continue;
        }
        if column.len() != points.len() {
            let first = &axes.0[0].0;
            let message = format!("{} values, but `{first}` has {}", column.len(), points.len());
            return Err(Diagnostic::new(
                &down(here, key),
                message,
                "`zip` requires lists of equal length; `product` gives all combinations",
            ));
        }
        points = points.into_iter().zip(column).map(|(left, right)| merge(left, right)).collect::<Result<_, _>>()?;
    }
    if points.is_empty() { Err(no_axes(here)) } else { Ok(points) }
}

fn concat(sweeps: &[SweepSpec], here: &[PathStep]) -> Result<Vec<SweepPoint>, Diagnostic> {
    let mut points = Vec::new();
    for (index, sweep) in sweeps.iter().enumerate() {
        let mut inner = here.to_vec();
        inner.push(PathStep::Index(index));
        points.extend(sweep.points(&inner)?);
        // A few lines with aliases of aliases ask for more points than memory has, so those of all sweeps never come
        // together.
        if points.len() > MAX_RUNS {
            return Err(too_many(here));
        }
    }
    if points.is_empty() { Err(no_axes(here)) } else { Ok(points) }
}

fn no_axes(here: &[PathStep]) -> Diagnostic {
    Diagnostic::new(here, "nothing to sweep over", "list keys and values, or remove it").on_key()
}

fn too_many(here: &[PathStep]) -> Diagnostic {
    let message = format!("more than {MAX_RUNS} runs");
    Diagnostic::new(here, message, "split the sweep over several experiments").on_key()
}

/// The points of an axis, each with a single assignment.
fn axis(key: &str, values: &[Node], here: &[PathStep]) -> Result<Vec<SweepPoint>, Diagnostic> {
    let here = down(here, key);
    let key = full_key(key, &here)?;
    if values.is_empty() {
        return Err(Diagnostic::new(&here, "an empty list of values", "list at least one value, or leave the key out"));
    }
    let mut points: Vec<SweepPoint> = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let mut origin = here.clone();
        origin.push(PathStep::Index(index));
        if points.iter().any(|point| point[0].value == *value) {
            return Err(Diagnostic::new(
                &origin,
                format!("`{}` is listed twice", value.label()),
                "list each value once",
            ));
        }
        points.push(vec![Assignment { key: key.to_owned(), value: value.clone(), origin }]);
    }
    Ok(points)
}

/// The assignments of an entry that gives keys and values.
///
/// # Errors
/// An empty entry, an unknown key, or one that is assigned twice.
pub fn assign_all(point: &OrderedMap<Node>, here: &[PathStep]) -> Result<SweepPoint, Diagnostic> {
    if point.0.is_empty() {
        return Err(Diagnostic::new(here, "an empty entry", "write keys and values"));
    }
    let mut assigned = Vec::new();
    for (key, value) in &point.0 {
        let origin = down(here, key);
        let key = full_key(key, &origin)?.to_owned();
        assigned = merge(assigned, vec![Assignment { key, value: value.clone(), origin }])?;
    }
    Ok(assigned)
}

/// The full name of a key that may be shortened to its last part.
fn full_key(key: &str, at: &[PathStep]) -> Result<&'static str, Diagnostic> {
    if let Some(full) = keys::resolve(key) {
        return Ok(full);
    }
    let help = match keys::ending_in(key).as_slice() {
        [] => suggest::hint(key, "keys that can be swept over", keys::KEYS),
        several => format!("write one of these in full: {}", suggest::list(several.iter().copied())),
    };
    Err(Diagnostic::new(at, "not a key of a run", help).on_key())
}

/// All combinations of one point of each part, the first part varying slowest.
fn join(parts: Vec<Vec<SweepPoint>>, here: &[PathStep]) -> Result<Vec<SweepPoint>, Diagnostic> {
    let count = parts.iter().try_fold(1_usize, |count, part| count.checked_mul(part.len())).unwrap_or(usize::MAX);
    if count > MAX_RUNS {
        return Err(too_many(here));
    }
    parts.into_iter().try_fold(vec![Vec::new()], |points, part| {
        points
            .iter()
            .flat_map(|left: &SweepPoint| part.iter().map(move |right| (left.clone(), right.clone())))
            .map(|(left, right)| merge(left, right))
            .collect()
    })
}

/// Merges the assignments of two points, whose keys must not overlap.
fn merge(mut left: SweepPoint, right: SweepPoint) -> Result<SweepPoint, Diagnostic> {
    for assign in right {
        if let Some(other) = left.iter().find(|other| overlap(&other.key, &assign.key)) {
            let message = format!("`{}` and `{}` are both assigned in one point", other.key, assign.key);
            return Err(Diagnostic::new(&assign.origin, message, "keep one of them"));
        }
        left.push(assign);
    }
    Ok(left)
}

/// Whether the keys are equal or one contains the other.
pub fn overlap(a: &str, b: &str) -> bool {
    let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    a == b || inside(a, b) || inside(b, a)
}

#[cfg(test)]
mod tests;
