//! The best setting of a sweep for each cell and level, by validation.

use sparsegate_spec::VaryingKeys;

use super::metric;
use super::points::{self, Point};
use super::rows::{RowState, RunRow};
use super::sample::Sample;
use super::swept;

/// The point with the best mean validation metric among those of the same cell, level and backend.
#[derive(Debug, Clone)]
pub struct BestSetting<'a> {
    /// The point.
    pub point: Point<'a>,
    /// Values of the swept keys, such as `lr 0.002, hidden 128`.
    pub setting: String,
    /// Number of finished points that it was chosen from; collapsed runs do not count.
    pub of: usize,
}

/// One best setting for each cell, level and backend with a finished run, in order of appearance; none unless the sweep
/// varies something else, too. In a tie the first point wins.
pub fn settings<'a>(rows: &'a [RunRow], varying: &VaryingKeys) -> Vec<BestSetting<'a>> {
    let swept = swept::keys(varying);
    if swept.keys().is_empty() {
        return Vec::new();
    }
    let mut groups: Vec<Vec<(Point<'a>, Sample)>> = Vec::new();
    let finished = |point: &Point<'_>| point.first().state == RowState::Done && point.first().collapsed().is_none();
    for point in points::of(rows).into_iter().filter(finished) {
        let Some(valid) = valid(&point) else { continue };
        let group = |row: &RunRow| (row.cell(), row.level().to_owned(), row.spec.backend);
        let same = |other: &&mut Vec<(Point<'_>, Sample)>| group(other[0].0.first()) == group(point.first());
        match groups.iter_mut().find(same) {
            Some(group) => group.push((point, valid)),
            None => groups.push(vec![(point, valid)]),
        }
    }
    let best = |group: Vec<(Point<'a>, Sample)>| {
        let of = group.len();
        let order =
            |a: &(Point<'_>, Sample), b: &(Point<'_>, Sample)| metric::order(a.0.first().metric, a.1.mean, b.1.mean);
        let (point, _) = group.into_iter().min_by(order)?;
        Some(BestSetting { setting: swept.label(&point.first().spec), point, of })
    };
    groups.into_iter().filter_map(best).collect()
}

/// The statistics of the validation metric after each run's last epoch.
pub fn valid(point: &Point<'_>) -> Option<Sample> {
    point.sample(|row| row.last().map(|line| line.valid))
}
