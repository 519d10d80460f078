//! How many decimals the means and standard deviations of a column have.

use super::number::{fixed, published};
use super::sample::Sample;

/// From this ratio of their means on, the values of a column are of so different size that each is rounded by itself.
const WIDE: f64 = 100.0;

/// The decimals of a column of means with standard deviations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimals {
    /// The same for the whole column; `None` if each value is rounded by itself.
    shared: Option<usize>,
}

impl Decimals {
    /// The decimals that suit these values of a column: the largest deviation has two or three significant digits, and
    /// the smallest one if three digits of the largest allow that. Values without a deviation have no say.
    pub fn of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let varied: Vec<(f64, f64)> =
            samples.into_iter().filter_map(|sample| Some((sample.mean, varies(sample)?))).collect();
        let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let (mut means, mut deviations) = (varied.iter().map(|one| one.0.abs()), varied.iter().map(|one| one.1));
        if most(&mut means.clone()) >= WIDE * least(&mut means) {
            return Self { shared: None };
        }
        let (small, large) = (least(&mut deviations.clone()), most(&mut deviations));
        let shared = varied.first().map(|_| places(small, 1).clamp(places(large, 2), places(large, 3)));
        Self { shared }
    }

    /// The mean with the standard deviation, such as `201.4 ± 3.2`. A constant, or a single value, is a bare number.
    pub fn text(self, sample: &Sample) -> String {
        match varies(sample) {
            Some(sd) => format!("{} ± {}", self.number(sample.mean, sd), self.number(sd, sd)),
            None if sample.sd.is_some() => bare(&published(sample.mean)),
            None => published(sample.mean),
        }
    }

    /// A number of the same unit as a mean with this deviation, such as an end of its interval.
    pub fn number(self, x: f64, sd: f64) -> String {
        fixed(x, self.shared.unwrap_or_else(|| places(sd, 2)))
    }
}

/// A number without zeros at the end of its decimals. Those of an exponent stay.
fn bare(text: &str) -> String {
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// The standard deviation, if the values differ by more than a rounding error.
pub fn varies(sample: &Sample) -> Option<f64> {
    sample.sd.filter(|sd| *sd > 1e-12 * sample.mean.abs())
}

/// The decimals with which a positive number has so many significant digits; at most six.
fn places(x: f64, digits: u8) -> usize {
    (f64::from(digits) - 1.0 - x.log10().floor()).clamp(0.0, 6.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(samples: &[(f64, f64)]) -> Vec<String> {
        let samples: Vec<Sample> =
            samples.iter().map(|(mean, sd)| Sample { n: 3, mean: *mean, sd: Some(*sd) }).collect();
        let decimals = Decimals::of(&samples);
        samples.iter().map(|sample| decimals.text(sample)).collect()
    }

    #[test]
    fn a_column_has_one_number_of_decimals() {
        assert_eq!(
            column(&[(83.41, 0.22), (86.733, 0.092), (84.76, 0.89)]),
            ["83.41 ± 0.22", "86.73 ± 0.09", "84.76 ± 0.89"]
        );
        assert_eq!(column(&[(9892.7, 14.2), (9960.3, 4.2)]), ["9,893 ± 14", "9,960 ± 4"]);
        assert_eq!(column(&[(1.855, 0.0153), (1.9752, 0.0025)]), ["1.855 ± 0.015", "1.975 ± 0.003"]);
        assert_eq!(column(&[(1.4, 0.11), (68.2, 10.4)]), ["1.4 ± 0.1", "68.2 ± 10.4"]);
        assert_eq!(column(&[(0.8412, 0.00137)]), ["0.8412 ± 0.0014"]);
        // A deviation that is small by chance adds one decimal at most.
        assert_eq!(column(&[(83.4, 0.9), (84.1, 0.0001)]), ["83.400 ± 0.900", "84.100 ± 0.000"]);
    }

    #[test]
    fn values_of_different_size_are_rounded_each_by_itself() {
        assert_eq!(column(&[(2.314, 0.043), (25_345.6, 812.0)]), ["2.314 ± 0.043", "25,346 ± 812"]);
    }

    #[test]
    fn a_constant_is_a_bare_number() {
        assert_eq!(column(&[(1.000_001, 0.0), (32.0, 1e-15), (31.67, 0.58)]), ["1", "32", "31.67 ± 0.58"]);
        assert_eq!(column(&[(1.5e-10, 0.0)]), ["1.5e-10"]);
        assert_eq!(Decimals::of([]).text(&Sample { n: 1, mean: 4131.26, sd: None }), "4,131.3");
    }
}
