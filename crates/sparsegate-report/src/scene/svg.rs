//! SVG documents of a scene: the files, and the pages' with groups for their scripts.

use std::ops::Range;

use plotters::prelude::*;

use super::marks::Group;
use super::{DrawError, Scene, draw_shapes, failed};
use crate::style;

/// Units of the view box in a logical pixel.
const SCALE: f64 = 10.0;

impl Scene {
    /// The drawing as an SVG document.
    pub fn svg(&self) -> Result<String, DrawError> {
        self.document(&[])
    }

    /// The same with groups: `data-legend` has the number of a legend entry, `data-series` the numbers of the legend
    /// entries to which the data in the group belong. Without them and their ends, each on a line of its own, it is
    /// [`svg`](Self::svg).
    pub fn svg_with_marks(&self) -> Result<String, DrawError> {
        self.document(&self.marks.groups)
    }

    /// The drawing as an SVG document with these groups of shapes.
    fn document(&self, groups: &[(Range<usize>, Group)]) -> Result<String, DrawError> {
        let (width, height) = (self.width.round(), self.height.round());
        let (wide, high) = (width * SCALE, height * SCALE);
        let mut text = format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {wide} {high}\" \
             xmlns=\"http://www.w3.org/2000/svg\">\n"
        );
        text += &self.elements(0..0, true)?;
        let mut done = 0;
        for (shapes, group) in groups {
            text += &self.elements(done..shapes.start, false)?;
            text += &group.tag();
            text += &self.elements(shapes.clone(), false)?;
            text += "</g>\n";
            done = shapes.end;
        }
        text += &self.elements(done..self.shapes.len(), false)?;
        text += "</svg>\n";
        Ok(text)
    }

    /// SVG elements of some shapes, if wanted on the background colour.
    fn elements(&self, shapes: Range<usize>, background: bool) -> Result<String, DrawError> {
        let mut text = String::new();
        let size = ((self.width.round() * SCALE) as u32, (self.height.round() * SCALE) as u32);
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        if background {
            area.fill(&style::PAPER).map_err(failed)?;
        }
        draw_shapes(&area, &self.shapes[shapes], SCALE, false)?;
        area.present().map_err(failed)?;
        drop(area);
        let inside = text.split_once(">\n").and_then(|(_, rest)| rest.strip_suffix("</svg>\n"));
        inside.map(str::to_owned).ok_or_else(|| failed("the SVG has no element"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Align;

    #[test]
    fn a_scene_becomes_svg_with_its_logical_size_and_a_finer_view_box() {
        let mut scene = Scene::new(200.0, 100.0);
        scene.line(&[(0.0, 0.0), (10.55, 20.0)], style::INK, 1.3);
        scene.text((5.0, 50.0), "a < b", 12.0, style::INK, Align::Start);
        let svg = scene.svg().expect("drawn");
        assert!(svg.starts_with("<svg width=\"200\" height=\"100\" viewBox=\"0 0 2000 1000\""), "{svg}");
        assert!(svg.contains("106,200"), "ten times finer than a pixel: {svg}");
        assert!(svg.contains("a &lt; b"), "{svg}");
    }
}
