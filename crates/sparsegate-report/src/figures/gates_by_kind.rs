//! `gates-by-kind`: gates that are not constant, stacked by kind, one bar per point.

use super::{
    DrawnFigure, Figure, FigureData, SkipReason, by_cell, color, epochs_text, facet_name, facet_room, head,
    head_height, intervals_text, measured, named_values, theirs,
};
use crate::authors::AuthorsEpoch;
use crate::axis::Axis;
use crate::chart::{LegendSymbol, Plot, columns, fitted};
use crate::gate_kinds::{self, GateKind};
use crate::metric::{gates_kept, gates_total};
use crate::number::{self, count};
use crate::points::{self, Point};
use crate::rows::RunRow;
use crate::sample::Sample;
use crate::scene::{Align, Scene, text_width};
use crate::spread;
use crate::style::{self, INK, LABEL, MUTED, SMALL, TINY};

/// Numbers of live gates by kind.
pub struct GatesByKindFigure;

impl Figure for GatesByKindFigure {
    fn name(&self) -> &'static str {
        "gates-by-kind"
    }

    fn most(&self) -> usize {
        24
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        let measured = measured(&data)?;
        let rows: Vec<&RunRow> = measured.iter().copied().filter(|row| row.is_sparse()).collect();
        if rows.is_empty() {
            return Err(SkipReason("no sparsified run has finished an epoch".into()));
        }
        let kinds = gate_kinds::union(rows.iter().copied());
        if kinds.is_empty() {
            return Err(SkipReason("the cell has no gates".into()));
        }
        let theirs = |row: &RunRow| theirs(&data, row);
        let kept = |row: &RunRow| row.last().map_or(0, gates_kept);
        let highest = rows.iter().map(|row| kept(row).max(theirs(row).map_or(0, |p| p.gates))).max().unwrap_or(0);
        let cells: Vec<(&str, Vec<Point<'_>>)> =
            by_cell(&rows).into_iter().map(|(cell, rows)| (cell, points::of(rows))).collect();
        let all: Vec<&Point<'_>> = cells.iter().flat_map(|(_, points)| points).collect();
        let kept: Vec<f64> = rows.iter().map(|row| kept(row) as f64).collect();
        let totals: Vec<Sample> = all.iter().filter_map(|point| total(point)).collect();
        let highest = spread::ends(&kept, &totals).into_iter().fold(highest as f64, f64::max);

        let title = "Gates that still depend on the input";
        let mut entries: Vec<(LegendSymbol, String)> = kinds.iter().map(GateKind::key).collect();
        let epochs = rows.iter().filter_map(|row| theirs(row)).map(|point| point.epoch).max();
        let authors = format!("authors' total, after {} epochs", epochs.unwrap_or_default());
        if epochs.is_some() {
            entries.push((LegendSymbol::Solid(INK), authors.clone()));
        }
        let top = head_height(data.width, title, &entries) + facet_room(cells.len());
        let columns = columns(data.width, cells.len(), if cells.len() > 1 { 56.0 } else { 80.0 });
        let slots = cells.iter().zip(columns.iter().cycle());
        let slots = slots.map(|((_, points), (left, right))| (right - left) / points.len() as f64);
        let slot = slots.fold(f64::INFINITY, f64::min);
        let names = BarLabels::of(all.iter().map(|point| point.title_in_cell()), slot);
        // The upper end of a line of plots, below the names of the cells, and its lower end.
        let from = |line: usize| top + (350.0 + names.height() + facet_room(cells.len())) * line as f64;
        let until = |line: usize| from(line) + 350.0 + names.height();
        let mut scene = Scene::new(data.width, until((cells.len() - 1) / columns.len()));
        head(&mut scene, title, &entries);
        for (index, (cell, points)) in cells.iter().enumerate() {
            let (line, column) = (index / columns.len(), index % columns.len());
            let (left, right) = columns[column];
            let plot = Plot {
                from: (left, from(line) + 8.0),
                to: (right, until(line) - 20.0 - names.height()),
                x: Axis::exact("", 0.0, points.len() as f64),
                y: Axis::exact("gates kept", 0.0, highest.max(1.0) * 1.14),
            };
            for (value, label) in plot.y.ticks(7) {
                let y = plot.at(0.0, value).1;
                scene.line(&[(plot.from.0, y), (plot.to.0, y)], style::GRID, 1.0);
                scene.text((plot.from.0 - 8.0, y), label, SMALL, INK, Align::End);
            }
            if column == 0 {
                scene.upwards((28.0, (plot.from.1 + plot.to.1) / 2.0), "gates kept (count)", LABEL, INK);
            }
            facet_name(&mut scene, cells.len(), &plot, cell);
            for (place, point) in points.iter().enumerate() {
                bar(&mut scene, &plot, place, point, theirs(point.first()).map(|theirs| (theirs, authors.as_str())));
                let slot = (plot.to.0 - plot.from.0) / points.len() as f64;
                let middle = plot.from.0 + slot * (place as f64 + 0.5);
                names.draw(&mut scene, (middle, plot.to.1 + 22.0), slot, &point.title_in_cell());
            }
            scene.line(&[(plot.from.0, plot.to.1), (plot.to.0, plot.to.1)], INK, 1.0);
        }

        let mut caption = format!(
            "Gates kept {}, by kind. Striped: information flow, the candidate values that gates scale. A gate is kept if \
             its preactivation depends on the input or the state; the others are constants. The strip under a bar has \
             the colour of the level in the other figures.",
            epochs_text(&rows)
        );
        caption.push_str(&intervals_text(&all, "whiskers of the totals"));
        let dense: Vec<String> = points::of(measured.iter().copied().filter(|row| !row.is_sparse()))
            .iter()
            .map(|point| if point.is_pooled() { point.title() } else { point.first().label.clone() })
            .collect();
        if !dense.is_empty() {
            caption.push_str(&format!(
                " Runs without sparsification keep all gates and are not drawn ({}).",
                dense.join("; ")
            ));
        }
        Ok(DrawnFigure { scene, caption })
    }
}

/// Half the width of a bar above which its whisker stands beside its numbers.
const BESIDE: f64 = 25.0;

/// The statistics of the number of kept gates of all kinds.
fn total(point: &Point<'_>) -> Option<Sample> {
    point.sample(|row| row.last().map(|line| gates_kept(line) as f64))
}

/// Draws the stacked bar of the point at index `place` of the plot, with the authors' total and its legend entry.
fn bar(scene: &mut Scene, plot: &Plot, place: usize, point: &Point<'_>, theirs: Option<(&AuthorsEpoch, &str)>) {
    let row = point.first();
    let Some(line) = row.last() else { return };
    let (from, to) = (plot.at(place as f64, 0.0).0, plot.at(place as f64 + 1.0, 0.0).0);
    let (slot, middle) = (to - from, (from + to) / 2.0);
    let half = (slot * 0.32).min(62.0);
    let mut below = 0.0;
    for (index, (kind, gate)) in gate_kinds::of(row).iter().zip(&line.counts.gates).enumerate() {
        let of_kind = |row: &RunRow| row.last()?.counts.gates.get(index).map(|gate| gate.kept as f64);
        let sample = point.sample(of_kind);
        let kept = sample.map_or(0.0, |sample| sample.mean);
        let (low, high) = (plot.at(0.0, below).1, plot.at(0.0, below + kept).1);
        let name = kind.long();
        scene.of_series(&[&name], |scene| {
            kind.fill(scene, (middle - half, high), (middle + half, low));
            if below > 0.0 && kept > 0.0 {
                scene.line(&[(middle - half, low), (middle + half, low)], style::PAPER, 1.0);
            }
            let text = format!("{} {}", gate.kind, count(kept.round() as u64));
            let width = text_width(&text, SMALL);
            // A whisker in the middle of a narrow bar would cross the number.
            let crossed = point.is_pooled() && half <= BESIDE;
            if low - high > SMALL + 1.0 && width < 2.0 * half - 4.0 && !crossed {
                let at = (middle, (low + high) / 2.0);
                if kind.flow {
                    // A plain background, since the stripes would cross the letters.
                    let (wide, tall) = (width / 2.0 + 3.0, SMALL / 2.0 + 1.0);
                    scene.rect((at.0 - wide, at.1 - tall), (at.0 + wide, at.1 + tall), kind.color());
                }
                scene.text(at, text, SMALL, style::ink_on(kind.color()), Align::Middle);
            }
            let kept = sample.map_or_else(String::new, |sample| sample.text(number::published));
            let kept_name = format!("{name}, kept");
            let values = [(kept_name.as_str(), kept), ("of", count(gate.total))];
            scene.bar_values((middle - half, high), (middle + half, low), point.title(), named_values(values));
        });
        below += kept;
    }
    let mut top_of_bar = plot.at(0.0, below).1;
    if let Some((low, high)) = total(point).and_then(|total| total.interval()) {
        // Beside the middle, where the numbers are if a bar has room for them.
        let right = if half > BESIDE { middle + 0.78 * half } else { middle };
        let end = |value: f64| (right, plot.at(0.0, value).1.clamp(plot.from.1, plot.to.1));
        spread::whisker(scene, end(low), end(high));
        top_of_bar = top_of_bar.min(end(high).1);
    }
    let strip = ((middle - half, plot.to.1 + 3.0), (middle + half, plot.to.1 + 8.0));
    let kept = total(point).map_or_else(String::new, |total| total.text(number::published));
    let values = [("gates kept, all kinds", kept), ("of", count(gates_total(line)))];
    scene.bar_values(strip.0, strip.1, point.title(), named_values(values));
    let below = count(below.round() as u64);
    let total = format!("{below} of {}", count(gates_total(line)));
    let mut label_y = top_of_bar - 12.0;
    if let Some((theirs, entry)) = theirs {
        let tick = plot.at(0.0, theirs.gates as f64).1;
        scene.of_series(&[entry], |scene| {
            scene.line(&[(middle - half - 9.0, tick), (middle + half + 9.0, tick)], INK, 2.4);
            if (tick - label_y).abs() < SMALL * 0.75 {
                label_y = tick.min(top_of_bar) - 13.0;
            }
            let text = count(theirs.gates);
            let values = [("gates kept, all kinds", text.clone()), ("epoch", theirs.epoch.to_string())];
            let name = format!("{} (authors)", theirs.sparsity);
            scene.point_values((middle + half + 4.0, tick), name, named_values(values));
            if middle + half + 13.0 + text_width(&text, SMALL) < to + 6.0 {
                scene.text((middle + half + 13.0, tick), text, SMALL, MUTED, Align::Start);
            }
        });
    }
    let total = if text_width(&total, SMALL) < slot { total } else { below };
    if text_width(&total, TINY) < slot - 2.0 {
        let (total, size) = fitted(&total, SMALL, slot - 2.0);
        scene.text((middle, label_y), total, size, INK, Align::Middle);
    }
    scene.rect(strip.0, strip.1, color(row));
}

/// Names under the bars: with a line for each setting if all lines fit, otherwise upright.
pub(super) struct BarLabels {
    lines: usize,
    /// Room for upright names.
    upright: Option<f64>,
}

/// Most room for upright names.
const UPRIGHT: f64 = 220.0;

impl BarLabels {
    /// Names of bars with the given distance.
    pub(super) fn of(titles: impl Iterator<Item = String> + Clone, slot: f64) -> Self {
        let fits = titles.clone().all(|title| parts(&title).iter().all(|part| text_width(part, TINY) < slot - 4.0));
        let longest = titles.clone().map(|title| text_width(&title, TINY)).fold(0.0, f64::max);
        let lines = titles.map(|title| parts(&title).len()).max().unwrap_or(1);
        Self { lines, upright: (!fits).then_some(longest.min(UPRIGHT)) }
    }

    pub(super) fn height(&self) -> f64 {
        self.upright.map_or(16.0 + 19.0 * self.lines as f64, |room| room + 20.0)
    }

    pub(super) fn draw(&self, scene: &mut Scene, at: (f64, f64), slot: f64, title: &str) {
        if let Some(room) = self.upright {
            let (text, size) = fitted(title, TINY, room);
            let middle = at.1 - 8.0 + text_width(&text, size) / 2.0;
            if slot > TINY {
                scene.upwards((at.0, middle), text, size, INK);
            }
            return;
        }
        for (i, part) in parts(title).into_iter().enumerate() {
            let (part, size) = fitted(&part, SMALL, slot - 4.0);
            scene.text((at.0, at.1 + 19.0 * i as f64), part, size, INK, Align::Middle);
        }
    }
}

/// The lines of a title without the cell, which is the panel's title: the level, then each further setting.
fn parts(title: &str) -> Vec<String> {
    title.replace(" (", ", (").split(", ").map(str::to_owned).collect()
}
