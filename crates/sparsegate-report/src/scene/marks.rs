//! What the shapes of a figure stand for: the series that its legend names, and the values of its points, bars, cells and
//! curves. The page's scripts show them; the files of a figure (SVG, PNG, PDF) do not have them.

use std::ops::Range;

use plotters::style::RGBColor;
use serde::Serialize;

use super::{PixelPoint, Scene};

/// Names and texts of values, such as `("compression", "24.46x")`.
pub type NamedValues = Vec<(String, String)>;

/// The marks of a scene.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    /// Ranges of shapes that stand for something, in order and disjoint.
    pub(super) groups: Vec<(Range<usize>, Group)>,
    /// The series of the shapes and values that are being drawn.
    current: Vec<usize>,
    values: FigureValues,
}

/// What a range of shapes stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Group {
    /// The legend entry of a series.
    Legend(usize),
    /// Data of these series; it is shown while all of them are.
    Series(Vec<usize>),
}

impl Group {
    /// The opening tag of an SVG group.
    pub(super) fn tag(&self) -> String {
        match self {
            Self::Legend(entry) => format!("<g data-legend=\"{entry}\">\n"),
            Self::Series(series) => {
                let series: Vec<String> = series.iter().map(usize::to_string).collect();
                format!("<g data-series=\"{}\">\n", series.join(" "))
            }
        }
    }
}

/// The values of a figure, as JSON with short keys: a page may have tens of thousands.
#[derive(Debug, Clone, Default, Serialize)]
struct FigureValues {
    /// The texts of the legend entries; series are indices into this list.
    series: Vec<String>,
    spots: Vec<Spot>,
    plots: Vec<CurvePlot>,
    matrices: Vec<MatrixValues>,
}

/// A point or a bar.
#[derive(Debug, Clone, Serialize)]
struct Spot {
    #[serde(rename = "s")]
    series: Vec<usize>,
    /// x and y of a point, or left, top, right and bottom of a bar.
    #[serde(rename = "a")]
    at: Vec<f64>,
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "v")]
    values: NamedValues,
}

/// An axis: its title with the unit, its ends, and whether it is logarithmic.
#[derive(Debug, Clone, Serialize)]
pub struct AxisRange {
    /// Title with the unit.
    #[serde(rename = "n")]
    pub title: String,
    /// Value at the left or lower end.
    #[serde(rename = "l")]
    pub low: f64,
    /// Value at the right or upper end.
    #[serde(rename = "h")]
    pub high: f64,
    /// Whether the axis is logarithmic.
    #[serde(rename = "g")]
    pub log: bool,
}

/// Curves over a common axis, in one plot area.
#[derive(Debug, Clone, Serialize)]
pub struct CurvePlot {
    /// Left, top, right and bottom of the plot area.
    #[serde(rename = "b")]
    pub area: [f64; 4],
    /// The horizontal axis.
    pub x: AxisRange,
    /// The vertical axis.
    pub y: AxisRange,
    /// Name of the panel; empty for a single one.
    #[serde(rename = "n")]
    pub name: String,
    /// The curves.
    #[serde(rename = "c")]
    pub curves: Vec<CurveValues>,
}

/// The values of a curve.
#[derive(Debug, Clone, Serialize)]
pub struct CurveValues {
    #[serde(rename = "s")]
    series: Vec<usize>,
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "k")]
    color: String,
    /// Horizontal values; none if they are 1, 2, 3 and so on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    x: Vec<f64>,
    /// Vertical values, `null` where there is none.
    y: Vec<f64>,
    /// Standard deviations of a mean over `seeds` seeds.
    #[serde(rename = "d", skip_serializing_if = "Vec::is_empty")]
    deviations: Vec<f64>,
    #[serde(rename = "m")]
    seeds: usize,
}

/// The values of a matrix of gates by units.
#[derive(Debug, Clone, Serialize)]
pub struct MatrixValues {
    /// Left, top, right and bottom.
    #[serde(rename = "b")]
    pub area: [f64; 4],
    /// What it shows.
    #[serde(rename = "n")]
    pub name: String,
    /// Name of each row.
    #[serde(rename = "r")]
    pub rows: Vec<String>,
    /// Number of each column.
    #[serde(rename = "u")]
    pub columns: Vec<u32>,
    /// What a column is, such as `unit`.
    #[serde(rename = "c")]
    pub column: String,
    /// Rows of cells: values of constant gates and `null` for live ones or, with `seeds`, fractions of live gates.
    #[serde(rename = "v")]
    pub values: Vec<Vec<Option<f64>>>,
    /// Number of seeds of which the cells are fractions.
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub seeds: Option<usize>,
}

/// A number rounded to five significant digits, more than a page shows.
fn short(x: f64) -> f64 {
    format!("{x:.4e}").parse().unwrap_or(x)
}

/// A position rounded to a tenth of a pixel, as in SVG files.
fn tenth(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

impl CurveValues {
    /// A curve through points (x, y, standard deviation), of means over `seeds` seeds or of one run.
    pub fn new(
        scene: &Scene,
        series: &[&str],
        name: impl Into<String>,
        RGBColor(r, g, b): RGBColor,
        points: &[(f64, f64, Option<f64>)],
        seeds: usize,
    ) -> Self {
        let counted = points.iter().enumerate().all(|(index, (x, ..))| x.total_cmp(&((index + 1) as f64)).is_eq());
        let x = if counted { Vec::new() } else { points.iter().map(|(x, ..)| short(*x)).collect() };
        let deviations: Option<Vec<f64>> = points.iter().map(|(.., sd)| sd.map(short)).collect();
        Self {
            series: scene.series_of(series),
            name: name.into(),
            color: format!("#{r:02x}{g:02x}{b:02x}"),
            x,
            y: points.iter().map(|(_, y, _)| short(*y)).collect(),
            deviations: deviations.unwrap_or_default(),
            seeds,
        }
    }
}

impl Scene {
    /// Draws the legend entry of a series, whose name is that of the series.
    pub fn legend_entry(&mut self, name: &str, draw: impl FnOnce(&mut Self)) {
        let entry = self.marks.values.series.len();
        self.marks.values.series.push(name.to_owned());
        let from = self.shapes.len();
        draw(self);
        self.marks.groups.push((from..self.shapes.len(), Group::Legend(entry)));
    }

    /// Draws what belongs to the series with these names: it is shown while all of them are. Names that the legend does
    /// not have are ignored. Within another call, shapes and values belong to the inner series only.
    pub fn of_series<T>(&mut self, names: &[&str], draw: impl FnOnce(&mut Self) -> T) -> T {
        let series = self.series_of(names);
        let from = self.shapes.len();
        let inner = self.marks.groups.len();
        let outside = std::mem::replace(&mut self.marks.current, series.clone());
        let drawn = draw(self);
        self.marks.current = outside;
        let (to, nested) = (self.shapes.len(), self.marks.groups.len() > inner);
        if series.is_empty() || from == to || nested {
            return drawn;
        }
        match self.marks.groups.last_mut() {
            Some((shapes, group)) if shapes.end == from && *group == Group::Series(series.clone()) => shapes.end = to,
            _ => self.marks.groups.push((from..to, Group::Series(series))),
        }
        drawn
    }

    /// The series with these names.
    fn series_of(&self, names: &[&str]) -> Vec<usize> {
        let known = |name: &&str| self.marks.values.series.iter().position(|other| other == name);
        names.iter().filter_map(known).collect()
    }

    /// Says what a point stands for.
    pub fn point_values(&mut self, at: PixelPoint, name: impl Into<String>, values: NamedValues) {
        self.spot(vec![at.0, at.1], name.into(), values);
    }

    /// Says what a bar between two corners stands for.
    pub fn bar_values(&mut self, from: PixelPoint, to: PixelPoint, name: impl Into<String>, values: NamedValues) {
        let (left, right) = (from.0.min(to.0), from.0.max(to.0));
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        self.spot(vec![left, top, right, bottom], name.into(), values);
    }

    fn spot(&mut self, at: Vec<f64>, name: String, values: NamedValues) {
        let (series, at) = (self.marks.current.clone(), at.into_iter().map(tenth).collect());
        self.marks.values.spots.push(Spot { series, at, name, values });
    }

    /// Says what the curves of a plot area stand for.
    pub fn curve_values(&mut self, mut plot: CurvePlot) {
        plot.area = plot.area.map(tenth);
        self.marks.values.plots.push(plot);
    }

    /// Says what the cells of a matrix stand for.
    pub fn matrix_values(&mut self, mut matrix: MatrixValues) {
        matrix.area = matrix.area.map(tenth);
        for value in matrix.values.iter_mut().flatten().flatten() {
            *value = short(*value);
        }
        self.marks.values.matrices.push(matrix);
    }

    /// The values of the figure as JSON; `None` if it has none.
    pub fn values(&self) -> Option<String> {
        let values = &self.marks.values;
        let empty = values.spots.is_empty() && values.plots.is_empty() && values.matrices.is_empty();
        // Numbers, texts and lists always have a JSON form.
        if empty { None } else { serde_json::to_string(values).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Align;
    use crate::style::INK;

    fn drawn() -> Scene {
        let mut scene = Scene::new(100.0, 100.0);
        for name in ["W", "authors"] {
            scene.legend_entry(name, |scene| scene.text((5.0, 5.0), name, 15.0, INK, Align::Start));
        }
        scene.dot((1.0, 1.0), 2.0, INK);
        scene.of_series(&["W"], |scene| {
            scene.dot((20.04, 30.0), 2.0, INK);
            scene.point_values((20.04, 30.0), "W, seed 1", vec![("compression".into(), "2.00x".into())]);
        });
        scene.of_series(&["W"], |scene| scene.dot((40.0, 30.0), 2.0, INK));
        scene.of_series(&["W", "authors", "none of the legend"], |scene| scene.dot((50.0, 30.0), 2.0, INK));
        scene.of_series(&["none of the legend"], |scene| scene.dot((60.0, 30.0), 2.0, INK));
        scene
    }

    #[test]
    fn shapes_are_grouped_by_series_and_stay_where_they_were() {
        let scene = drawn();
        let (plain, marked) = (scene.svg().unwrap(), scene.svg_with_marks().unwrap());
        let tags: Vec<&str> = marked.lines().filter(|line| line.starts_with("<g ")).collect();
        let wanted =
            ["<g data-legend=\"0\">", "<g data-legend=\"1\">", "<g data-series=\"0\">", "<g data-series=\"0 1\">"];
        assert_eq!(tags, wanted, "{marked}");
        let ungrouped: String =
            marked.split_inclusive('\n').filter(|line| !line.starts_with("<g ") && *line != "</g>\n").collect();
        assert_eq!(ungrouped, plain);
        let first = marked.split("<g data-series=\"0\">").nth(1).unwrap().split("</g>").next().unwrap();
        assert_eq!(first.matches("<circle").count(), 2, "neighbours share a group: {marked}");
    }

    #[test]
    fn values_name_their_series_and_numbers_are_short() {
        let mut scene = drawn();
        let curve = |scene: &Scene, points: &[_], seeds| CurveValues::new(scene, &["W"], "W", INK, points, seeds);
        let counted = curve(&scene, &[(1.0, 1.234_567, None), (2.0, f64::NAN, None)], 1);
        let other = curve(&scene, &[(2.0, 7.0, Some(0.5))], 3);
        let axis = || AxisRange { title: "t".into(), low: 0.0, high: 1.0, log: false };
        let area = [0.0, 0.0, 33.333, 9.0];
        let curves = vec![counted, other];
        scene.curve_values(CurvePlot { area, x: axis(), y: axis(), name: String::new(), curves });
        let json: serde_json::Value = serde_json::from_str(&scene.values().unwrap()).unwrap();
        let spot = serde_json::json!({"s": [0], "a": [20.0, 30.0], "n": "W, seed 1", "v": [["compression", "2.00x"]]});
        assert_eq!(json["spots"], serde_json::json!([spot]));
        let curves = serde_json::json!([
            {"s": [0], "n": "W", "k": "#222222", "y": [1.2346, null], "m": 1},
            {"s": [0], "n": "W", "k": "#222222", "x": [2.0], "y": [7.0], "d": [0.5], "m": 3},
        ]);
        assert_eq!((&json["plots"][0]["c"], &json["plots"][0]["b"][2]), (&curves, &serde_json::json!(33.3)));
        assert_eq!(Scene::new(1.0, 1.0).values(), None);
    }
}
