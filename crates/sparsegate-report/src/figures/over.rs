//! `over-KEY`: validation metric and compression over a swept number, one figure for each such key.

use super::{
    DrawnFigure, Figure, FigureData, SkipReason, collapsed_names, facet_name, facet_room, head, head_height,
    intervals_text, named_values,
};
use crate::axis::{Axis, AxisScale};
use crate::best;
use crate::chart::{LegendSymbol, Plot, columns};
use crate::metric;
use crate::number::{self, count};
use crate::points::{self, Point};
use crate::rows::{RowState, RunRow};
use crate::sample::Sample;
use crate::scene::Scene;
use crate::spread;
use crate::style::{self, INK, LINE, MARKER};
use crate::swept;
use std::collections::HashSet;

use plotters::style::RGBColor;
use sparsegate_core::EvaluationMetric;
use sparsegate_spec::{VaryingKeys, varying};
use sparsegate_store::format::EpochMetrics;

/// Validation metric and compression over one swept key.
pub struct OverFigure {
    key: String,
    name: String,
}

/// Legend entry of the rings.
const BEST: &str = "best by validation";

/// Height of a panel including its axis.
const PANEL: f64 = 262.0;

/// A figure for each swept key that has different numbers as values.
pub fn figures(rows: &[RunRow], varying: &VaryingKeys) -> Vec<OverFigure> {
    let numeric = |key: &&String| {
        let mut values: Vec<f64> = rows.iter().filter_map(|row| swept::number(&row.spec, key)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values.len() > 1
    };
    swept::keys(varying).keys().iter().filter(numeric).map(|key| OverFigure::of(key)).collect()
}

/// Names of the figures for all keys, swept or not.
pub fn all_names() -> Vec<String> {
    varying::KEYS.iter().map(|key| OverFigure::of(key).name).collect()
}

impl OverFigure {
    fn of(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            name: format!("over-{}", varying::short_name(key).replace(['.', ' '], "-").to_lowercase()),
        }
    }
}

/// The points that differ in the swept key only, apart from the cell, which selects the panel.
pub(super) struct Series<'a> {
    pub cell: &'static str,
    pub label: String,
    pub color: RGBColor,
    pub sparse: bool,
    /// Value of the key, point, validation metric in the unit of the axis, compression; by value.
    pub points: Vec<(f64, Point<'a>, Sample, Sample)>,
}

/// One of the two rows of panels.
struct OverPanel<'a> {
    y: Axis,
    of: fn(&(f64, Point<'_>, Sample, Sample)) -> Sample,
    /// Name and text of a value on the vertical axis.
    name: String,
    text: Box<dyn Fn(f64) -> String + 'a>,
    /// Whether dense networks are drawn.
    dense: bool,
}

impl Figure for OverFigure {
    fn name(&self) -> &str {
        &self.name
    }

    fn draw(&self, data: FigureData<'_>) -> Result<DrawnFigure, SkipReason> {
        let metric = data.rows.iter().find_map(|row| row.metric);
        let series = series(&data, &self.key, metric);
        let collapsed = collapsed_names(&data.rows.iter().collect::<Vec<_>>());
        if series.is_empty() {
            let others = if collapsed.is_empty() { "" } else { " without collapsing" };
            return Err(SkipReason(format!("no run with a value of this key has finished{others}")));
        }
        let mut cells: Vec<&'static str> = Vec::new();
        for one in &series {
            if !cells.contains(&one.cell) {
                cells.push(one.cell);
            }
        }
        let short = varying::short_name(&self.key);
        let xs: Vec<f64> = series.iter().flat_map(|one| one.points.iter().map(|(x, ..)| *x)).collect();
        let x = Axis::around(short, Axis::scale_for(&xs, 6.0), xs.iter().copied()).ticks_at(xs.iter().copied());
        let quality_title = format!("validation {}", metric::axis_title(metric));
        let mut panels = vec![OverPanel {
            y: axis(&quality_title, series.iter(), |point| point.2, |values| metric::axis_scale(metric, values)),
            of: |point| point.2,
            name: format!("validation {}", metric::plain_name(metric)),
            text: Box::new(move |x| metric::axis_text(metric, x)),
            dense: true,
        }];
        if series.iter().any(|one| one.sparse) {
            let sparse = series.iter().filter(|one| one.sparse);
            panels.push(OverPanel {
                y: axis("compression", sparse, |point| point.3, |values| Axis::scale_for(values, 3.0)),
                of: |point| point.3,
                name: "compression".into(),
                text: Box::new(number::ratio),
                dense: false,
            });
        }

        let title = format!("Quality and compression over {short}");
        let mut entries = series_legend(&series);
        entries.push((LegendSymbol::Ring(INK), BEST.into()));
        let chosen: Vec<&str> =
            best::settings(data.rows, data.varying).iter().map(|best| run_of(&best.point)).collect();
        let columns = columns(data.width, cells.len(), 88.0);
        // The panels below each other of the cells that stand side by side.
        let block = facet_room(cells.len()) + (PANEL + 46.0) * panels.len() as f64;
        let top = head_height(data.width, &title, &entries);
        let mut scene = Scene::new(data.width, top + block * cells.len().div_ceil(columns.len()) as f64);
        head(&mut scene, &title, &entries);
        for (line, panel) in panels.iter().enumerate() {
            for (index, cell) in cells.iter().enumerate() {
                let (left, right) = columns[index % columns.len()];
                let below = top + block * (index / columns.len()) as f64;
                let from = below + facet_room(cells.len()) + 8.0 + (PANEL + 46.0) * line as f64;
                let mut plot =
                    Plot { from: (left, from), to: (right, from + PANEL - 26.0), x: x.clone(), y: panel.y.clone() };
                if index % columns.len() > 0 {
                    plot.y.title.clear();
                }
                plot.axes(&mut scene);
                if line == 0 {
                    facet_name(&mut scene, cells.len(), &plot, cell);
                }
                let shown = || series.iter().filter(|one| one.cell == *cell && (panel.dense || one.sparse));
                for one in shown() {
                    let samples: Vec<(f64, Sample)> = one.points.iter().map(|at| (at.0, (panel.of)(at))).collect();
                    scene.of_series(&[&one.label], |scene| spread::band(scene, &plot, &samples, one.color));
                }
                for one in shown() {
                    let values = one.points.iter().map(|at| (at.0, (panel.of)(at).mean));
                    scene.of_series(&[&one.label], |scene| {
                        for piece in plot.path(values) {
                            scene.line(&piece, one.color, LINE);
                        }
                    });
                    for at in &one.points {
                        let place = plot.at(at.0, (panel.of)(at).mean);
                        if chosen.contains(&run_of(&at.1)) {
                            scene.of_series(&[&one.label, BEST], |scene| scene.ring(place, MARKER + 3.0, INK, 1.4));
                        }
                        scene.of_series(&[&one.label], |scene| {
                            scene.dot(place, MARKER - 1.0, one.color);
                            let values =
                                [(short, at.0.to_string()), (panel.name.as_str(), (panel.of)(at).text(&panel.text))];
                            scene.point_values(place, at.1.title(), named_values(values));
                        });
                    }
                }
            }
        }

        let mut caption = format!(
            "Validation metric (top) and compression of the sparsified runs (bottom) of the finished runs, after their \
             last epoch, over `{}`. A ring marks the best setting of each cell and level by the validation metric.",
            self.key
        );
        let all: Vec<&Point<'_>> = series.iter().flat_map(|one| one.points.iter().map(|at| &at.1)).collect();
        caption.push_str(&intervals_text(&all, "bands"));
        let without = data.rows.iter().any(|row| row.last().is_some() && swept::number(&row.spec, &self.key).is_none());
        if without {
            caption.push_str(" Runs without a value of this key are not shown.");
        }
        if !collapsed.is_empty() {
            caption.push_str(&format!(" Collapsed runs are not drawn ({collapsed})."));
        }
        Ok(DrawnFigure { scene, caption })
    }
}

/// Most series with a legend entry of their own.
const NAMED: usize = 24;

/// Legend entries of the series, each label once, of many series the first ones and the number of the others.
pub(super) fn series_legend(series: &[Series<'_>]) -> Vec<(LegendSymbol, String)> {
    let mut seen: HashSet<&str> = HashSet::new();
    let distinct = series.iter().filter(|one| seen.insert(&one.label));
    let mut entries: Vec<(LegendSymbol, String)> =
        distinct.map(|one| (LegendSymbol::Solid(one.color), one.label.clone())).collect();
    let more = entries.len().saturating_sub(NAMED);
    if more > 0 {
        entries.truncate(NAMED);
        entries.push((LegendSymbol::Plain, format!("and {} more", count(more as u64))));
    }
    entries
}

/// The key of a point's first run, which identifies the point.
pub(super) fn run_of<'a>(point: &Point<'a>) -> &'a str {
    &point.first().run
}

/// An axis over the means of the points, and the ends of their intervals that are not far away.
fn axis<'a, 'b: 'a>(
    title: &str,
    series: impl Iterator<Item = &'a Series<'b>>,
    of: fn(&(f64, Point<'_>, Sample, Sample)) -> Sample,
    scale: impl Fn(&[f64]) -> AxisScale,
) -> Axis {
    let samples: Vec<Sample> = series.flat_map(|one| one.points.iter().map(of)).collect();
    let mut values: Vec<f64> = samples.iter().map(|sample| sample.mean).collect();
    values.extend(spread::ends(&values, &samples));
    Axis::around(title, scale(&values), values)
}

/// The finished points that have not collapsed as series, in order of appearance.
pub(super) fn series<'a>(data: &FigureData<'a>, key: &str, metric: Option<EvaluationMetric>) -> Vec<Series<'a>> {
    let label = data.varying.without(&[key, "seed", "model.cell"]);
    let mut series: Vec<Series<'_>> = Vec::new();
    let finished = |point: &Point<'_>| point.first().state == RowState::Done && point.first().collapsed().is_none();
    for point in points::of(data.rows).into_iter().filter(finished) {
        let first = point.first();
        let of = |quantity: &dyn Fn(&EpochMetrics) -> f64| point.sample(|row| row.last().map(quantity));
        let valid = of(&|line| metric::on_axis(metric, line.valid));
        let compression = of(&|line| line.counts.compression);
        let known = swept::number(&first.spec, key).zip(valid.zip(compression));
        let Some((x, (valid, compression))) = known else { continue };
        let (cell, label, sparse) = (first.cell(), label.label(&first.spec), first.is_sparse());
        let value = (x, point, valid, compression);
        match series.iter_mut().find(|one| one.cell == cell && one.label == label) {
            Some(one) => one.points.push(value),
            None => series.push(Series { cell, label, color: INK, sparse, points: vec![value] }),
        }
    }
    color(&mut series);
    for one in &mut series {
        one.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    series
}

/// Gives each series the colour of its level, in different shades if several series have the same level.
fn color(series: &mut [Series<'_>]) {
    let level = |one: &Series<'_>| one.points[0].1.first().level().to_owned();
    let names: Vec<(String, String)> = series.iter().map(|one| (level(one), one.label.clone())).collect();
    for one in series.iter_mut() {
        let own = level(one);
        let mut same: Vec<&String> = Vec::new();
        for (_, label) in names.iter().filter(|(level, _)| *level == own) {
            if !same.contains(&label) {
                same.push(label);
            }
        }
        let place = same.iter().position(|label| **label == one.label).unwrap_or(0);
        one.color = style::shade(style::level(&own, one.points[0].1.first().level_index), place, same.len());
    }
}
