//! The part of `gate-structure` for several seeds: the representative run, and the share of seeds in which a gate is
//! live.
//!
//! Units of different seeds have nothing in common but the layer, so unit 7 of one seed does not correspond to unit 7 of
//! another. Each seed's kept units are therefore sorted by their patterns of live gates, as in the matrix, and compared
//! by rank.

use super::gate_structure::FROM;
use super::{LEFT, color};
use crate::chart::fitted;
use crate::gate_kinds::{self, GateKind};
use crate::metric::gates_kept;
use crate::number::count;
use crate::patterns;
use crate::points::Point;
use crate::rows::RunRow;
use crate::scene::{Align, MatrixValues, Scene};
use crate::style::{self, INK, MUTED, PAPER, SMALL};
use sparsegate_store::format::UnitGates;

/// What the caption says about several seeds.
pub(super) const CAPTION: &str = " Of several seeds, the run whose number of live gates is nearest to their mean is shown; \
                                  below it, the share of seeds in which a gate is live, from white (none) to black (all). \
                                  Units of different seeds do not correspond, so each seed's kept units are sorted by \
                                  pattern first and compared by rank.";

/// Height of a row of the map.
const ROW: f64 = 14.0;

/// The run of a point whose number of live gates is nearest to the mean over its seeds; the first in a tie.
pub(super) fn representative<'a>(point: &Point<'a>) -> &'a RunRow {
    let kept = |row: &RunRow| row.last().map_or(0.0, |line| gates_kept(line) as f64);
    let mean = point.runs.iter().map(|row| kept(row)).sum::<f64>() / point.runs.len() as f64;
    let far = |row: &&&RunRow| (kept(row) - mean).abs();
    let nearest = point.runs.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
    nearest.copied().unwrap_or(point.first())
}

/// The share of seeds in which the gate of a kind is live, by rank of the unit.
pub(super) struct ShareMap<'a> {
    row: &'a RunRow,
    heading: String,
    seeds: usize,
    kinds: Vec<GateKind>,
    /// One row per kind, one column per rank.
    shares: Vec<Vec<f64>>,
}

impl<'a> ShareMap<'a> {
    /// The map of a point, below the matrix of its run `shown`; `None` for a single run.
    pub(super) fn of(point: &Point<'a>, shown: &'a RunRow) -> Option<Self> {
        if !point.is_pooled() {
            return None;
        }
        let seeds: Vec<Vec<&UnitGates>> = point.runs.iter().filter_map(|row| sorted(row)).collect();
        let (units, kinds) = (seeds.iter().map(Vec::len).max()?, gate_kinds::of(shown));
        let live = |seed: &Vec<&UnitGates>, kind: usize, rank: usize| {
            seed.get(rank).is_some_and(|unit| unit.constant.get(kind).copied().flatten().is_none())
        };
        let share = |kind: usize, rank: usize| {
            seeds.iter().filter(|seed| live(seed, kind, rank)).count() as f64 / seeds.len() as f64
        };
        let shares = (0..kinds.len()).map(|kind| (0..units).map(|rank| share(kind, rank)).collect()).collect();
        let mean = |kind: usize| {
            let of_kind = |row: &RunRow| row.last()?.counts.gates.get(kind).map(|gate| gate.kept as f64);
            point.sample(of_kind).map_or_else(String::new, |sample| format!("{:.1}", sample.mean))
        };
        let means: Vec<String> =
            kinds.iter().enumerate().map(|(kind, name)| format!("{} {}", name.name, mean(kind))).collect();
        let heading = format!(
            "{}: share of {} seeds, representative seed {}; mean live gates {}",
            shown.point,
            count(seeds.len() as u64),
            shown.spec.seed,
            means.join(", ")
        );
        Some(Self { row: shown, heading, seeds: seeds.len(), kinds, shares })
    }

    /// Height of the panel.
    pub(super) fn height(&self) -> f64 {
        27.0 + ROW * self.kinds.len() as f64 + 27.0
    }

    /// Draws the map and its heading, with its top at `y`.
    pub(super) fn draw(&self, scene: &mut Scene, y: f64) {
        scene.rect((LEFT, y + 3.0), (LEFT + 13.0, y + 16.0), color(self.row));
        let (heading, size) = fitted(&self.heading, SMALL, scene.width() - 2.0 * LEFT - 21.0);
        scene.text((LEFT + 21.0, y + 9.5), heading, size, INK, Align::Start);
        let units = self.shares.first().map_or(0, Vec::len);
        let width = ((scene.width() - 24.0 - FROM) / units.max(1) as f64).min(46.0);
        let from = y + 24.0;
        for (index, (kind, shares)) in self.kinds.iter().zip(&self.shares).enumerate() {
            let top = from + ROW * index as f64;
            scene.text((FROM - 10.0, top + ROW / 2.0), kind.short(), SMALL, INK, Align::End);
            for (rank, share) in shares.iter().enumerate() {
                let left = FROM + width * rank as f64;
                scene.rect((left, top), (left + width, top + ROW), style::mix(PAPER, INK, *share));
            }
        }
        let bottom = from + ROW * self.kinds.len() as f64;
        for index in 1..self.kinds.len() {
            let line = from + ROW * index as f64;
            scene.line(&[(FROM, line), (FROM + width * units as f64, line)], MUTED, 0.5);
        }
        scene.frame((FROM, from), (FROM + width * units as f64, bottom), MUTED, 1.0);
        scene.matrix_values(MatrixValues {
            area: [FROM, from, FROM + width * units as f64, bottom],
            name: self.row.point.clone(),
            rows: self.kinds.iter().map(GateKind::long).collect(),
            columns: (1..=units as u32).collect(),
            column: "rank".into(),
            values: self.shares.iter().map(|shares| shares.iter().copied().map(Some).collect()).collect(),
            seeds: Some(self.seeds),
        });
    }
}

/// The kept units of a run, sorted by pattern as in its matrix.
fn sorted(row: &RunRow) -> Option<Vec<&UnitGates>> {
    Some(patterns::of(row.structure.as_deref()?).into_iter().flat_map(|pattern| pattern.units).collect())
}
