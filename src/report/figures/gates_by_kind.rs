//! `gates-by-kind`: gates that are not constant, stacked by kind, one bar a run.

use super::{Figure, FigureData, Picture, Skipped, color, epochs_text, head, head_height, measured};
use crate::report::axis::Axis;
use crate::report::chart::{Key, Plot};
use crate::report::metric::{gates_kept, gates_total};
use crate::report::number::count;
use crate::report::rows::Row;
use crate::report::scene::{Align, Scene, text_width};
use crate::report::style::{self, INK, LABEL, MUTED, SMALL};

/// Which kinds of gates stay alive.
pub struct GatesByKind;

/// A gate kind in words.
fn long_name(kind: &str) -> String {
    match kind {
        "i" => "input gate i".into(),
        "f" => "forget gate f".into(),
        "g" => "information flow g".into(),
        "o" => "output gate o".into(),
        other => other.to_owned(),
    }
}

impl Figure for GatesByKind {
    fn name(&self) -> &'static str {
        "gates-by-kind"
    }

    fn draw(&self, data: FigureData<'_>) -> Result<Picture, Skipped> {
        let measured = measured(&data)?;
        let rows: Vec<&Row> = measured.iter().copied().filter(|row| row.is_sparse()).collect();
        let Some(kinds) = rows.iter().find_map(|row| row.last().map(|line| line.counts.gates.clone())) else {
            return Err(Skipped("no sparsified run has finished an epoch".into()));
        };
        if kinds.is_empty() {
            return Err(Skipped("the cell has no gates".into()));
        }
        let theirs = |row: &Row| data.authors.and_then(|authors| authors.final_of(row.level()));
        let kept = |row: &Row| row.last().map_or(0, gates_kept);
        let highest = rows.iter().map(|row| kept(row).max(theirs(row).map_or(0, |p| p.gates))).max().unwrap_or(0);

        let title = "Gates that still depend on the input";
        let mut entries: Vec<(Key, String)> =
            kinds.iter().enumerate().map(|(i, gate)| (Key::Square(style::gate(i)), long_name(&gate.kind))).collect();
        if let Some(epochs) = rows.iter().filter_map(|row| theirs(row)).map(|point| point.epoch).max() {
            entries.push((Key::Solid(INK), format!("authors' total, after {epochs} epochs")));
        }
        let top = head_height(title, &entries);
        let names = Names::of(&rows);
        let height = top + 350.0 + names.height();
        let mut scene = Scene::new(style::WIDTH, height);
        head(&mut scene, title, &entries);
        let y = Axis::exact("gates kept", 0.0, (highest.max(1) as f64) * 1.14);
        let plot = Plot {
            from: (100.0, top + 8.0),
            to: (style::WIDTH - 24.0, height - 20.0 - names.height()),
            x: Axis::exact("", 0.0, rows.len() as f64),
            y,
        };
        for (value, label) in plot.y.ticks(7) {
            let y = plot.at(0.0, value).1;
            scene.line(&[(plot.from.0, y), (plot.to.0, y)], style::GRID, 1.0);
            scene.text((plot.from.0 - 8.0, y), label, SMALL, INK, Align::End);
        }
        scene.upwards((34.0, (plot.from.1 + plot.to.1) / 2.0), "gates kept (count)", LABEL, INK);

        let slot = (plot.to.0 - plot.from.0) / rows.len() as f64;
        let half = (slot * 0.32).min(62.0);
        for (index, row) in rows.iter().enumerate() {
            let Some(line) = row.last() else { continue };
            let middle = plot.from.0 + slot * (index as f64 + 0.5);
            let mut below = 0u64;
            for (kind, gate) in line.counts.gates.iter().enumerate() {
                let (low, high) = (plot.at(0.0, below as f64).1, plot.at(0.0, (below + gate.kept) as f64).1);
                let fill = style::gate(kind);
                scene.rect((middle - half, high), (middle + half, low), fill);
                if below > 0 && gate.kept > 0 {
                    scene.line(&[(middle - half, low), (middle + half, low)], style::PAPER, 1.0);
                }
                let text = format!("{} {}", gate.kind, count(gate.kept));
                if low - high > SMALL + 1.0 && text_width(&text, SMALL) < 2.0 * half - 4.0 {
                    scene.text((middle, (low + high) / 2.0), text, SMALL, style::ink_on(fill), Align::Middle);
                }
                below += gate.kept;
            }
            let top_of_bar = plot.at(0.0, below as f64).1;
            let total = format!("{} of {}", count(below), count(gates_total(line)));
            let mut label_y = top_of_bar - 12.0;
            if let Some(point) = theirs(row) {
                let tick = plot.at(0.0, point.gates as f64).1;
                scene.line(&[(middle - half - 9.0, tick), (middle + half + 9.0, tick)], INK, 2.4);
                if (tick - label_y).abs() < SMALL * 0.75 {
                    label_y = tick.min(top_of_bar) - 13.0;
                }
                let text = count(point.gates);
                if middle + half + 13.0 + text_width(&text, SMALL) < plot.from.0 + slot * (index as f64 + 1.0) + 6.0 {
                    scene.text((middle + half + 13.0, tick), text, SMALL, MUTED, Align::Start);
                }
            }
            if text_width(&total, SMALL) < slot {
                scene.text((middle, label_y), total, SMALL, INK, Align::Middle);
            } else {
                scene.text((middle, label_y), count(below), SMALL, INK, Align::Middle);
            }
            scene.rect((middle - half, plot.to.1 + 3.0), (middle + half, plot.to.1 + 8.0), color(row));
            names.draw(&mut scene, (middle, plot.to.1 + 22.0), slot, &row.title());
        }
        scene.line(&[(plot.from.0, plot.to.1), (plot.to.0, plot.to.1)], INK, 1.0);

        let mut caption = format!(
            "Gates kept {}, by kind: a gate is kept if its preactivation still depends on the input or the state; the \
             others are constants. The strip under a bar has the level's colour of the other figures.",
            epochs_text(&rows)
        );
        let dense: Vec<String> = measured.iter().filter(|row| !row.is_sparse()).map(|row| row.label.clone()).collect();
        if !dense.is_empty() {
            caption.push_str(&format!(
                " Runs without sparsification keep all gates and are not drawn ({}).",
                dense.join("; ")
            ));
        }
        Ok(Picture { scene, caption })
    }
}

/// Names under bars, in as many lines as the longest needs.
pub(super) struct Names {
    lines: usize,
}

impl Names {
    pub(super) fn of(rows: &[&Row]) -> Self {
        Self { lines: rows.iter().map(|row| parts(&row.title()).len()).max().unwrap_or(1) }
    }

    pub(super) fn height(&self) -> f64 {
        16.0 + 19.0 * self.lines as f64
    }

    #[expect(clippy::unused_self, reason = "reads as what it is: these titles drawn into the height they asked for")]
    pub(super) fn draw(&self, scene: &mut Scene, at: (f64, f64), room: f64, title: &str) {
        for (i, part) in parts(title).into_iter().enumerate() {
            let size = SMALL * (room / text_width(&part, SMALL)).min(1.0);
            scene.text((at.0, at.1 + 19.0 * i as f64), part, size, INK, Align::Middle);
        }
    }
}

/// A label's level, then each further part on its own line.
fn parts(title: &str) -> Vec<String> {
    title.replace(" (", ", (").split(", ").map(str::to_owned).collect()
}
