//! A figure as a list of shapes in logical pixels, and its rendering with any plotters backend.
//!
//! plotters rounds all positions to whole pixels. A scene is therefore drawn enlarged: ten times for SVG, with the view
//! box scaled back; four times for PNG, then averaged to two pixels per logical pixel, which smooths the edges.

mod marks;
mod pdf;
mod svg;

use camino::Utf8Path;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::style::{self, FONT};
use marks::Marks;
pub use marks::{AxisRange, CurvePlot, CurveValues, MatrixValues, NamedValues};

/// A point (x, y) in logical pixels from the top left corner.
pub type PixelPoint = (f64, f64);

/// Horizontal alignment of a text at its anchor point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// The text begins at the point.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// One shape. Later shapes cover earlier ones.
#[derive(Debug, Clone)]
enum ScenePrimitive {
    Line { points: Vec<PixelPoint>, color: RGBColor, width: f64 },
    Polygon { points: Vec<PixelPoint>, color: RGBColor },
    Translucent { points: Vec<PixelPoint>, color: RGBColor, opacity: f64 },
    Circle { center: PixelPoint, radius: f64, color: RGBColor },
    Text { at: PixelPoint, text: String, size: f64, color: RGBColor, align: Align, bold: bool, upwards: bool },
}

/// A drawing of a given size.
#[derive(Debug, Clone)]
pub struct Scene {
    width: f64,
    height: f64,
    shapes: Vec<ScenePrimitive>,
    marks: Marks,
}

/// A scene could not be drawn or written; the message comes from the backend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DrawError(String);

fn failed(error: impl std::fmt::Display) -> DrawError {
    DrawError(error.to_string())
}

impl Scene {
    /// An empty drawing; sizes are in logical pixels.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, shapes: Vec::new(), marks: Marks::default() }
    }

    /// Width in logical pixels.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Height in logical pixels.
    #[cfg(test)]
    pub fn height(&self) -> f64 {
        self.height
    }

    /// Every text with its font size and the corners of its box.
    #[cfg(test)]
    pub fn text_boxes(&self) -> Vec<(String, f64, PixelPoint, PixelPoint)> {
        let boxed = |shape: &ScenePrimitive| {
            let ScenePrimitive::Text { at, text, size, align, upwards, .. } = shape else { return None };
            let (width, half) = (text_width(text, *size) / 1.04, size * 0.4);
            let left = match align {
                Align::Start => 0.0,
                Align::Middle => width / 2.0,
                Align::End => width,
            };
            let (from, to) = if *upwards {
                ((at.0 - half, at.1 - width / 2.0), (at.0 + half, at.1 + width / 2.0))
            } else {
                ((at.0 - left, at.1 - half), (at.0 - left + width, at.1 + half))
            };
            Some((text.clone(), *size, from, to))
        };
        self.shapes.iter().filter_map(boxed).collect()
    }

    /// The corners of every outline of a rectangle.
    #[cfg(test)]
    pub fn frames(&self) -> Vec<(PixelPoint, PixelPoint)> {
        let corners = |shape: &ScenePrimitive| {
            let ScenePrimitive::Line { points, .. } = shape else { return None };
            let [from, _, to, _, end] = points.as_slice() else { return None };
            (from == end).then_some((*from, *to))
        };
        self.shapes.iter().filter_map(corners).collect()
    }

    /// A line through the points; nothing for fewer than two points.
    pub fn line(&mut self, points: &[PixelPoint], color: RGBColor, width: f64) {
        if points.len() > 1 {
            self.shapes.push(ScenePrimitive::Line { points: points.to_vec(), color, width });
        }
    }

    /// A dotted line through the points.
    pub fn dotted(&mut self, points: &[PixelPoint], color: RGBColor) {
        self.dashed(points, color, style::THIN + 0.5, 1.6, 3.4);
    }

    /// A dashed line through the points; dash and gap lengths are in logical pixels along the line.
    pub fn dashed(&mut self, points: &[PixelPoint], color: RGBColor, width: f64, dash: f64, gap: f64) {
        let mut piece: Vec<PixelPoint> = Vec::new();
        let (mut drawing, mut left) = (true, dash);
        for pair in points.windows(2) {
            let (mut from, to) = (pair[0], pair[1]);
            loop {
                let length = (to.0 - from.0).hypot(to.1 - from.1);
                if drawing && piece.is_empty() {
                    piece.push(from);
                }
                if length <= left {
                    left -= length;
                    if drawing {
                        piece.push(to);
                    }
                    break;
                }
                let share = left / length;
                from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
                if drawing {
                    piece.push(from);
                    self.line(&std::mem::take(&mut piece), color, width);
                }
                drawing = !drawing;
                left = if drawing { dash } else { gap };
            }
        }
        self.line(&piece, color, width);
    }

    /// A filled rectangle with its corners at `from` and `to`.
    pub fn rect(&mut self, from: PixelPoint, to: PixelPoint, color: RGBColor) {
        let points = vec![from, (to.0, from.1), to, (from.0, to.1)];
        self.shapes.push(ScenePrimitive::Polygon { points, color });
    }

    /// A filled polygon through which earlier shapes are visible; nothing for fewer than three points.
    pub fn translucent(&mut self, points: &[PixelPoint], color: RGBColor, opacity: f64) {
        if points.len() > 2 {
            self.shapes.push(ScenePrimitive::Translucent { points: points.to_vec(), color, opacity });
        }
    }

    /// A filled rectangle with diagonal stripes, to be distinguishable without colour.
    pub fn hatched(&mut self, from: PixelPoint, to: PixelPoint, color: RGBColor) {
        const GAP: f64 = 6.0;
        self.rect(from, to, color);
        let (left, right) = (from.0.min(to.0), from.0.max(to.0));
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        // Stripes lie on x + y = c with the same values of c everywhere, so that those of adjacent rectangles line up.
        let mut sum = ((left + top) / GAP).floor() * GAP + GAP;
        while sum < right + bottom {
            let start = if sum - top <= right { (sum - top, top) } else { (right, sum - right) };
            let end = if sum - left <= bottom { (left, sum - left) } else { (sum - bottom, bottom) };
            self.line(&[start, end], style::INK, 0.9);
            sum += GAP;
        }
    }

    /// The outline of a rectangle.
    pub fn frame(&mut self, from: PixelPoint, to: PixelPoint, color: RGBColor, width: f64) {
        self.line(&[from, (to.0, from.1), to, (from.0, to.1), from], color, width);
    }

    /// A filled circle.
    pub fn dot(&mut self, center: PixelPoint, radius: f64, color: RGBColor) {
        self.shapes.push(ScenePrimitive::Circle { center, radius, color });
    }

    /// A circle filled with the background colour.
    pub fn ring(&mut self, center: PixelPoint, radius: f64, color: RGBColor, width: f64) {
        self.dot(center, radius, color);
        self.dot(center, (radius - width).max(0.0), style::PAPER);
    }

    /// A text, vertically centred at `at`.
    pub fn text(&mut self, at: PixelPoint, text: impl Into<String>, size: f64, color: RGBColor, align: Align) {
        let text = text.into();
        self.shapes.push(ScenePrimitive::Text { at, text, size, color, align, bold: false, upwards: false });
    }

    /// The same in bold.
    pub fn bold(&mut self, at: PixelPoint, text: impl Into<String>, size: f64, color: RGBColor, align: Align) {
        let text = text.into();
        self.shapes.push(ScenePrimitive::Text { at, text, size, color, align, bold: true, upwards: false });
    }

    /// A text rotated to read upwards, centred at `at`.
    pub fn upwards(&mut self, at: PixelPoint, text: impl Into<String>, size: f64, color: RGBColor) {
        let text = text.into();
        self.shapes.push(ScenePrimitive::Text {
            at,
            text,
            size,
            color,
            align: Align::Middle,
            bold: false,
            upwards: true,
        });
    }

    /// Draws on a plotters backend, on the background colour, with `scale` backend pixels per logical pixel. `raster`
    /// thickens the light font.
    fn draw<B: DrawingBackend>(&self, backend: B, scale: f64, raster: bool) -> Result<(), DrawError> {
        let area = backend.into_drawing_area();
        area.fill(&style::PAPER).map_err(failed)?;
        draw_shapes(&area, &self.shapes, scale, raster)?;
        area.present().map_err(failed)
    }

    /// Writes the drawing as a PNG file with two pixels per logical pixel.
    pub fn png(&self, file: &Utf8Path) -> Result<(), DrawError> {
        const SCALE: u32 = 4;
        let (width, height) = (self.width.round() as u32, self.height.round() as u32);
        let (wide, high) = ((width * SCALE) as usize, (height * SCALE) as usize);
        let mut big = vec![0u8; wide * high * 3];
        let backend = BitMapBackend::with_buffer(&mut big, (width * SCALE, height * SCALE));
        self.draw(backend, f64::from(SCALE), true)?;
        let (out_wide, out_high) = (wide / 2, high / 2);
        let mut small = vec![0u8; out_wide * out_high * 3];
        for (y, row) in small.chunks_exact_mut(out_wide * 3).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                for (channel, value) in pixel.iter_mut().enumerate() {
                    let at = |dx: usize, dy: usize| u16::from(big[((2 * y + dy) * wide + 2 * x + dx) * 3 + channel]);
                    *value = ((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1) + 2) / 4) as u8;
                }
            }
        }
        let mut backend = BitMapBackend::new(file.as_std_path(), (width * 2, height * 2));
        backend.blit_bitmap((0, 0), (width * 2, height * 2), &small).map_err(failed)?;
        backend.present().map_err(failed)
    }
}

/// Draws shapes on a plotters backend with `scale` backend pixels per logical pixel.
fn draw_shapes<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    shapes: &[ScenePrimitive],
    scale: f64,
    raster: bool,
) -> Result<(), DrawError> {
    if !style::register() {
        return Err(failed("the built-in font is unreadable"));
    }
    let pixel = |p: &PixelPoint| ((p.0 * scale).round() as i32, (p.1 * scale).round() as i32);
    let size = |s: f64| (s * scale).round().max(1.0) as u32;
    for shape in shapes {
        match shape {
            ScenePrimitive::Line { points, color, width } => {
                let style = ShapeStyle { color: color.to_rgba(), filled: false, stroke_width: size(*width) };
                area.draw(&PathElement::new(points.iter().map(pixel).collect::<Vec<_>>(), style))
            }
            ScenePrimitive::Polygon { points, color } => {
                area.draw(&Polygon::new(points.iter().map(pixel).collect::<Vec<_>>(), color.filled()))
            }
            ScenePrimitive::Translucent { points, color, opacity } => {
                let fill = color.mix(*opacity).filled();
                area.draw(&Polygon::new(points.iter().map(pixel).collect::<Vec<_>>(), fill))
            }
            ScenePrimitive::Circle { center, radius, color } => {
                area.draw(&Circle::new(pixel(center), size(*radius), color.filled()))
            }
            ScenePrimitive::Text { at, text, size, color, align, bold, upwards } => {
                let horizontal = match align {
                    Align::Start => HPos::Left,
                    Align::Middle => HPos::Center,
                    Align::End => HPos::Right,
                };
                let font = (FONT, size * scale).into_font();
                let font = if *bold && !raster { font.style(FontStyle::Bold) } else { font };
                let font = if *upwards { font.transform(FontTransform::Rotate270) } else { font };
                let style = font.color(color).pos(Pos::new(horizontal, VPos::Center));
                let strokes: &[(i32, i32)] = match (raster, bold) {
                    (false, _) => &[(0, 0)],
                    (true, false) => &[(0, 0), (1, 0)],
                    (true, true) => &[(0, 0), (1, 0), (2, 0), (1, 1)],
                };
                // The raster font's bounding box has more space above the letters than below them.
                let low = if raster { size * 0.15 } else { 0.0 };
                let (x, y) = pixel(&if *upwards { (at.0 + low, at.1) } else { (at.0, at.1 + low) });
                strokes
                    .iter()
                    .try_for_each(|(dx, dy)| area.draw(&Text::new(text.as_str(), (x + dx, y + dy), style.clone())))
            }
        }
        .map_err(failed)?;
    }
    Ok(())
}

/// Width of a text in logical pixels, with some margin in case an SVG viewer uses a wider font.
pub fn text_width(text: &str, size: f64) -> f64 {
    if !style::register() {
        return 0.6 * size * text.chars().count() as f64;
    }
    // Measured at eight times the size, since plotters measures in whole pixels.
    let measured = (FONT, size * 8.0).into_font().box_size(text).map_or(0.0, |(width, _)| f64::from(width) / 8.0);
    measured * 1.04
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_their_share_of_a_line() {
        let mut scene = Scene::new(100.0, 10.0);
        scene.dashed(&[(0.0, 5.0), (30.0, 5.0), (100.0, 5.0)], style::INK, 1.0, 6.0, 4.0);
        let drawn: f64 = scene
            .shapes
            .iter()
            .map(|shape| match shape {
                ScenePrimitive::Line { points, .. } => points.last().map_or(0.0, |end| end.0 - points[0].0),
                _ => 0.0,
            })
            .sum();
        assert!((drawn - 60.0).abs() < 1e-9, "{drawn}");
    }

    #[test]
    fn stripes_stay_inside_their_rectangle() {
        let mut scene = Scene::new(100.0, 100.0);
        scene.hatched((10.0, 50.0), (30.0, 20.0), style::INK);
        let inside = |p: &PixelPoint| (9.99..=30.01).contains(&p.0) && (19.99..=50.01).contains(&p.1);
        let stripes = scene.shapes.iter().filter_map(|shape| match shape {
            ScenePrimitive::Line { points, .. } => Some(points),
            _ => None,
        });
        assert!(stripes.clone().count() > 5);
        assert!(stripes.clone().flatten().all(inside), "{:?}", stripes.collect::<Vec<_>>());
    }

    #[test]
    fn longer_texts_are_wider() {
        assert!(text_width("compression", 14.0) > text_width("gates", 14.0));
        assert!(text_width("gates", 28.0) > 1.8 * text_width("gates", 14.0));
    }
}
