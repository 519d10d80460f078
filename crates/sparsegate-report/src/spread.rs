//! Marks of 95 % intervals: bands of curves, error bars of points, whiskers of bars. All are cut off at the edges of
//! the plot.

use plotters::style::RGBColor;

use super::chart::Plot;
use super::sample::Sample;
use super::scene::{PixelPoint, Scene};
use super::style::{self, INK, PAPER};

/// Opacity of a band.
const BAND: f64 = 0.18;
/// Half the length of the cross-line at the end of a bar.
const CAP: f64 = 4.0;

/// The ends of the intervals that an axis should show, besides the values themselves: an end farther from the values
/// than their own range is left out, so that an interval of few seeds does not flatten everything else.
pub fn ends<'a>(values: &[f64], samples: impl IntoIterator<Item = &'a Sample>) -> Vec<f64> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let near = |end: &f64| *end >= low - (high - low) && *end <= high + (high - low);
    let intervals = samples.into_iter().filter_map(Sample::interval);
    intervals.flat_map(|(low, high)| [low, high]).filter(near).collect()
}

/// The band between the ends of the intervals along a curve, each at its horizontal value.
pub fn band(scene: &mut Scene, plot: &Plot, samples: &[(f64, Sample)], color: RGBColor) {
    let ends = samples.iter().filter_map(|(x, sample)| Some((*x, sample.interval()?)));
    let (mut upper, mut lower): (Vec<PixelPoint>, Vec<PixelPoint>) =
        ends.map(|(x, (low, high))| (inside(plot, plot.at(x, high)), inside(plot, plot.at(x, low)))).unzip();
    if upper.len() == 1 {
        // A single epoch has no width.
        error_bars(
            scene,
            plot,
            (samples[0].0, None),
            samples.iter().map(|(_, s)| (s.mean, s.interval())).next(),
            color,
        );
        return;
    }
    lower.reverse();
    upper.append(&mut lower);
    scene.translucent(&upper, color, BAND);
}

/// A value with the ends of its interval, if it has one.
pub type Interval = (f64, Option<(f64, f64)>);

/// Bars from end to end of the intervals of a point, in both directions; nothing for a direction without an interval.
pub fn error_bars(scene: &mut Scene, plot: &Plot, x: Interval, y: Option<Interval>, color: RGBColor) {
    let Some(y) = y else { return };
    if let Some((low, high)) = x.1 {
        let (from, to) = (inside(plot, plot.at(low, y.0)), inside(plot, plot.at(high, y.0)));
        scene.line(&[from, to], color, style::THIN);
        for end in [from, to].into_iter().filter(|end| end.0 > plot.from.0 && end.0 < plot.to.0) {
            scene.line(&[(end.0, end.1 - CAP), (end.0, end.1 + CAP)], color, style::THIN);
        }
    }
    if let Some((low, high)) = y.1 {
        let (from, to) = (inside(plot, plot.at(x.0, low)), inside(plot, plot.at(x.0, high)));
        scene.line(&[from, to], color, style::THIN);
        for end in [from, to].into_iter().filter(|end| end.1 > plot.from.1 && end.1 < plot.to.1) {
            scene.line(&[(end.0 - CAP, end.1), (end.0 + CAP, end.1)], color, style::THIN);
        }
    }
}

/// A whisker over a bar, visible on its colour and beside it; nothing for an interval without length.
pub fn whisker(scene: &mut Scene, from: PixelPoint, to: PixelPoint) {
    if from == to {
        return;
    }
    let upright = (from.0 - to.0).abs() < (from.1 - to.1).abs();
    let cap = |end: PixelPoint| {
        if upright {
            [(end.0 - CAP, end.1), (end.0 + CAP, end.1)]
        } else {
            [(end.0, end.1 - CAP), (end.0, end.1 + CAP)]
        }
    };
    for (color, width) in [(PAPER, 4.0), (INK, 1.6)] {
        for line in [[from, to], cap(from), cap(to)] {
            scene.line(&line, color, width);
        }
    }
}

/// The nearest point inside the plot.
fn inside(plot: &Plot, at: PixelPoint) -> PixelPoint {
    (at.0.clamp(plot.from.0, plot.to.0), at.1.clamp(plot.from.1, plot.to.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;

    #[test]
    fn a_wide_interval_does_not_stretch_an_axis() {
        let (narrow, wide) = (Sample::of(&[1.0, 1.1, 1.2, 1.3]).unwrap(), Sample::of(&[0.6, 1.2, 1.8]).unwrap());
        assert!(wide.interval().unwrap().1 > 2.0);
        let ends = ends(&[1.0, 1.4], [&narrow, &wide]);
        assert_eq!(ends.len(), 2);
        assert!(ends[0] > 0.9 && ends[1] < 1.4, "{ends:?}");
    }

    #[test]
    fn a_band_stays_inside_its_plot() {
        let plot =
            Plot { from: (10.0, 20.0), to: (110.0, 70.0), x: Axis::exact("", 0.0, 2.0), y: Axis::exact("", 0.0, 1.0) };
        let wide = Sample::of(&[0.0, 0.5, 1.0]).unwrap();
        let mut scene = Scene::new(200.0, 100.0);
        band(&mut scene, &plot, &[(0.0, wide), (1.0, wide), (2.0, wide)], INK);
        let svg = scene.svg().unwrap();
        let polygon = svg.lines().find(|line| line.contains("<polygon")).expect("a polygon");
        assert!(
            polygon.contains("opacity=\"0.18\"") && polygon.contains("points=\"100,200 600,200 1100,200"),
            "{polygon}"
        );
    }
}
