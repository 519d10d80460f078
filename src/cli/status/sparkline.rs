//! A curve in a cell of a table.

/// Heights of a curve, from low to high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocks {
    /// Block elements of Unicode.
    Unicode,
    /// Signs of ASCII, where a terminal may not have the others.
    Ascii,
}

impl Blocks {
    /// Those that the locale allows, by the variables of the environment in their order of precedence.
    pub(super) fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        if cfg!(windows) {
            return Self::Unicode;
        }
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).unwrap_or_default().to_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Self::Unicode } else { Self::Ascii }
    }

    fn heights(self) -> [char; 8] {
        match self {
            Self::Unicode => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => ['_', '.', '-', '~', '=', '+', '*', '#'],
        }
    }
}

/// The curve of `values` in at most `width` characters, from the lowest value to the highest one. Where there are more
/// values than characters, each character has the mean of its share of them.
pub(super) fn sparkline(values: &[f64], width: usize, blocks: Blocks) -> String {
    let columns = width.min(values.len());
    let mean = |column: usize| {
        let part = &values[column * values.len() / columns..(column + 1) * values.len() / columns];
        part.iter().sum::<f64>() / part.len() as f64
    };
    let means: Vec<f64> = (0..columns).map(mean).collect();
    let finite = || means.iter().copied().filter(|mean| mean.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let heights = blocks.heights();
    let height = |mean: &f64| match mean {
        mean if !mean.is_finite() => ' ',
        _ if high <= low => heights[0],
        mean => heights[((mean - low) / (high - low) * (heights.len() - 1) as f64).round() as usize],
    };
    means.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_from_its_lowest_to_its_highest_value() {
        let falling: Vec<f64> = (0..8).rev().map(f64::from).collect();
        assert_eq!(sparkline(&falling, 8, Blocks::Unicode), "█▇▆▅▄▃▂▁");
        assert_eq!(sparkline(&falling, 20, Blocks::Ascii), "#*+=~-._");
        assert_eq!(sparkline(&falling, 4, Blocks::Ascii).len(), 4);
        assert_eq!(sparkline(&falling, 2, Blocks::Ascii), "#_");
        assert_eq!(sparkline(&[2.0, 2.0], 8, Blocks::Ascii), "__");
        assert_eq!(sparkline(&[1.0, f64::NAN, 2.0], 8, Blocks::Ascii), "_ #");
        assert_eq!(sparkline(&[f64::NAN], 8, Blocks::Ascii), " ");
        assert_eq!(sparkline(&[], 8, Blocks::Unicode), "");
    }

    #[test]
    #[cfg(not(windows))]
    fn the_locale_decides() {
        let of = |pairs: &[(&str, &str)]| {
            Blocks::of_locale(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Blocks::Unicode);
        assert_eq!(of(&[("LANG", "C.utf8"), ("LC_ALL", "C")]), Blocks::Ascii);
        assert_eq!(of(&[("LANG", "C.utf8"), ("LC_ALL", "")]), Blocks::Unicode);
        assert_eq!(of(&[]), Blocks::Ascii);
    }
}
