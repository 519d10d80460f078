//! `sizes`: percentages of hidden units, embedding dimensions and vocabulary that are kept.

use super::{
    DrawnFigure, Figure, FigureData, SkipReason, color, epochs_text, head, head_height, intervals_text, measured,
    named_values, theirs,
};
use crate::authors::AuthorsEpoch;
use crate::axis::Axis;
use crate::chart::{LegendSymbol, Plot, fitted};
use crate::decimals::Decimals;
use crate::number::{self, count, percent};
use crate::points::{self, Point};
use crate::rows::RunRow;
use crate::sample::Sample;
use crate::scene::{Align, Scene, text_width};
use crate::spread;
use crate::style::{self, EMPTY, INK, LABEL, SMALL};
use sparsegate_store::format::KeptCount;

/// Sizes of the pruned networks.
pub struct SizesFigure;

/// One panel: our count and the authors' count of the same size.
struct SizePanel<'a> {
    title: &'a str,
    /// What is counted, for the values of a bar.
    name: &'a str,
    ours: fn(&RunRow) -> Option<KeptCount>,
    theirs: fn(&AuthorsEpoch) -> Option<(u64, u64)>,
}

const PANELS: [SizePanel<'static>; 3] = [
    SizePanel {
        title: "hidden units kept (% of all)",
        name: "hidden units kept",
        ours: |row| row.last().map(|line| line.counts.neurons),
        theirs: |point| Some((point.neurons, point.neurons_total)),
    },
    SizePanel {
        title: "dimensions of the embedding kept (% of all)",
        name: "dimensions of the embedding kept",
        ours: |row| row.last().and_then(|line| line.counts.inputs),
        theirs: |point| point.inputs,
    },
    SizePanel {
        title: "input symbols kept (% of the vocabulary)",
        name: "input symbols kept",
        ours: |row| row.last().map(|line| line.counts.vocabulary),
        theirs: |point| Some((point.vocabulary, point.vocabulary_total)),
    },
];

fn share(kept: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { kept as f64 / total as f64 }
}

/// The statistics of the kept fraction over the seeds of a point.
fn fraction(point: &Point<'_>, panel: &SizePanel<'_>) -> Option<Sample> {
    point.sample(|row| (panel.ours)(row).map(|kept| share(kept.kept, kept.total)))
}

impl Figure for SizesFigure {
    fn name(&self) -> &'static str {
        "sizes"
    }

    fn most(&self) -> usize {
        24
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        const BAR: f64 = 24.0;
        const STEP: f64 = 40.0;
        let rows = measured(&data)?;
        let panels: Vec<&SizePanel<'_>> =
            PANELS.iter().filter(|panel| rows.iter().any(|row| (panel.ours)(row).is_some())).collect();
        let title = "Hidden units and vocabulary kept";
        let mut entries = vec![(LegendSymbol::Plain, format!("bars: ours, {}", epochs_text(&rows)))];
        let theirs = |row: &RunRow| theirs(&data, row);
        let ours = entries[0].1.clone();
        let epochs = rows.iter().filter_map(|row| theirs(row)).map(|point| point.epoch).max();
        let authors = format!("authors, after {} epochs", epochs.unwrap_or_default());
        if epochs.is_some() {
            entries.push((LegendSymbol::Tick(INK), authors.clone()));
        }
        let points = points::of(rows.iter().copied());
        let top = head_height(data.width, title, &entries);
        let names =
            points.iter().map(|point| text_width(&point.title(), SMALL)).fold(0.0, f64::max).min(0.29 * data.width);
        let left = 34.0 + names;
        let narrow = data.width < 700.0;
        let after = if narrow { 138.0 } else { 190.0 };
        let panel_height = STEP * points.len() as f64 + 66.0;
        let height = top + panels.len() as f64 * panel_height + 14.0;
        let mut scene = Scene::new(data.width, height);
        head(&mut scene, title, &entries);
        for (index, panel) in panels.into_iter().enumerate() {
            let from_y = top + 8.0 + panel_height * index as f64;
            let plot = Plot {
                from: (left, from_y),
                to: (data.width - after, from_y + STEP * points.len() as f64),
                x: Axis::exact("", 0.0, 100.0),
                y: Axis::exact("", 0.0, 1.0),
            };
            for (value, label) in plot.x.ticks(5) {
                let x = plot.at(value, 0.0).0;
                scene.line(&[(x, plot.from.1), (x, plot.to.1)], style::GRID, 1.0);
                scene.text((x, plot.to.1 + 13.0), label, SMALL, INK, Align::Middle);
            }
            let middle = (plot.from.0 + plot.to.0) / 2.0;
            scene.text((middle, plot.to.1 + 36.0), panel.title, LABEL, INK, Align::Middle);
            for (line, point) in points.iter().enumerate() {
                let row = point.first();
                let Some((kept, fraction)) = (panel.ours)(row).zip(fraction(point, panel)) else { continue };
                let y = plot.from.1 + STEP * (line as f64 + 0.5);
                let (high, low) = (y - BAR / 2.0, y + BAR / 2.0);
                let end = plot.at(100.0 * fraction.mean, 0.0).0;
                let counts = point.sample(|row| (panel.ours)(row).map(|kept| kept.kept as f64));
                scene.of_series(&[&ours], |scene| {
                    scene.rect((plot.from.0, high), (plot.to.0, low), EMPTY);
                    scene.rect((plot.from.0, high), (end.max(plot.from.0 + 1.0), low), color(row));
                    let (title, size) = fitted(&point.title(), SMALL, names);
                    scene.text((plot.from.0 - 9.0, y), title, size, INK, Align::End);
                    let text = if fraction.sd.is_none() {
                        let share = percent(fraction.mean);
                        let of = format!("{} of {}", count(kept.kept), count(kept.total));
                        if narrow { of } else { format!("{of} ({share})") }
                    } else {
                        let at = |share: f64| (plot.at(100.0 * share, 0.0).0.clamp(plot.from.0, plot.to.0), y);
                        if let Some((low, high)) = fraction.interval() {
                            spread::whisker(scene, at(low), at(high));
                        }
                        counts.map_or_else(String::new, |counts| Decimals::of([&counts]).text(&counts))
                    };
                    scene.text((plot.to.0 + 12.0, y), text, SMALL, INK, Align::Start);
                    let values = [
                        (panel.name, counts.map_or_else(String::new, |counts| counts.text(number::published))),
                        ("of", count(kept.total)),
                        ("share", fraction.text(percent)),
                    ];
                    scene.bar_values((plot.from.0, high), (plot.to.0, low), point.title(), named_values(values));
                });
                if let Some((kept, total)) = theirs(row).and_then(panel.theirs) {
                    let x = plot.at(100.0 * share(kept, total), 0.0).0;
                    scene.of_series(&[&authors], |scene| {
                        scene.line(&[(x, high - 5.0), (x, low + 5.0)], style::PAPER, 5.0);
                        scene.line(&[(x, high - 5.0), (x, low + 5.0)], INK, 2.5);
                        let name = format!("{} (authors)", row.level());
                        let values =
                            [(panel.name, count(kept)), ("of", count(total)), ("share", percent(share(kept, total)))];
                        scene.point_values((x, high - 3.0), name, named_values(values));
                    });
                }
            }
            scene.line(&[plot.from, (plot.from.0, plot.to.1)], INK, 1.0);
        }
        let mut caption = String::from(
            "Hidden units and input symbols that survive, in percent of all; counts at the right. A hidden \
             unit is kept if its group variable and at least one of its outgoing weights are kept; an input symbol or a \
             dimension of the embedding, if its group variable (if the level has one) and at least one of its weights \
             are.",
        );
        let all: Vec<&Point<'_>> = points.iter().collect();
        let pooled = intervals_text(&all, "whiskers");
        if !pooled.is_empty() {
            caption.push_str(&pooled);
            caption.push_str(" At the right, mean and standard deviation of the counts.");
        }
        Ok(DrawnFigure { scene, caption })
    }
}
