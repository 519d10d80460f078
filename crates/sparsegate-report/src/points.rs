//! The points of a sweep: what several seeds share.

use std::collections::HashMap;

use sparsegate_spec::VaryingKeys;
use sparsegate_store::format::EpochMetrics;
use sparsegate_store::plan::Plan;

use super::rows::{RowState, RunRow};
use super::sample::Sample;

/// The runs that one bar, curve or row shows: all finished seeds of a point that have not collapsed, or a single run.
///
/// Runs that are not finished, or stale, have other numbers of epochs or other settings than the finished ones, and are
/// therefore never pooled. Collapsed runs are not either: a mean over networks that learned something and one that
/// learned nothing describes neither.
#[derive(Debug, Clone)]
pub struct Point<'a> {
    /// The runs, at least one, in the plan's order.
    pub runs: Vec<&'a RunRow>,
}

impl<'a> Point<'a> {
    /// The first run, which stands for what all of them share.
    pub fn first(&self) -> &'a RunRow {
        self.runs[0]
    }

    /// Whether the point has several seeds.
    pub fn is_pooled(&self) -> bool {
        self.runs.len() > 1
    }

    /// Name with the number of seeds, or the title of the single run.
    pub fn title(&self) -> String {
        self.with_seeds(&self.first().point, self.first().title())
    }

    /// The same without the cell's name, for panels that have it as their title.
    pub fn title_in_cell(&self) -> String {
        let first = self.first();
        self.with_seeds(&first.in_cell(&first.point), first.title_in_cell())
    }

    fn with_seeds(&self, point: &str, single: String) -> String {
        if self.is_pooled() { format!("{point} ({} seeds)", self.runs.len()) } else { single }
    }

    /// The statistics of a quantity after each run's last epoch; `None` if a run does not have it.
    pub fn sample(&self, quantity: impl Fn(&RunRow) -> Option<f64>) -> Option<Sample> {
        let values: Option<Vec<f64>> = self.runs.iter().map(|row| quantity(row)).collect();
        Sample::of(&values?)
    }

    /// The statistics of a quantity of an epoch, for each epoch that all runs have finished.
    pub fn curve(&self, quantity: impl Fn(&RunRow, &EpochMetrics) -> f64) -> Vec<(u32, Sample)> {
        let at = |epoch: u32| {
            let value = |row: &&RunRow| row.at(epoch).map(|line| quantity(row, line));
            let values: Option<Vec<f64>> = self.runs.iter().map(value).collect();
            Some((epoch, Sample::of(&values?)?))
        };
        self.first().metrics.iter().filter_map(|line| at(line.epoch)).collect()
    }
}

/// Whether a run is pooled with the others of its point.
fn is_poolable(row: &RunRow) -> bool {
    row.state == RowState::Done && row.collapsed().is_none()
}

/// Pools the finished runs of each point that have not collapsed; every other run stands alone. In order of appearance.
pub fn of<'a>(rows: impl IntoIterator<Item = &'a RunRow>) -> Vec<Point<'a>> {
    let mut points: Vec<Point<'a>> = Vec::new();
    let mut places: HashMap<&'a str, usize> = HashMap::new();
    for row in rows {
        if is_poolable(row) {
            let place = *places.entry(&row.point).or_insert(points.len());
            if let Some(point) = points.get_mut(place) {
                point.runs.push(row);
                continue;
            }
        }
        points.push(Point { runs: vec![row] });
    }
    points
}

/// Whether a point of these runs has several seeds that are pooled.
pub fn any_pooled(rows: &[RunRow]) -> bool {
    of(rows).iter().any(Point::is_pooled)
}

/// For each planned run, the place of its point among those of the same level that differ in more than cell, seed and
/// backend, and the number of these.
pub fn shades(plan: &Plan, varying: &VaryingKeys) -> Vec<(usize, usize)> {
    let keys = varying.without(&["seed", "model.cell", "backend"]);
    let labels: Vec<(&str, String)> =
        plan.entries.iter().map(|entry| (entry.spec.sparsity.name.as_str(), keys.label(&entry.spec))).collect();
    // The place of each label among those of its level, and their number.
    let mut places: HashMap<&(&str, String), usize> = HashMap::new();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for label in &labels {
        let count = counts.entry(label.0).or_default();
        places.entry(label).or_insert_with(|| {
            *count += 1;
            *count - 1
        });
    }
    labels.iter().map(|label| (places[label], counts[label.0])).collect()
}
