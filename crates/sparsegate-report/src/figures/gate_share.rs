//! `gate-share`: fractions of the kept units' gates that are live, by kind; one facet per task and cell.

use super::{DrawnFigure, SkipReason, facet_name, head, head_height, named_values};
use crate::axis::Axis;
use crate::chart::{LegendSymbol, Plot, columns, fitted};
use crate::gate_kinds::GateKind;
use crate::live_gates::LiveGates;
use crate::number::{count, percent};
use crate::scene::{Align, Scene, text_width};
use crate::style::{self, EMPTY, INK, LABEL, MUTED, SMALL};

/// Stable file name, without extension.
pub const NAME: &str = "gate-share";

/// Legend entry of the gates that are not live.
const CONSTANT: &str = "constant";

/// Height of a facet's plot area.
const PLOT: f64 = 150.0;
/// Height of the title and labels around it.
const AROUND: f64 = 92.0;

/// Draws the fractions in a figure of the given width.
///
/// # Errors
/// [`SkipReason`] if `shares` is empty.
pub fn draw(shares: &[LiveGates], width: f64) -> Result<DrawnFigure, SkipReason> {
    if shares.is_empty() {
        return Err(SkipReason("no sparsified run has finished an epoch".into()));
    }
    let tasks = distinct(shares.iter().map(|share| share.task.as_str()));
    let cells = distinct(shares.iter().map(|share| share.cell));
    let mut kinds: Vec<&GateKind> = Vec::new();
    for share in shares {
        if kinds.iter().all(|kind| (&kind.name, kind.flow) != (&share.kind.name, share.kind.flow)) {
            kinds.push(&share.kind);
        }
    }
    let title = "Which gates of the kept hidden units depend on the input";
    let mut entries: Vec<(LegendSymbol, String)> = kinds.iter().map(|kind| kind.key()).collect();
    entries.push((LegendSymbol::Square(EMPTY), CONSTANT.into()));
    let top = head_height(width, title, &entries) + 30.0;
    let columns = columns(width, cells.len(), 62.0);
    // Lines of each task.
    let lines = cells.len().div_ceil(columns.len());
    let height = top + (PLOT + AROUND) * (tasks.len() * lines) as f64;
    let mut scene = Scene::new(width, height);
    head(&mut scene, title, &entries);
    for (place, task) in tasks.iter().enumerate() {
        for (index, cell) in cells.iter().enumerate() {
            let (line, column) = (place * lines + index / columns.len(), index % columns.len());
            let ((left, right), from) = (columns[column], top + (PLOT + AROUND) * line as f64);
            let facet: Vec<&LiveGates> =
                shares.iter().filter(|s| (s.task.as_str(), s.cell) == (*task, *cell)).collect();
            if facet.is_empty() {
                continue;
            }
            let levels = distinct(facet.iter().map(|share| share.level.as_str()));
            let plot = Plot {
                from: (left, from),
                to: (right, from + PLOT),
                x: Axis::exact("", 0.0, levels.len() as f64),
                y: Axis::exact("", 0.0, 100.0),
            };
            for (value, label) in plot.y.ticks(4) {
                let y = plot.at(0.0, value).1;
                scene.line(&[(plot.from.0, y), (plot.to.0, y)], style::GRID, 1.0);
                scene.text((plot.from.0 - 8.0, y), label, SMALL, INK, Align::End);
            }
            if column == 0 {
                scene.upwards((28.0, from + PLOT / 2.0), "live gates (%)", LABEL, INK);
            }
            facet_name(&mut scene, 2, &plot, &format!("{task}, {cell}"));
            for (place, level) in levels.iter().enumerate() {
                let bars: Vec<&LiveGates> = facet.iter().filter(|share| share.level == *level).copied().collect();
                group(&mut scene, &plot, place, &bars);
            }
            scene.line(&[(plot.from.0, plot.to.1), (plot.to.0, plot.to.1)], INK, 1.0);
        }
    }
    let caption = "Percentage of the surviving hidden units whose gate of each kind depends on the input or the state \
                   (coloured); the gates of the others are constants (pale). Striped: information flow, the candidate \
                   values that gates scale. Below each group: its sparsity level and the number of kept units, summed \
                   over seeds; with few units the percentages are coarse."
        .into();
    Ok(DrawnFigure { scene, caption })
}

/// Draws the bars of one level side by side, in the cell's order, with the level and its kept units below.
fn group(scene: &mut Scene, plot: &Plot, place: usize, bars: &[&LiveGates]) {
    let (from, to) = (plot.at(place as f64, 0.0).0, plot.at(place as f64 + 1.0, 0.0).0);
    let (slot, middle) = (to - from, (from + to) / 2.0);
    let width = (slot * 0.84 / bars.len().max(1) as f64).min(34.0);
    let left = middle - width * bars.len() as f64 / 2.0;
    for (index, share) in bars.iter().enumerate() {
        let x = left + width * index as f64;
        let (low, high) = ((x + 1.0, plot.to.1), (x + width - 1.0, plot.from.1));
        let Some(live) = share.fraction() else { continue };
        let kind = share.kind.long();
        scene.of_series(&[&kind, CONSTANT], |scene| scene.rect(low, high, EMPTY));
        let end = plot.at(0.0, 100.0 * live).1;
        scene.of_series(&[&kind], |scene| {
            if live > 0.0 {
                share.kind.fill(scene, (low.0, end), (high.0, low.1));
            }
            let units = format!("{} of {} units", count(share.live), count(share.units));
            let live_name = format!("{kind}, live");
            let values = [(live_name.as_str(), percent(live)), ("that is", units), ("runs", count(share.runs))];
            let name = format!("{}, {}, {}", share.task, share.cell, share.level);
            scene.bar_values(low, high, name, named_values(values));
        });
        let name = &share.kind.name;
        if text_width(name, SMALL) < width {
            scene.text((x + width / 2.0, plot.to.1 + 11.0), name.clone(), SMALL, MUTED, Align::Middle);
        }
    }
    let Some(first) = bars.first() else { return };
    let units = match first.units {
        0 => "no unit".into(),
        1 => "1 unit".into(),
        n => format!("{n} units"),
    };
    for (line, text) in [first.level.clone(), units].into_iter().enumerate() {
        let (text, size) = fitted(&text, SMALL, slot - 4.0);
        scene.text((middle, plot.to.1 + 29.0 + 17.0 * line as f64), text, size, INK, Align::Middle);
    }
}

/// The distinct values, in order of appearance.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}
