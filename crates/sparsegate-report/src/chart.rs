//! Parts shared by the figures: a plot area with axes, a legend, and labels that do not overlap.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::scene::{Align, AxisRange, CurvePlot, CurveValues, PixelPoint, Scene, text_width};
use super::style::{self, GRID, INK, LABEL, SMALL};

/// A plot area with its two axes.
#[derive(Debug, Clone)]
pub struct Plot {
    /// Top left corner.
    pub from: PixelPoint,
    /// Bottom right corner.
    pub to: PixelPoint,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
}

impl Plot {
    /// Position of a data point.
    pub fn at(&self, x: f64, y: f64) -> PixelPoint {
        let (width, height) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        (self.from.0 + self.x.position(x) * width, self.to.1 - self.y.position(y) * height)
    }

    /// Draws the grid, frame, tick labels and axis titles.
    pub fn axes(&self, scene: &mut Scene) {
        let wide = (self.to.0 - self.from.0) / 75.0;
        let high = (self.to.1 - self.from.1) / 45.0;
        let mut last_end = f64::NEG_INFINITY;
        for (value, label) in self.x.ticks((wide as usize).max(3)) {
            let x = self.from.0 + self.x.position(value) * (self.to.0 - self.from.0);
            scene.line(&[(x, self.from.1), (x, self.to.1)], GRID, 1.0);
            let half = text_width(&label, SMALL) / 2.0;
            if x - half > last_end + 8.0 {
                scene.text((x, self.to.1 + 16.0), label, SMALL, INK, Align::Middle);
                last_end = x + half;
            }
        }
        let mut widest: f64 = 0.0;
        for (value, label) in self.y.ticks((high as usize).max(3)) {
            let y = self.to.1 - self.y.position(value) * (self.to.1 - self.from.1);
            scene.line(&[(self.from.0, y), (self.to.0, y)], GRID, 1.0);
            widest = widest.max(text_width(&label, SMALL));
            scene.text((self.from.0 - 8.0, y), label, SMALL, INK, Align::End);
        }
        scene.frame(self.from, self.to, INK, 1.0);
        let middle = ((self.from.0 + self.to.0) / 2.0, (self.from.1 + self.to.1) / 2.0);
        // The title may be slightly wider than the plot, but must not reach into a neighbouring title.
        let room = self.to.0 - self.from.0 + 40.0;
        let (title, size) = fitted(&axis_title(&self.x, room), LABEL, room);
        scene.text((middle.0, self.to.1 + 42.0), title, size, INK, Align::Middle);
        let room = self.to.1 - self.from.1;
        let (title, size) = fitted(&axis_title(&self.y, room), LABEL, room);
        scene.upwards((self.from.0 - widest - 24.0, middle.1), title, size, INK);
    }

    /// Says what the curves of this plot stand for; `name` is that of the panel.
    pub fn curve_values(&self, scene: &mut Scene, y_title: &str, name: &str, curves: Vec<CurveValues>) {
        let area = [self.from.0, self.from.1, self.to.0, self.to.1];
        let y = AxisRange { title: y_title.to_owned(), ..self.y.range() };
        scene.curve_values(CurvePlot { area, x: self.x.range(), y, name: name.to_owned(), curves });
    }

    /// The curve through the values, clipped to the plot area, as connected pieces.
    pub fn path(&self, values: impl IntoIterator<Item = (f64, f64)>) -> Vec<Vec<PixelPoint>> {
        let mut pieces = vec![Vec::new()];
        let mut before: Option<PixelPoint> = None;
        for (x, y) in values {
            if !x.is_finite() || !y.is_finite() {
                before = None;
                pieces.push(Vec::new());
                continue;
            }
            let point = self.at(x, y);
            let inside = |p: PixelPoint| p.1 >= self.from.1 - 0.01 && p.1 <= self.to.1 + 0.01;
            if let Some(previous) = before
                && inside(previous) != inside(point)
            {
                let edge = if previous.1.min(point.1) < self.from.1 { self.from.1 } else { self.to.1 };
                let share = (edge - previous.1) / (point.1 - previous.1);
                let crossing = (previous.0 + (point.0 - previous.0) * share, edge);
                if let Some(piece) = pieces.last_mut() {
                    piece.push(crossing);
                }
            }
            if inside(point) {
                if let Some(piece) = pieces.last_mut() {
                    piece.push(point);
                }
            } else if pieces.last().is_some_and(|piece| !piece.is_empty()) {
                pieces.push(Vec::new());
            }
            before = Some(point);
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}

/// The text and a font size of at most `size` at which it is at most `room` wide. It is never set smaller than
/// [`style::TINY`]; a text that is too wide even then loses its end, for which `…` stands.
pub fn fitted(text: &str, size: f64, room: f64) -> (String, f64) {
    let wide = text_width(text, size);
    if wide <= room {
        return (text.to_owned(), size);
    }
    let smaller = (size * room / wide).clamp(style::TINY.min(size), size);
    if text_width(text, smaller) <= room + 0.5 {
        return (text.to_owned(), smaller);
    }
    let mut letters: Vec<char> = text.chars().collect();
    while letters.pop().is_some() {
        let cut = letters.iter().collect::<String>().trim_end().to_owned() + "…";
        if text_width(&cut, smaller) <= room {
            return (cut, smaller);
        }
    }
    (String::new(), smaller)
}

/// Least width of plot areas side by side, in pixels: two tick labels have room below it.
const NARROWEST: f64 = 80.0;

/// Left and right edges of `count` plot areas side by side in a figure of the given width, with `before` pixels for the
/// labels to the left of each. Where they would be too narrow there are fewer, at least one: the plot at `index` then
/// stands in line `index / columns.len()`, in column `index % columns.len()`.
pub fn columns(width: f64, count: usize, before: f64) -> Vec<(f64, f64)> {
    const LEFT: f64 = 20.0;
    const RIGHT: f64 = 28.0;
    const GAP: f64 = 8.0;
    let slot = |count: usize| (width - LEFT - RIGHT) / count as f64;
    let count = count.max(1);
    let most = (1..=count).rev().find(|fewer| slot(*fewer) - before - GAP >= NARROWEST).unwrap_or(1);
    // Lines of about the same length: four plots in two lines of two, also where three have room.
    let count = count.div_ceil(count.div_ceil(most));
    let slot = slot(count);
    (0..count)
        .map(|index| {
            let left = LEFT + slot * index as f64;
            (left + before, left + slot - if index + 1 < count { GAP } else { 0.0 })
        })
        .collect()
}

/// The title of an axis. If it is too long for `room` even in the smallest size, what it has in brackets is left out.
fn axis_title(axis: &Axis, room: f64) -> String {
    let with_scale = |title: &str| {
        if axis.is_log() && !title.is_empty() { format!("{title}, log scale") } else { title.to_owned() }
    };
    let full = with_scale(&axis.title);
    match axis.title.rsplit_once(" (") {
        Some((short, _)) if axis.title.ends_with(')') && text_width(&full, style::TINY) > room => with_scale(short),
        _ => full,
    }
}

/// Symbol of a legend entry.
#[derive(Debug, Clone, Copy)]
pub enum LegendSymbol {
    /// A filled square.
    Square(RGBColor),
    /// A filled square with stripes.
    Hatched(RGBColor),
    /// A filled circle.
    Dot(RGBColor),
    /// An open circle.
    Ring(RGBColor),
    /// A solid line.
    Solid(RGBColor),
    /// A dashed line.
    Dashed(RGBColor),
    /// A dotted line.
    Dotted(RGBColor),
    /// A short upright line.
    Tick(RGBColor),
    /// No symbol.
    Plain,
}

/// Draws entries from left to right, breaking lines at `right`. Returns the height used. Each entry names a series.
pub fn legend(scene: &mut Scene, from: PixelPoint, right: f64, entries: &[(LegendSymbol, String)]) -> f64 {
    const LINE_HEIGHT: f64 = 23.0;
    let (mut x, mut y) = from;
    for (key, name) in entries {
        let (text, _) = &fitted(name, SMALL, right - from.0 - 34.0);
        let lead = match key {
            LegendSymbol::Solid(_) | LegendSymbol::Dashed(_) | LegendSymbol::Dotted(_) => 34.0,
            LegendSymbol::Plain => 0.0,
            _ => 19.0,
        };
        let width = lead + text_width(text, SMALL) + 20.0;
        if x > from.0 && x + width - 20.0 > right {
            x = from.0;
            y += LINE_HEIGHT;
        }
        scene.legend_entry(name, |scene| {
            match *key {
                LegendSymbol::Square(color) => scene.rect((x, y - 6.5), (x + 13.0, y + 6.5), color),
                LegendSymbol::Hatched(color) => scene.hatched((x, y - 6.5), (x + 13.0, y + 6.5), color),
                LegendSymbol::Dot(color) => scene.dot((x + 6.5, y), style::MARKER, color),
                LegendSymbol::Ring(color) => scene.ring((x + 6.5, y), style::MARKER, color, 1.6),
                LegendSymbol::Solid(color) => scene.line(&[(x, y), (x + 28.0, y)], color, style::LINE + 0.6),
                LegendSymbol::Dashed(color) => {
                    scene.dashed(&[(x, y), (x + 28.0, y)], color, style::THIN + 0.3, 5.0, 3.5);
                }
                LegendSymbol::Dotted(color) => scene.dotted(&[(x, y), (x + 28.0, y)], color),
                LegendSymbol::Tick(color) => scene.line(&[(x + 6.5, y - 8.0), (x + 6.5, y + 8.0)], color, 2.5),
                LegendSymbol::Plain => {}
            }
            scene.text((x + lead, y), text.clone(), SMALL, INK, Align::Start);
        });
        x += width;
    }
    y - from.1 + LINE_HEIGHT
}

/// A rectangle that labels must not overlap.
#[derive(Debug, Clone, Copy)]
struct LabelBox {
    from: PixelPoint,
    to: PixelPoint,
}

/// Places labels next to points so that they do not overlap points or other labels.
#[derive(Debug, Default)]
pub struct LabelPlacer {
    taken: Vec<LabelBox>,
}

impl LabelPlacer {
    /// Keeps a square around a point free of labels; `radius` is half its side.
    pub fn keep_clear(&mut self, at: PixelPoint, radius: f64) {
        let (from, to) = ((at.0 - radius, at.1 - radius), (at.0 + radius, at.1 + radius));
        self.taken.push(LabelBox { from, to });
    }

    /// Draws the label at the first free position around the point inside the area. A label farther away gets a thin
    /// line to its point. If no position is free, nothing is drawn and `false` returned.
    pub fn draw(&mut self, scene: &mut Scene, area: (PixelPoint, PixelPoint), at: PixelPoint, text: &str) -> bool {
        let (width, height) = (text_width(text, SMALL), SMALL + 2.0);
        let mut places = Vec::new();
        for distance in [11.0, 22.0, 36.0, 52.0, 70.0] {
            let d = distance;
            let (w, h) = (width / 2.0, height / 2.0);
            places.extend([
                (d, at.0 + d + w, at.1),
                (d, at.0 - d - w, at.1),
                (d, at.0, at.1 - d - h + 2.0),
                (d, at.0, at.1 + d + h - 2.0),
                (d, at.0 + d * 0.7 + w, at.1 - d * 0.7 - h / 2.0),
                (d, at.0 + d * 0.7 + w, at.1 + d * 0.7 + h / 2.0),
                (d, at.0 - d * 0.7 - w, at.1 - d * 0.7 - h / 2.0),
                (d, at.0 - d * 0.7 - w, at.1 + d * 0.7 + h / 2.0),
            ]);
        }
        let boxed = |x: f64, y: f64| LabelBox {
            from: (x - width / 2.0 - 3.0, y - height / 2.0),
            to: (x + width / 2.0 + 3.0, y + height / 2.0),
        };
        let inside =
            |b: &LabelBox| b.from.0 >= area.0.0 && b.to.0 <= area.1.0 && b.from.1 >= area.0.1 && b.to.1 <= area.1.1;
        let free = |b: &LabelBox| {
            self.taken.iter().all(|t| b.to.0 < t.from.0 || b.from.0 > t.to.0 || b.to.1 < t.from.1 || b.from.1 > t.to.1)
        };
        let chosen = places.iter().find(|(_, x, y)| inside(&boxed(*x, *y)) && free(&boxed(*x, *y)));
        if let Some(&(distance, x, y)) = chosen {
            let place = boxed(x, y);
            if distance > 12.0 {
                let near = (at.0.clamp(place.from.0, place.to.0), at.1.clamp(place.from.1, place.to.1));
                scene.line(&[at, near], style::MUTED, 0.8);
            }
            // Lines behind the letters would make them hard to read.
            scene.rect((place.from.0 + 2.0, place.from.1 + 1.0), (place.to.0 - 2.0, place.to.1 - 1.0), style::PAPER);
            scene.text((x, y), text, SMALL, INK, Align::Middle);
            self.taken.push(place);
        }
        chosen.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::AxisScale;

    #[test]
    fn a_curve_that_leaves_the_area_is_cut_at_its_edge() {
        let (x, y) = (Axis::exact("x", 0.0, 4.0), Axis::exact("y", 0.0, 10.0));
        let plot = Plot { from: (0.0, 0.0), to: (400.0, 100.0), x, y };
        let pieces = plot.path([(0.0, 5.0), (1.0, 15.0), (2.0, 15.0), (3.0, 5.0), (4.0, 5.0)]);
        assert_eq!(pieces.len(), 2, "{pieces:?}");
        assert_eq!(pieces[0], [(0.0, 50.0), (50.0, 0.0)]);
        assert_eq!(pieces[1][0], (250.0, 0.0));
    }

    #[test]
    fn plots_side_by_side_have_room() {
        for width in [245.0, 416.0, 820.0, 832.0] {
            for (count, before) in (1..20).flat_map(|count| [56.0, 62.0, 88.0].map(|before| (count, before))) {
                let columns = columns(width, count, before);
                assert!((1..=count).contains(&columns.len()), "{count} at {width}: {columns:?}");
                assert!(columns.iter().all(|(left, right)| right - left > NARROWEST - 1e-9), "{count}: {columns:?}");
                assert!(columns.windows(2).all(|two| two[1].0 - before > two[0].1), "{count} at {width}: {columns:?}");
            }
        }
        assert_eq!([1, 2, 3, 4].map(|count| columns(416.0, count, 88.0).len()), [1, 2, 2, 2], "8.5 cm");
        assert_eq!([1, 2, 3, 4].map(|count| columns(820.0, count, 88.0).len()), [1, 2, 3, 4], "the page");
        assert_eq!(columns(416.0, 4, 56.0).len(), 2, "not three and one");
    }

    #[test]
    fn a_text_without_room_is_cut_but_stays_legible() {
        assert_eq!(fitted("gates", 15.0, 200.0), ("gates".to_owned(), 15.0));
        let (whole, size) = fitted("hidden units kept", 17.0, text_width("hidden units kept", 15.0));
        assert!(whole == "hidden units kept" && (size - 15.0).abs() < 0.3, "{whole} {size}");
        let (cut, size) = fitted("W+G+N, lstm, lr 0.002, hidden 128", 15.0, 90.0);
        assert!(
            cut.ends_with('…') && (size - style::TINY).abs() < 1e-9 && text_width(&cut, size) <= 90.0,
            "{cut} {size}"
        );
        assert_eq!(fitted("gates", 15.0, 1.0).0, "");
    }

    #[test]
    fn a_title_without_room_loses_what_it_has_in_brackets() {
        let axis = Axis::around("perplexity (lower is better)", AxisScale::Log, [1.0, 100.0]);
        assert_eq!(axis_title(&axis, 600.0), "perplexity (lower is better), log scale");
        assert_eq!(axis_title(&axis, 200.0), "perplexity, log scale");
        assert_eq!(axis_title(&Axis::exact("kept (% of all) in 3", 0.0, 1.0), 20.0), "kept (% of all) in 3");
    }

    #[test]
    fn labels_of_close_points_do_not_overlap() {
        let mut scene = Scene::new(400.0, 300.0);
        let mut labels = LabelPlacer::default();
        let area = ((0.0, 0.0), (400.0, 300.0));
        for i in 0..6 {
            labels.draw(&mut scene, area, (200.0 + f64::from(i), 150.0), "W+G+N, seed 1");
        }
        let boxes = &labels.taken;
        for (i, a) in boxes.iter().enumerate() {
            for b in &boxes[i + 1..] {
                let apart = a.to.0 < b.from.0 || a.from.0 > b.to.0 || a.to.1 < b.from.1 || a.from.1 > b.to.1;
                assert!(apart, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn an_axis_of_one_value_still_places_it_inside() {
        let axis = Axis::around("x", AxisScale::Log, [24.0]);
        assert!((0.0..=1.0).contains(&axis.position(24.0)));
    }
}
