//! `gate-structure`: which gates of the kept hidden units are live, which constant and at what value.

use super::{Figure, FigureData, LEFT, Picture, Skipped, color, head, head_height};
use crate::report::chart::Key;
use crate::report::number::count;
use crate::report::rows::Row;
use crate::report::scene::{Align, Scene};
use crate::report::style::{self, INK, LABEL, MUTED, SMALL};
use crate::store::format::{Structure, UnitGates};

/// A strip a run: kept units from left to right, one line a gate kind.
pub struct GateStructure;

/// Units by number of live gates, then by which are live, then by index: equal patterns stand together.
fn ordered(structure: &Structure) -> Vec<&UnitGates> {
    let mut units: Vec<&UnitGates> = structure.gates.iter().collect();
    let pattern = |unit: &UnitGates| unit.constant.iter().map(|c| u8::from(c.is_some())).collect::<Vec<u8>>();
    let dead = |unit: &UnitGates| unit.constant.iter().flatten().count();
    units.sort_by(|a, b| {
        dead(a).cmp(&dead(b)).then_with(|| pattern(a).cmp(&pattern(b))).then_with(|| a.unit.cmp(&b.unit))
    });
    units
}

impl Figure for GateStructure {
    fn name(&self) -> &'static str {
        "gate-structure"
    }

    fn draw(&self, data: FigureData<'_>) -> Result<Picture, Skipped> {
        const CELL: f64 = 19.0;
        let panels: Vec<(&Row, &Structure)> = data
            .rows
            .iter()
            .filter(|row| row.is_sparse())
            .filter_map(|row| row.structure.as_ref().map(|structure| (row, structure)))
            .filter(|(_, structure)| !structure.gates.is_empty())
            .collect();
        if panels.is_empty() {
            return Err(Skipped("no sparsified run has stored which gates are live".into()));
        }
        let title = "Live and constant gates of each kept hidden unit";
        let entries = [(Key::Square(INK), "live: depends on the input".to_owned())];
        let top = head_height(title, &entries) + 16.0;
        let heights: Vec<f64> = panels.iter().map(|(_, s)| 54.0 + CELL * s.counts.gates.len() as f64).collect();
        let height = top + heights.iter().sum::<f64>() + 26.0;
        let mut scene = Scene::new(style::WIDTH, height);
        head(&mut scene, title, &entries);
        scale(&mut scene);

        let (left, right) = (54.0, style::WIDTH - 24.0);
        // One width of a unit in all panels, so that shorter strips are smaller networks.
        let most = panels.iter().map(|(_, structure)| structure.gates.len()).max().unwrap_or(1) as f64;
        let step = ((right - left) / most).min(CELL);
        let mut y = top + 6.0;
        for ((row, structure), high) in panels.iter().zip(&heights) {
            let kinds = &structure.counts.gates;
            let live: Vec<String> = kinds.iter().map(|gate| format!("{} {}", gate.kind, count(gate.kept))).collect();
            let head = format!(
                "{}: {} of {} units kept; live gates {}",
                row.title(),
                count(structure.counts.neurons.kept),
                count(structure.counts.neurons.total),
                live.join(", ")
            );
            scene.rect((LEFT, y + 3.0), (LEFT + 13.0, y + 16.0), color(row));
            scene.text((LEFT + 21.0, y + 9.5), head, SMALL + 1.0, INK, Align::Start);
            let from = y + 27.0;
            let units = ordered(structure);
            for (kind, gate) in kinds.iter().enumerate() {
                let line = from + CELL * kind as f64;
                scene.text((left - 14.0, line + CELL / 2.0), gate.kind.clone(), SMALL, INK, Align::Middle);
                for (place, unit) in units.iter().enumerate() {
                    let fill = match unit.constant.get(kind).copied().flatten() {
                        None => INK,
                        Some(value) => style::constant(value),
                    };
                    let x = left + step * place as f64;
                    scene.rect((x, line), (x + step, line + CELL), fill);
                }
            }
            let bottom = from + CELL * kinds.len() as f64;
            let end = left + step * units.len() as f64;
            for kind in 1..kinds.len() {
                let line = from + CELL * kind as f64;
                scene.line(&[(left, line), (end, line)], style::PAPER, 1.4);
            }
            if step > 6.0 {
                for place in 1..units.len() {
                    let x = left + step * place as f64;
                    scene.line(&[(x, from), (x, bottom)], style::PAPER, 0.7);
                }
            }
            scene.frame((left, from), (end, bottom), MUTED, 1.0);
            y += high;
        }
        let middle = ((left + right) / 2.0, y + 2.0);
        scene.text(middle, "kept hidden units, sorted by their live gates", LABEL, INK, Align::Middle);

        let lowest =
            |structure: &Structure| structure.gates.iter().flat_map(|unit| unit.constant.iter().flatten()).count();
        let constants: usize = panels.iter().map(|(_, structure)| lowest(structure)).sum();
        let caption = format!(
            "Each column is a kept hidden unit, each line a gate kind (i input, f forget, g information flow, o output). \
             Dark: the gate depends on the input. Coloured: it is a constant, shaded by its value after the activation \
             ({} gates in all panels); i, f and o lie between 0 and 1, g between -1 and 1. Units with more live gates \
             stand to the left, equal patterns together.",
            count(constants as u64)
        );
        Ok(Picture { scene, caption })
    }
}

/// The colour scale of constant gates, beside the legend.
fn scale(scene: &mut Scene) {
    let (from, y, width) = (LEFT + 250.0, 56.0, 170.0);
    scene.text((from, y), "constant at", SMALL, INK, Align::Start);
    scene.text((from + 118.0, y), "-1", SMALL, INK, Align::End);
    let bar = from + 126.0;
    for i in 0..85 {
        let at = f64::from(i) / 84.0;
        let x = bar + width * f64::from(i) / 85.0;
        scene.rect((x, y - 7.0), (x + width / 85.0, y + 7.0), style::constant(2.0 * at - 1.0));
    }
    scene.frame((bar, y - 7.0), (bar + width, y + 7.0), MUTED, 0.8);
    scene.text((bar + width / 2.0, y + 16.0), "0", SMALL - 2.0, MUTED, Align::Middle);
    scene.text((bar + width + 8.0, y), "1", SMALL, INK, Align::Start);
}
