//! A scene as a PDF document of one page, and as an SVG document with its font, for print.

use std::collections::BTreeMap;
use std::io::Write as _;

use ab_glyph::{Font as _, FontRef};
use epaint_default_fonts::UBUNTU_LIGHT;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{
    CidFontType, FontFlags, LineCapStyle, LineJoinStyle, SystemInfo, TextRenderingMode, UnicodeCmap,
};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str};
use plotters::style::RGBColor;
use subsetter::GlyphRemapper;

use super::{Align, DrawError, PixelPoint, Scene, ScenePrimitive, failed};
use crate::style;

/// The font's name in the document. A subset's name begins with six letters and a plus sign.
const FONT_NAME: &[u8] = b"SPARSE+Ubuntu-Light";
/// Half the height of a lower-case letter, as a fraction of the font size: texts are centred at it.
const HALF_X_HEIGHT: f64 = 0.26;

const SYSTEM: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// The glyphs that a scene uses, renumbered for the embedded subset of the font.
struct Glyphs {
    font: FontRef<'static>,
    remapper: GlyphRemapper,
    /// The character of each glyph of the subset.
    characters: BTreeMap<u16, char>,
}

impl Glyphs {
    /// A text as big-endian glyph numbers of the subset, and its width at font size 1.
    fn encode(&mut self, text: &str) -> (Vec<u8>, f64) {
        let (mut bytes, mut width) = (Vec::new(), 0.0);
        for character in text.chars() {
            let glyph = self.font.glyph_id(character);
            let number = self.remapper.remap(glyph.0);
            self.characters.insert(number, character);
            bytes.extend(number.to_be_bytes());
            width += f64::from(self.font.h_advance_unscaled(glyph)) / self.units();
        }
        (bytes, width)
    }

    /// Units of the font per em.
    fn units(&self) -> f64 {
        f64::from(self.font.units_per_em().unwrap_or(1000.0))
    }

    /// The advance widths of the subset's glyphs, in thousandths of the font size.
    fn widths(&self) -> Vec<f32> {
        let advance = |glyph| f64::from(self.font.h_advance_unscaled(ab_glyph::GlyphId(glyph)));
        self.remapper.remapped_gids().map(|glyph| (1000.0 * advance(glyph) / self.units()) as f32).collect()
    }
}

impl Scene {
    /// The drawing as a PDF document of one page, `points` wide (1/72 inch), with the glyphs that it uses embedded. The
    /// same drawing gives the same bytes.
    ///
    /// # Errors
    /// The built-in font is unreadable.
    pub fn pdf(&self, points: f64) -> Result<Vec<u8>, DrawError> {
        let font = FontRef::try_from_slice(UBUNTU_LIGHT).map_err(failed)?;
        let mut glyphs = Glyphs { font, remapper: GlyphRemapper::new(), characters: BTreeMap::new() };
        let scale = points / self.width;
        let page_height = (self.height * scale) as f32;
        let mut content = Content::new();
        // Logical pixels, from the top left corner downwards.
        content.transform([scale as f32, 0.0, 0.0, -scale as f32, 0.0, page_height]);
        content.set_line_join(LineJoinStyle::RoundJoin).set_line_cap(LineCapStyle::ButtCap);
        let mut opacities: Vec<f64> = Vec::new();
        for shape in &self.shapes {
            draw(&mut content, shape, &mut glyphs, &mut opacities);
        }

        let mut pdf = Pdf::new();
        let ids: Vec<Ref> = (1..=9).map(Ref::new).collect();
        let [catalog, pages, page_id, content_id, type0, cid, descriptor, file, cmap] = ids[..] else {
            return Err(failed("nine objects"));
        };
        let state = |index: usize| Ref::new(10 + index as i32);
        let state_name = |index: usize| format!("G{index}");
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page_id]).count(1);
        let mut page = pdf.page(page_id);
        page.media_box(Rect::new(0.0, 0.0, points as f32, page_height)).parent(pages).contents(content_id);
        let mut resources = page.resources();
        resources.fonts().pair(Name(b"F"), type0);
        let mut states = resources.ext_g_states();
        for index in 0..opacities.len() {
            states.pair(Name(state_name(index).as_bytes()), state(index));
        }
        states.finish();
        resources.finish();
        page.finish();
        for (index, opacity) in opacities.iter().enumerate() {
            pdf.ext_graphics(state(index)).non_stroking_alpha(*opacity as f32);
        }
        pdf.stream(content_id, &deflated(&content.finish())?).filter(Filter::FlateDecode);
        embed(&mut pdf, &glyphs, [type0, cid, descriptor, file, cmap])?;
        Ok(pdf.finish())
    }

    /// The drawing as an SVG document `centimetres` wide with the whole font inside, so that it looks the same
    /// everywhere.
    ///
    /// # Errors
    /// The drawing backend fails.
    pub fn svg_for_print(&self, centimetres: f64) -> Result<String, DrawError> {
        let mut text = self.svg()?;
        let high = centimetres * self.height.round() / self.width.round();
        let size = format!("width=\"{}\" height=\"{}\"", self.width.round(), self.height.round());
        text = text.replacen(&size, &format!("width=\"{centimetres:.3}cm\" height=\"{high:.3}cm\""), 1);
        let head = text.find('>').ok_or_else(|| failed("the SVG has no element"))? + 1;
        let style = format!(
            "\n<style>@font-face {{ font-family: Ubuntu; src: url(data:font/ttf;base64,{}); }}</style>",
            base64(UBUNTU_LIGHT)
        );
        text.insert_str(head, &style);
        Ok(text)
    }
}

fn draw(content: &mut Content, shape: &ScenePrimitive, glyphs: &mut Glyphs, opacities: &mut Vec<f64>) {
    match shape {
        ScenePrimitive::Line { points, color, width } => {
            let [red, green, blue] = rgb(*color);
            content.set_stroke_rgb(red, green, blue).set_line_width(*width as f32);
            path(content, points);
            content.stroke();
        }
        ScenePrimitive::Polygon { points, color } => {
            fill_color(content, *color);
            path(content, points);
            content.close_path().fill_nonzero();
        }
        ScenePrimitive::Translucent { points, color, opacity } => {
            let known = opacities.iter().position(|known| known.to_bits() == opacity.to_bits());
            let index = known.unwrap_or_else(|| {
                opacities.push(*opacity);
                opacities.len() - 1
            });
            content.save_state().set_parameters(Name(format!("G{index}").as_bytes()));
            fill_color(content, *color);
            path(content, points);
            content.close_path().fill_nonzero().restore_state();
        }
        ScenePrimitive::Circle { center, radius, color } => {
            fill_color(content, *color);
            circle(content, *center, *radius);
            content.fill_nonzero();
        }
        ScenePrimitive::Text { at, text, size, color, align, bold, upwards } => {
            let (bytes, width) = glyphs.encode(text);
            let size = size / style::PER_EM;
            let before = match align {
                Align::Start => 0.0,
                Align::Middle => width * size / 2.0,
                Align::End => width * size,
            };
            let low = HALF_X_HEIGHT * size;
            let matrix = if *upwards {
                [0.0, -1.0, -1.0, 0.0, (at.0 + low) as f32, (at.1 + before) as f32]
            } else {
                [1.0, 0.0, 0.0, -1.0, (at.0 - before) as f32, (at.1 + low) as f32]
            };
            fill_color(content, *color);
            let [red, green, blue] = rgb(*color);
            content.set_stroke_rgb(red, green, blue);
            // The font is light: a thin outline makes it as dark as the text of a paper, a thicker one bold.
            content.set_line_width((size * if *bold { 0.055 } else { 0.018 }) as f32);
            content
                .begin_text()
                .set_font(Name(b"F"), size as f32)
                .set_text_rendering_mode(TextRenderingMode::FillStroke);
            content.set_text_matrix(matrix).show(Str(&bytes)).end_text();
        }
    }
}

fn path(content: &mut Content, points: &[PixelPoint]) {
    for (index, point) in points.iter().enumerate() {
        let (x, y) = (point.0 as f32, point.1 as f32);
        if index == 0 {
            content.move_to(x, y)
        } else {
            content.line_to(x, y)
        };
    }
}

/// A circle as four Bézier curves.
fn circle(content: &mut Content, (x, y): PixelPoint, radius: f64) {
    const HANDLE: f64 = 0.552_284_75;
    let at = |dx: f64, dy: f64| ((x + radius * dx) as f32, (y + radius * dy) as f32);
    let start = at(1.0, 0.0);
    content.move_to(start.0, start.1);
    for (from, to) in
        [((1.0, 0.0), (0.0, 1.0)), ((0.0, 1.0), (-1.0, 0.0)), ((-1.0, 0.0), (0.0, -1.0)), ((0.0, -1.0), (1.0, 0.0))]
    {
        // A handle points from one end in the direction of the other.
        let one = at(from.0 + HANDLE * to.0, from.1 + HANDLE * to.1);
        let two = at(to.0 + HANDLE * from.0, to.1 + HANDLE * from.1);
        let end = at(to.0, to.1);
        content.cubic_to(one.0, one.1, two.0, two.1, end.0, end.1);
    }
    content.close_path();
}

fn rgb(color: RGBColor) -> [f32; 3] {
    [color.0, color.1, color.2].map(|part| f32::from(part) / 255.0)
}

fn fill_color(content: &mut Content, color: RGBColor) {
    let [red, green, blue] = rgb(color);
    content.set_fill_rgb(red, green, blue);
}

/// Embeds the subset of the font with the glyphs' widths and characters.
fn embed(pdf: &mut Pdf, glyphs: &Glyphs, [type0, cid, descriptor, file, cmap]: [Ref; 5]) -> Result<(), DrawError> {
    pdf.type0_font(type0)
        .base_font(Name(FONT_NAME))
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(cmap);
    let mut cid_font = pdf.cid_font(cid);
    cid_font.subtype(CidFontType::Type2).base_font(Name(FONT_NAME)).system_info(SYSTEM).font_descriptor(descriptor);
    cid_font.cid_to_gid_map_predefined(Name(b"Identity")).widths().consecutive(0, glyphs.widths());
    cid_font.finish();
    let em = |units: f32| (1000.0 * f64::from(units) / glyphs.units()) as f32;
    let (ascent, descent) = (em(glyphs.font.ascent_unscaled()), em(glyphs.font.descent_unscaled()));
    pdf.font_descriptor(descriptor)
        .name(Name(FONT_NAME))
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(-200.0, descent, 2_000.0, ascent))
        .italic_angle(0.0)
        .ascent(ascent)
        .descent(descent)
        .cap_height(693.0)
        .stem_v(60.0)
        .font_file2(file);
    let subset = subsetter::subset(UBUNTU_LIGHT, 0, &glyphs.remapper).map_err(|error| failed(format!("{error:?}")))?;
    pdf.stream(file, &deflated(&subset)?).filter(Filter::FlateDecode).pair(Name(b"Length1"), subset.len() as i32);
    let mut unicode = UnicodeCmap::new(Name(b"Characters"), SYSTEM);
    for (glyph, character) in &glyphs.characters {
        unicode.pair(*glyph, *character);
    }
    pdf.cmap(cmap, &unicode.finish());
    Ok(())
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>, DrawError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(failed)
}

/// Bytes in the standard alphabet of RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::INK;

    fn scene() -> Scene {
        let mut scene = Scene::new(416.0, 200.0);
        scene.text((20.0, 30.0), "gates kept ± 1 …", 13.0, INK, Align::Start);
        scene.bold((220.0, 60.0), "W+G+N", 20.0, INK, Align::Middle);
        scene.upwards((400.0, 100.0), "perplexity", 13.0, INK);
        scene.dot((100.0, 100.0), 8.0, INK);
        scene.line(&[(0.0, 0.0), (416.0, 200.0)], INK, 1.0);
        scene.translucent(&[(10.0, 10.0), (50.0, 10.0), (50.0, 50.0)], INK, 0.2);
        scene
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn texts_have_the_room_that_was_measured_for_them() {
        let font = FontRef::try_from_slice(UBUNTU_LIGHT).unwrap();
        let mut glyphs = Glyphs { font, remapper: GlyphRemapper::new(), characters: BTreeMap::new() };
        for text in ["compression (all weights / kept weights)", "W+G+N, lstm, lr 0.002", "289 of 1,024"] {
            let ratio = glyphs.encode(text).1 * 15.0 / style::PER_EM / super::super::text_width(text, 15.0);
            assert!((0.85..1.0).contains(&ratio), "{text}: {ratio}");
        }
    }

    #[test]
    fn a_pdf_has_its_width_and_only_the_glyphs_it_needs() {
        let pdf = scene().pdf(240.94).unwrap();
        assert_eq!(pdf, scene().pdf(240.94).unwrap());
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.starts_with("%PDF-1.") && text.contains("/MediaBox [0 0 240.94 "), "{text}");
        assert!(text.contains("/FontFile2") && text.contains("/ToUnicode"));
        assert!(pdf.len() < 30_000, "{} bytes", pdf.len());
    }

    /// Reads the document with poppler's tools. Without them, the test says so and passes.
    #[test]
    fn poppler_finds_the_embedded_font_and_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("figure.pdf");
        fs_err::write(&file, scene().pdf(240.94).unwrap()).unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let answer = std::process::Command::new(program).args(arguments).arg(&file).arg("-").output().ok()?;
            Some(String::from_utf8_lossy(&answer.stdout).into_owned())
        };
        let Some(text) = run("pdftotext", &[]) else {
            println!("poppler_finds_the_embedded_font_and_the_text: skipped, no pdftotext");
            return;
        };
        for wanted in ["gates kept ± 1 …", "W+G+N", "perplexity"] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
        let answer = std::process::Command::new("pdffonts").arg(&file).output().unwrap();
        let fonts = String::from_utf8_lossy(&answer.stdout).into_owned();
        let line = fonts.lines().find(|line| line.contains("Ubuntu")).expect("the font");
        let columns: Vec<&str> = line.split_whitespace().collect();
        assert!(columns.contains(&"TrueType") && columns.iter().filter(|cell| **cell == "yes").count() == 3, "{fonts}");
    }

    #[test]
    fn an_svg_for_print_has_its_width_and_the_font() {
        let svg = scene().svg_for_print(8.5).unwrap();
        assert!(
            svg.starts_with("<svg width=\"8.500cm\" height=\"4.087cm\" viewBox=\"0 0 4160 2000\""),
            "{}",
            &svg[..90]
        );
        assert!(svg.contains("@font-face") && svg.len() > 480_000);
    }
}
