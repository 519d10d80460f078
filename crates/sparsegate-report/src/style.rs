//! How every figure looks: fonts, sizes and colours, in one place.
//!
//! Colours are Okabe and Ito's set of eight, which people with any of the common forms of colour blindness tell
//! apart. A sparsity level has the same colour in every figure.

use std::sync::OnceLock;

use plotters::style::{FontStyle, RGBColor, register_font};

/// CSS list of font families in the SVG files; the PNG files are drawn with the first, which the program carries.
pub const FONT: &str = "Ubuntu, 'Helvetica Neue', Arial, sans-serif";

/// Height of a figure's title, in logical pixels.
pub const TITLE: f64 = 20.0;
/// Height of axis titles and legends.
pub const LABEL: f64 = 17.0;
/// Height of tick labels and of labels at points and bars.
pub const SMALL: f64 = 15.0;

/// Width of every figure, in logical pixels.
pub const WIDTH: f64 = 820.0;
/// Width of a curve that we measured.
pub const LINE: f64 = 2.2;
/// Width of a curve that the authors published.
pub const THIN: f64 = 1.3;
/// Radius of a marker.
pub const MARKER: f64 = 5.5;

/// Text and axes.
pub const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Notes that are not data.
pub const MUTED: RGBColor = RGBColor(0x5c, 0x5c, 0x5c);
/// Grid lines.
pub const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);
/// Empty parts of bars.
pub const EMPTY: RGBColor = RGBColor(0xf0, 0xf0, 0xf0);
/// Background.
pub const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);

const BLACK: RGBColor = RGBColor(0x00, 0x00, 0x00);
const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
const YELLOW: RGBColor = RGBColor(0xf0, 0xe4, 0x42);
const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const VERMILLION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
// From Paul Tol's muted set, for what Okabe and Ito's eight do not reach.
const WINE: RGBColor = RGBColor(0x88, 0x22, 0x55);
const INDIGO: RGBColor = RGBColor(0x33, 0x22, 0x88);
const OLIVE: RGBColor = RGBColor(0x99, 0x99, 0x33);
const CYAN: RGBColor = RGBColor(0x88, 0xcc, 0xee);
const GREY: RGBColor = RGBColor(0x9a, 0x9a, 0x9a);

/// Colour of a sparsity level. The levels of the paper have fixed ones; `index`, the place among an experiment's
/// own levels, picks one of the rest.
pub fn level(name: &str, index: usize) -> RGBColor {
    match name {
        "dense" => BLACK,
        "W" => BLUE,
        "W+Voc" => SKY,
        "W+N" => ORANGE,
        "W+G+N" => VERMILLION,
        _ => [GREEN, PURPLE, YELLOW, WINE, INDIGO, OLIVE, CYAN, GREY][index % 8],
    }
}

/// Colour of a backend; `index` is its place among those of an experiment but for the reference.
pub fn backend(index: usize) -> RGBColor {
    [BLUE, VERMILLION, GREEN, PURPLE][index % 4]
}

/// Colour of a gate kind: that of its name where a shipped cell has it, so that it is the same in every figure; any
/// information flow has the one colour of flow. `index`, the place among the cell's kinds, picks one for other gates.
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

/// Black or white, whichever reads better on `background` (relative luminance, ITU-R BT.709 weights).
pub fn ink_on(background: RGBColor) -> RGBColor {
    let RGBColor(r, g, b) = background;
    let luminance = 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
    if luminance < 120.0 { PAPER } else { INK }
}

/// Colour between two, `share` of the way from the first to the second.
pub fn mix(from: RGBColor, to: RGBColor, share: f64) -> RGBColor {
    let share = share.clamp(0.0, 1.0);
    let one = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    RGBColor(one(from.0, to.0), one(from.1, to.1), one(from.2, to.2))
}

/// Colour of a constant gate's value, from 0 (closed, pale) to 1 (open, blue).
pub fn constant_gate(value: f64) -> RGBColor {
    mix(RGBColor(0xfb, 0xf3, 0xdc), RGBColor(0x2c, 0x8f, 0xc4), value)
}

/// Colour of constant information flow, from -1 to 1: orange through white to purple, which most
/// colour-blind readers tell apart.
pub fn constant_flow(value: f64) -> RGBColor {
    let end = if value < 0.0 { RGBColor(0xe0, 0x82, 0x14) } else { RGBColor(0x80, 0x73, 0xac) };
    mix(RGBColor(0xf7, 0xf7, 0xf7), end, value.abs())
}

/// Makes the font known to plotters, once a process. `false` if the font file cannot be read by it.
pub fn register() -> bool {
    static DONE: OnceLock<bool> = OnceLock::new();
    *DONE.get_or_init(|| register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_ok())
}
