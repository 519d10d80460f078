//! Axes: mapping of values to positions, and ticks.

use super::number;
use super::scene::AxisRange;

/// Scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxisScale {
    /// Linear.
    Linear,
    /// Logarithmic; values must be positive.
    Log,
}

/// An axis with a fixed range.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Title with the unit.
    pub title: String,
    scale: AxisScale,
    low: f64,
    high: f64,
    integer_ticks: bool,
    /// Ticks at exactly these values, if there are any.
    fixed_ticks: Vec<f64>,
}

impl Axis {
    /// An axis over the values, with a margin at both ends. Values that the axis cannot show (not finite, or not
    /// positive on a log axis) are ignored.
    pub fn around(title: &str, scale: AxisScale, values: impl IntoIterator<Item = f64>) -> Self {
        let shown = values.into_iter().filter(|v| v.is_finite() && (scale == AxisScale::Linear || *v > 0.0));
        let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low > high { (1.0, 10.0) } else { (low, high) };
        let (low, high) = match scale {
            AxisScale::Linear => {
                let room = if high > low { (high - low) * 0.08 } else { high.abs().max(1.0) * 0.05 };
                (low - room, high + room)
            }
            AxisScale::Log => {
                let room = (high / low).powf(0.07).max(1.08);
                (low / room, high * room)
            }
        };
        Self { title: title.to_owned(), scale, low, high, integer_ticks: false, fixed_ticks: Vec::new() }
    }

    /// A linear axis from exactly `low` to exactly `high`.
    pub fn exact(title: &str, low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self {
            title: title.to_owned(),
            scale: AxisScale::Linear,
            low,
            high,
            integer_ticks: false,
            fixed_ticks: Vec::new(),
        }
    }

    /// Logarithmic if the smallest value is positive and the largest more than `ratio` times as large, otherwise
    /// linear.
    pub fn scale_for(values: &[f64], ratio: f64) -> AxisScale {
        let positive = values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = positive.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
        if low > 0.0 && high / low > ratio { AxisScale::Log } else { AxisScale::Linear }
    }

    /// The same axis with ticks at integers only, for counts.
    #[must_use]
    pub fn integer_ticks(mut self) -> Self {
        self.integer_ticks = true;
        self
    }

    /// The same axis with ticks at the given values only.
    #[must_use]
    pub fn ticks_at(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        self.fixed_ticks = values.into_iter().collect();
        self.fixed_ticks.sort_by(f64::total_cmp);
        self.fixed_ticks.dedup();
        self
    }

    /// Position of a value: 0 at the low end, 1 at the high end, outside that range for values off the axis.
    pub fn position(&self, value: f64) -> f64 {
        match self.scale {
            AxisScale::Linear => (value - self.low) / (self.high - self.low),
            AxisScale::Log => (value.max(1e-300) / self.low).ln() / (self.high / self.low).ln(),
        }
    }

    /// Its title, ends and scale.
    pub fn range(&self) -> AxisRange {
        AxisRange { title: self.title.clone(), low: self.low, high: self.high, log: self.is_log() }
    }

    /// Whether the axis shows a value.
    pub fn shows(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Whether the axis is logarithmic.
    pub fn is_log(&self) -> bool {
        self.scale == AxisScale::Log
    }

    /// Ticks and their labels, about `most` at most.
    pub fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        if !self.fixed_ticks.is_empty() {
            return self.fixed_ticks.iter().map(|v| (*v, given(*v))).collect();
        }
        let mut values = match self.scale {
            AxisScale::Linear => linear_ticks(self.low, self.high, most),
            AxisScale::Log => log_ticks(self.low, self.high, most),
        };
        if self.integer_ticks {
            values.retain(|v| v.fract().abs() < 1e-9);
        }
        let decimals = match self.scale {
            AxisScale::Linear => decimals_of(&values),
            AxisScale::Log => 0,
        };
        let label = |v: f64| match self.scale {
            // Between decades, ticks have as many decimals as they need to differ.
            AxisScale::Log => shortest(significant(v, 12)),
            AxisScale::Linear if decimals > 0 => format!("{v:.decimals$}"),
            AxisScale::Linear if v.abs() >= HUGE => shortest(significant(v, 12)),
            AxisScale::Linear if v.fract() == 0.0 && v >= 0.0 => number::count(v as u64),
            AxisScale::Linear => short(v),
        };
        values.into_iter().map(|v| (v, label(v))).collect()
    }
}

/// From here on, numbers are written as `1e15`.
const HUGE: f64 = 1e15;

/// Most letters of a given number. A longer one, such as a random number, is rounded: it would not fit below a plot.
const LONGEST: usize = 8;

/// The label of a given number: exactly this number if it is whole or short, otherwise with four significant digits, or
/// as many as it has before the point.
fn given(v: f64) -> String {
    let text = shortest(v);
    if text.len() <= LONGEST || (v.fract() == 0.0 && v.abs() < HUGE) {
        return text;
    }
    let whole = if v.abs() < HUGE { v.abs().max(1.0).log10() as usize + 1 } else { 1 };
    shortest(significant(v, whole.max(4)))
}

/// The shortest text that is read as this number: `1,024`, `0.0125`, `2.5e-4`, `1e15`.
fn shortest(v: f64) -> String {
    let size = v.abs();
    if size >= HUGE || (size > 0.0 && size < 1e-3) {
        format!("{v:e}")
    } else if v.fract() == 0.0 {
        number::published(v)
    } else {
        v.to_string()
    }
}

/// A number rounded to so many significant digits, at least one. With twelve, multiples lose their rounding error.
fn significant(v: f64, digits: usize) -> f64 {
    let decimals = digits - 1;
    format!("{v:.decimals$e}").parse().unwrap_or(v)
}

/// A number with up to three decimals and no trailing zeros, or in the form `1e-6` if it is below 0.001.
fn short(v: f64) -> String {
    if v > 0.0 && v < 1e-3 {
        return format!("{v:.0e}");
    }
    let text = format!("{v:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn decimals_of(values: &[f64]) -> usize {
    let step = values.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    if step.is_finite() && step < 1.0 { (-step.log10() - 1e-9).ceil().max(0.0) as usize } else { 0 }
}

fn linear_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let rough = (high - low) / most.max(2) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough).unwrap_or(rough);
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Ticks at 1, 2 and 5 of each decade if that gives between three and `most`, otherwise coarser or finer ones (more per
/// decade, or linear ticks for a short range).
fn log_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let within = |mantissas: &[f64], every: i32| -> Vec<f64> {
        (first..=last)
            .filter(|power| power.rem_euclid(every) == 0)
            .flat_map(|power| mantissas.iter().map(move |m| m * 10f64.powi(power)))
            .filter(|v| (low..=high).contains(v))
            .collect()
    };
    let sets = [within(&[1.0, 2.0, 5.0], 1), within(&[1.0, 3.0], 1), within(&[1.0], 1), within(&[1.0], 2)];
    // One more than asked for is better than the linear ticks of a range of several decades.
    for most in [most, most + 1] {
        if let Some(ticks) = sets.iter().find(|ticks| (3..=most).contains(&ticks.len())) {
            return ticks.clone();
        }
    }
    let fine = within(&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0], 1);
    if (3..=most + 1).contains(&fine.len()) { fine } else { linear_ticks(low, high, most.min(5)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, most: usize) -> Vec<String> {
        axis.ticks(most).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(labels(&Axis::exact("", 0.0, 1024.0), 6), ["0", "200", "400", "600", "800", "1,000"]);
        assert_eq!(labels(&Axis::exact("", 1.40, 1.49), 5), ["1.40", "1.42", "1.44", "1.46", "1.48"]);
    }

    #[test]
    fn log_ticks_follow_the_range() {
        let axis = Axis::around("", AxisScale::Log, [1.0, 25.0]);
        assert_eq!(labels(&axis, 6), ["1", "2", "5", "10", "20"]);
        let long = Axis::around("", AxisScale::Log, [1.0, 20_000.0]);
        assert_eq!(labels(&long, 6), ["1", "10", "100", "1,000", "10,000"]);
        let two_decades = Axis::around("", AxisScale::Log, [1.4, 83.0]);
        assert_eq!(labels(&two_decades, 3), ["3", "10", "30", "100"], "no linear ticks, which stand at one end");
        let narrow = Axis::around("", AxisScale::Log, [18.0, 24.0]);
        assert!(narrow.ticks(6).len() >= 3, "{:?}", narrow.ticks(6));
    }

    #[test]
    fn odd_values_do_not_break_an_axis() {
        for values in [vec![], vec![f64::NAN], vec![5.0], vec![f64::INFINITY, 2.0], vec![-1.0, 0.0]] {
            for scale in [AxisScale::Linear, AxisScale::Log] {
                let axis = Axis::around("", scale, values.clone());
                assert!(axis.position(3.0).is_finite(), "{values:?} {scale:?}");
                assert!(axis.ticks(6).len() < 40);
            }
        }
    }

    #[test]
    fn neighbouring_log_ticks_have_different_labels() {
        let labels = |low: f64, high: f64| labels(&Axis::around("", AxisScale::Log, [low, high]), 6);
        assert_eq!(labels(1.1e-3, 3.4e-3), ["0.0015", "0.002", "0.003"]);
        assert_eq!(labels(1.1e-4, 3.4e-4), ["1.5e-4", "2e-4", "3e-4"]);
        assert_eq!(labels(1.8e-3, 2.4e-3), ["0.0018", "0.002", "0.0022", "0.0024"]);
        assert_eq!(labels(1e-6, 1e-1), ["1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1"], "decades as ever");
    }

    #[test]
    fn huge_ticks_are_powers_of_ten() {
        assert_eq!(labels(&Axis::exact("", 0.0, 1e20), 3), ["0", "5e19", "1e20"]);
        let axis = Axis::around("", AxisScale::Log, [1e13, 1e21]);
        assert_eq!(labels(&axis, 6), ["100,000,000,000,000", "1e16", "1e18", "1e20"]);
    }

    #[test]
    fn fixed_ticks_are_the_given_values() {
        let axis = Axis::around("", AxisScale::Log, [5e-4, 8e-3]).ticks_at([8e-3, 5e-4, 2e-3, 2e-3]);
        assert_eq!(labels(&axis, 3), ["5e-4", "0.002", "0.008"]);
        let given = |values: &[f64]| labels(&axis.clone().ticks_at(values.iter().copied()), 3);
        assert_eq!(given(&[0.001, 0.0015, 0.002, 0.0025]), ["0.001", "0.0015", "0.002", "0.0025"]);
        assert_eq!(given(&[-0.5, 2.5e-4, 0.0125, 1024.0, 1e19]), ["-0.5", "2.5e-4", "0.0125", "1,024", "1e19"]);
        // Random numbers, which have all digits.
        assert_eq!(given(&[1.234_567_8e-4, 0.012_345_678, 12_345.678_9]), ["1.235e-4", "0.01235", "12,346"]);
        assert_eq!(given(&[123_456_789.0]), ["123,456,789"]);
    }

    #[test]
    fn places_run_from_end_to_end() {
        let axis = Axis::exact("", 10.0, 20.0);
        assert!((axis.position(15.0) - 0.5).abs() < 1e-12);
        let log = Axis::around("", AxisScale::Log, [1.0, 100.0]);
        assert!((log.position(10.0) - 0.5).abs() < 1e-12);
    }
}
