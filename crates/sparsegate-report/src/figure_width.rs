//! The width of figures for print.

use std::fmt;
use std::str::FromStr;

use super::style::{PER_EM, TINY};

/// Points in a centimetre (1/72 inch).
const POINTS: f64 = 72.0 / 2.54;
/// Size of the smallest text in print, in points.
const SMALLEST: f64 = 7.0;

/// Width of a printed figure, between 5 and 60 cm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FigureWidth {
    centimetres: f64,
}

/// A text that is no width of a figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no width of a figure; write a number from 5cm to 60cm with its unit (cm, mm, in or pt), such as 8.5cm"
)]
pub struct FigureWidthError(String);

impl FigureWidth {
    /// The width in centimetres.
    #[must_use]
    pub fn centimetres(self) -> f64 {
        self.centimetres
    }

    /// The width in points.
    #[must_use]
    pub fn points(self) -> f64 {
        self.centimetres * POINTS
    }

    /// The width in logical pixels at which the smallest text has its size in print.
    pub(super) fn pixels(self) -> f64 {
        (self.points() * TINY / PER_EM / SMALLEST).floor()
    }
}

impl FromStr for FigureWidth {
    type Err = FigureWidthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units = [("cm", 1.0), ("mm", 0.1), ("in", 2.54), ("pt", 1.0 / POINTS)];
        let number = |(unit, factor): &(&str, f64)| {
            let value: f64 = text.trim().strip_suffix(unit)?.trim_end().parse().ok()?;
            Some(value * factor)
        };
        let centimetres = units.iter().find_map(number).filter(|width| (5.0..=60.0).contains(width));
        centimetres.map(|centimetres| Self { centimetres }).ok_or_else(|| FigureWidthError(text.to_owned()))
    }
}

impl fmt::Display for FigureWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}cm", self.centimetres)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_have_units_and_bounds() {
        let width = |text: &str| text.parse::<FigureWidth>().map(FigureWidth::centimetres);
        for (text, wanted) in [("8.5cm", 8.5), ("85mm", 8.5), ("3.5 in", 8.89), ("241pt", 8.502)] {
            assert!((width(text).unwrap() - wanted).abs() < 1e-3, "{text}");
        }
        for text in ["8.5", "cm", "-8cm", "1mm", "90cm", "nancm", "8.5 px", ""] {
            let error = width(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("8.5cm"), "{error}");
        }
        let column: FigureWidth = "8.5cm".parse().unwrap();
        // At this width, the em of the smallest text is 7 points or a little more.
        let smallest = TINY / PER_EM * column.points() / column.pixels();
        assert!((7.0..7.05).contains(&smallest) && (column.pixels() - 416.0).abs() < 1e-9, "{smallest}");
    }
}
