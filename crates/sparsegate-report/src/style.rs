//! Appearance of all figures: fonts, sizes and colours.
//!
//! Colours are Okabe and Ito's set of eight, which remain distinguishable with the common forms of colour blindness. A
//! sparsity level has the same colour in every figure.

use std::sync::OnceLock;

use plotters::style::{FontStyle, RGBColor, register_font};
use sparsegate_spec::Preset;

/// CSS font families of the SVG files; PNG files use the first, which is built into the program.
pub const FONT: &str = "Ubuntu, 'Helvetica Neue', Arial, sans-serif";

/// Font size of a figure's title, in logical pixels.
pub const TITLE: f64 = 20.0;
/// Font size of axis titles and facet names.
pub const LABEL: f64 = 17.0;
/// Font size of tick labels, legends, and labels at points and bars.
pub const SMALL: f64 = 15.0;

/// Font size of the smallest text. At the width at which a figure is printed this is 7 pt or more.
pub const TINY: f64 = 15.0;
/// A font size here over the em in SVG files, which plotters writes; PDF files have the same em. Room is measured for
/// letters a tenth wider.
pub const PER_EM: f64 = 1.24;

/// Width of a figure on the page, in logical pixels; 17 cm on paper, where [`TINY`] is 7.1 pt.
pub const WIDTH: f64 = 820.0;
/// Line width of our curves.
pub const LINE: f64 = 2.2;
/// Line width of the authors' curves.
pub const THIN: f64 = 1.3;
/// Radius of a marker.
pub const MARKER: f64 = 5.5;

/// Colour of text and axes.
pub const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Colour of secondary text and marks.
pub const MUTED: RGBColor = RGBColor(0x5c, 0x5c, 0x5c);
/// Colour of grid lines.
pub const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);
/// Colour of the empty parts of bars.
pub const EMPTY: RGBColor = RGBColor(0xf0, 0xf0, 0xf0);
/// Background colour.
pub const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);

const BLACK: RGBColor = RGBColor(0x00, 0x00, 0x00);
const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
const YELLOW: RGBColor = RGBColor(0xf0, 0xe4, 0x42);
const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const VERMILLION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
// From Paul Tol's muted set, used after Okabe and Ito's eight colours are exhausted.
const WINE: RGBColor = RGBColor(0x88, 0x22, 0x55);
const INDIGO: RGBColor = RGBColor(0x33, 0x22, 0x88);
const OLIVE: RGBColor = RGBColor(0x99, 0x99, 0x33);
const CYAN: RGBColor = RGBColor(0x88, 0xcc, 0xee);
const GREY: RGBColor = RGBColor(0x9a, 0x9a, 0x9a);

/// Colour of a sparsity level. The levels of the paper have fixed colours; for others, `index` is the position among
/// the experiment's own levels.
pub fn level(name: &str, index: usize) -> RGBColor {
    match Preset::from_name(name) {
        Some(Preset::Dense) => BLACK,
        Some(Preset::W) => BLUE,
        Some(Preset::WVoc) => SKY,
        Some(Preset::WN) => ORANGE,
        Some(Preset::WGN) => VERMILLION,
        None => [GREEN, PURPLE, YELLOW, WINE, INDIGO, OLIVE, CYAN, GREY][index % 8],
    }
}

/// Shade of a level's colour for one of several settings at this level: the first is palest, the last has the colour
/// itself. `place` counts from 0.
pub fn shade(color: RGBColor, place: usize, count: usize) -> RGBColor {
    if count < 2 {
        return color;
    }
    mix(PAPER, color, 0.35 + 0.65 * place as f64 / (count - 1) as f64)
}

/// Colour of a backend; `index` is its position among the experiment's backends without the reference.
pub fn backend(index: usize) -> RGBColor {
    [BLUE, VERMILLION, GREEN, PURPLE][index % 4]
}

/// Colour of a gate kind. The gates of the shipped cells have fixed colours by name, and all information flow has one
/// colour; for other gates, `index` is the position among the cell's kinds.
pub fn gate(name: &str, flow: bool, index: usize) -> RGBColor {
    match name {
        _ if flow => YELLOW,
        "i" => GREEN,
        "f" => PURPLE,
        "o" => GREY,
        "r" => WINE,
        "z" => INDIGO,
        _ => [OLIVE, CYAN, SKY, ORANGE][index % 4],
    }
}

/// Dark or white text colour, whichever is more legible on `background` (luma with ITU-R BT.709 weights).
pub fn ink_on(background: RGBColor) -> RGBColor {
    let RGBColor(r, g, b) = background;
    let luminance = 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
    if luminance < 120.0 { PAPER } else { INK }
}

/// Linear interpolation between two colours; `share` is clamped to 0..=1.
pub fn mix(from: RGBColor, to: RGBColor, share: f64) -> RGBColor {
    let share = share.clamp(0.0, 1.0);
    let one = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    RGBColor(one(from.0, to.0), one(from.1, to.1), one(from.2, to.2))
}

/// Colour of a constant gate's value, from 0 (closed, pale) to 1 (open, blue).
pub fn constant_gate(value: f64) -> RGBColor {
    mix(RGBColor(0xfb, 0xf3, 0xdc), RGBColor(0x2c, 0x8f, 0xc4), value)
}

/// Colour of constant information flow, from -1 (orange) through 0 (near white) to 1 (purple), which most colour-blind
/// readers can distinguish.
pub fn constant_flow(value: f64) -> RGBColor {
    let end = if value < 0.0 { RGBColor(0xe0, 0x82, 0x14) } else { RGBColor(0x80, 0x73, 0xac) };
    mix(RGBColor(0xf7, 0xf7, 0xf7), end, value.abs())
}

/// Registers the font with plotters, once per process. `false` if plotters cannot read the font.
pub fn register() -> bool {
    static DONE: OnceLock<bool> = OnceLock::new();
    *DONE.get_or_init(|| register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_ok())
}
