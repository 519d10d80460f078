//! `gate-structure`: which gates of the kept hidden units are live, and the values of the constant ones.

use super::gate_share_map::{self, ShareMap};
use super::{DrawnFigure, Figure, FigureData, LEFT, SkipReason, color, head, head_height, measured};
use crate::chart::{LegendSymbol, fitted};
use crate::gate_kinds::{self, GateKind};
use crate::number::count;
use crate::patterns;
use crate::points;
use crate::rows::RunRow;
use crate::scene::{Align, MatrixValues, Scene, text_width};
use crate::style::{self, INK, LABEL, MUTED, SMALL, TINY};
use sparsegate_store::format::{Structure, UnitGates};

/// One matrix per run: a column for each kept unit, a row for each kind of gate. Of several seeds, a representative run
/// is shown, with a map of the share of seeds below it.
pub struct GateStructureFigure;

/// Largest number of units for which the cells show their values, horizontally or rotated.
const NUMBERED: usize = 60;
/// Left edge of the matrices.
pub(super) const FROM: f64 = 92.0;

/// Width and height of a cell for the given width of the figure and number of units.
fn cell(width: f64, units: usize) -> (f64, f64) {
    let width = ((width - 24.0 - FROM) / units.max(1) as f64).min(46.0);
    (width, if units <= NUMBERED { 34.0 } else { 20.0 })
}

/// Height of a run's panel.
fn panel_height(width: f64, structure: &Structure) -> f64 {
    let units = structure.gates.len();
    27.0 + cell(width, units).1 * structure.counts.gates.len() as f64 + if units <= NUMBERED { 48.0 } else { 27.0 }
}

impl Figure for GateStructureFigure {
    fn name(&self) -> &'static str {
        "gate-structure"
    }

    fn most(&self) -> usize {
        12
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        let stored: Vec<&RunRow> = measured(&data)?
            .into_iter()
            .filter(|row| row.is_sparse())
            .filter(|row| row.structure.as_deref().is_some_and(|structure| !structure.gates.is_empty()))
            .collect();
        let points = points::of(stored);
        let panels: Vec<MatrixPanel<'_>> = points.iter().filter_map(MatrixPanel::of).collect();
        if panels.is_empty() {
            return Err(SkipReason("no sparsified run has stored which gates are live".into()));
        }
        let title = "Live and constant gates of each kept hidden unit";
        let entries = [(LegendSymbol::Square(INK), "live".to_owned())];
        // The second colour scale stands below the first one in a narrow figure.
        let narrow = data.width < 740.0;
        let top = head_height(data.width, title, &entries) + if narrow { 44.0 } else { 22.0 };
        let height = top + panels.iter().map(|one| one.height(data.width)).sum::<f64>() + 26.0;
        let mut scene = Scene::new(data.width, height);
        head(&mut scene, title, &entries);
        let second = if narrow { (LEFT + 90.0, 78.0) } else { (LEFT + 430.0, 56.0) };
        scale(&mut scene, (LEFT + 90.0, 56.0), "gate constant at", ["closed 0", "1 open"], style::constant_gate);
        scale(&mut scene, second, "flow constant at", ["-1", "1"], |share| style::constant_flow(2.0 * share - 1.0));
        let mut y = top + 6.0;
        for one in &panels {
            panel(&mut scene, y, one.row, one.structure);
            y += panel_height(data.width, one.structure);
            if let Some(map) = &one.map {
                map.draw(&mut scene, y);
                y += map.height();
            }
        }
        let middle = ((FROM + data.width - 24.0) / 2.0, y + 6.0);
        scene.text(middle, "kept hidden units, sorted by which gates are live", LABEL, INK, Align::Middle);

        let constants: usize = panels
            .iter()
            .map(|one| one.structure.gates.iter().flat_map(|unit| unit.constant.iter().flatten()).count())
            .sum();
        let mut caption = format!(
            "Each column is a kept hidden unit, each row a kind of gate or of information flow. In the colour of \
             the text: it depends on the input or the state. Coloured: it is constant, with the value shown, after its \
             activation ({} in all panels); gates lie between 0 and 1, information flow between -1 and 1. Units are \
             sorted by pattern, those with more live gates first; the unit's index is below its column if there is \
             room.",
            count(constants as u64)
        );
        if panels.iter().any(|one| one.map.is_some()) {
            caption.push_str(gate_share_map::CAPTION);
        }
        Ok(DrawnFigure { scene, caption })
    }
}

/// The run that stands for a point, and the map over its seeds if there are several.
struct MatrixPanel<'a> {
    row: &'a RunRow,
    structure: &'a Structure,
    map: Option<ShareMap<'a>>,
}

impl<'a> MatrixPanel<'a> {
    fn of(point: &points::Point<'a>) -> Option<Self> {
        let row = gate_share_map::representative(point);
        Some(Self { row, structure: row.structure.as_deref()?, map: ShareMap::of(point, row) })
    }

    fn height(&self, width: f64) -> f64 {
        panel_height(width, self.structure) + self.map.as_ref().map_or(0.0, ShareMap::height)
    }
}

/// Draws one run's matrix and its heading, with its top at `y`.
fn panel(scene: &mut Scene, y: f64, row: &RunRow, structure: &Structure) {
    let kinds = gate_kinds::of(row);
    let gates = &structure.counts.gates;
    let live: Vec<String> = gates.iter().map(|gate| format!("{} {}", gate.kind, count(gate.kept))).collect();
    let heading = format!(
        "{}: {} of {} units kept; live gates {}",
        row.title(),
        count(structure.counts.neurons.kept),
        count(structure.counts.neurons.total),
        live.join(", ")
    );
    scene.rect((LEFT, y + 3.0), (LEFT + 13.0, y + 16.0), color(row));
    let (heading, size) = fitted(&heading, SMALL + 1.0, scene.width() - 2.0 * LEFT - 21.0);
    scene.text((LEFT + 21.0, y + 9.5), heading, size, INK, Align::Start);

    let units: Vec<&UnitGates> = patterns::of(structure).into_iter().flat_map(|pattern| pattern.units).collect();
    let (from, (width, height)) = (y + 27.0, cell(scene.width(), units.len()));
    let (bottom, end) = (from + height * gates.len() as f64, FROM + width * units.len() as f64);
    for (index, kind) in kinds.iter().enumerate() {
        let top = from + height * index as f64;
        scene.text((FROM - 10.0, top + height / 2.0), kind.short(), SMALL, INK, Align::End);
        for (place, unit) in units.iter().enumerate() {
            let corner = (FROM + width * place as f64, top);
            one(scene, corner, (width, height), kind, unit.constant.get(index).copied().flatten());
        }
    }
    for index in 1..gates.len() {
        let line = from + height * index as f64;
        scene.line(&[(FROM, line), (end, line)], style::PAPER, 1.4);
    }
    if width > 6.0 {
        for place in 1..units.len() {
            let x = FROM + width * place as f64;
            scene.line(&[(x, from), (x, bottom)], style::PAPER, 0.9);
        }
    }
    scene.frame((FROM, from), (end, bottom), MUTED, 1.0);
    scene.matrix_values(MatrixValues {
        area: [FROM, from, end, bottom],
        name: row.title(),
        rows: kinds.iter().map(GateKind::long).collect(),
        columns: units.iter().map(|unit| unit.unit).collect(),
        column: "unit".into(),
        values: (0..kinds.len())
            .map(|kind| units.iter().map(|unit| unit.constant.get(kind).copied().flatten()).collect())
            .collect(),
        seeds: None,
    });
    let numbers: Vec<String> = units.iter().map(|unit| unit.unit.to_string()).collect();
    if units.len() <= NUMBERED && numbers.iter().all(|text| text_width(text, TINY) < width - 2.0) {
        for (place, text) in numbers.into_iter().enumerate() {
            let at = (FROM + width * (place as f64 + 0.5), bottom + 11.0);
            scene.text(at, text, TINY, MUTED, Align::Middle);
        }
    }
}

/// Draws one cell: dark for a live gate, otherwise coloured by its value, which is also printed if there is room.
fn one(scene: &mut Scene, corner: (f64, f64), (width, height): (f64, f64), kind: &GateKind, constant: Option<f64>) {
    let fill = constant.map_or(INK, |value| kind.constant(value));
    scene.rect(corner, (corner.0 + width, corner.1 + height), fill);
    let Some(value) = constant.filter(|_| height > 30.0) else { return };
    let text = format!("{value:.2}");
    let middle = (corner.0 + width / 2.0, corner.1 + height / 2.0);
    if text_width(&text, TINY) < width - 3.0 {
        scene.text(middle, text, TINY, style::ink_on(fill), Align::Middle);
    } else if 0.85 * TINY < width && text_width(&text, TINY) < height {
        scene.upwards(middle, text, TINY, style::ink_on(fill));
    }
}

/// Draws a colour scale next to the legend, with the middle of its left edge at `at`; `color` maps a position from 0 to 1 to a colour.
fn scale(
    scene: &mut Scene,
    (x, y): (f64, f64),
    title: &str,
    ends: [&str; 2],
    color: fn(f64) -> plotters::style::RGBColor,
) {
    const WIDTH: f64 = 84.0;
    const STEPS: u32 = 42;
    scene.text((x, y), title, SMALL, INK, Align::Start);
    let low = x + text_width(title, SMALL) + 10.0;
    scene.text((low, y), ends[0], SMALL, INK, Align::Start);
    let bar = low + text_width(ends[0], SMALL) + 8.0;
    let step = WIDTH / f64::from(STEPS);
    for i in 0..STEPS {
        let at = bar + step * f64::from(i);
        scene.rect((at, y - 7.0), (at + step, y + 7.0), color(f64::from(i) / f64::from(STEPS - 1)));
    }
    scene.frame((bar, y - 7.0), (bar + WIDTH, y + 7.0), MUTED, 0.8);
    scene.text((bar + WIDTH + 6.0, y), ends[1], SMALL, INK, Align::Start);
}
