//! Statistics of the values that several seeds give, under the assumption that they are independent and normal.
//!
//! The quantiles and tail probabilities of Student's t distribution come from statrs; a test compares all results with
//! those of scipy.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::decimals::varies;

/// Coverage of the intervals.
pub const CONFIDENCE: f64 = 0.95;

/// Values from which on their mean has an interval.
pub const FEWEST: usize = 3;

/// Mean and spread of a quantity over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Number of values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation, with n - 1 in the denominator; `None` for one value.
    pub sd: Option<f64>,
}

impl Sample {
    /// The statistics of the values; `None` without a value, or if one is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Self { n, mean, sd })
    }

    /// The statistics of the values times a positive factor.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        Self { n: self.n, mean: factor * self.mean, sd: self.sd.map(|sd| factor * sd) }
    }

    /// The mean, as `text` writes it, with the standard deviation and the number of values if there are several.
    pub fn text(&self, text: impl Fn(f64) -> String) -> String {
        match self.sd {
            Some(_) if varies(self).is_none() => format!("{} (n = {})", text(self.mean), self.n),
            Some(sd) => format!("{} ± {} (mean ± sd, n = {})", text(self.mean), text(sd), self.n),
            None => text(self.mean),
        }
    }

    /// The t interval of the mean with 95 % coverage, mean -/+ t(0.975, n - 1) sd / sqrt(n). `None` for fewer than three
    /// values: of two it is 12.7 times as wide as they are apart, and ends at values that cannot be.
    pub fn interval(&self) -> Option<(f64, f64)> {
        if self.n < FEWEST {
            return None;
        }
        let half = t_quantile((1.0 + CONFIDENCE) / 2.0, (self.n - 1) as f64) * self.standard_error()?;
        Some((self.mean - half, self.mean + half))
    }

    /// Standard error of the mean, sd / sqrt(n); `None` for one value.
    pub fn standard_error(&self) -> Option<f64> {
        Some(self.sd? / (self.n as f64).sqrt())
    }

    /// The two-sided p-value of the one-sample t test that the expectation is `value`; `None` for one value.
    pub fn p_of(&self, value: f64) -> Option<f64> {
        Some(two_sided(self.mean - value, self.standard_error()?, (self.n - 1) as f64))
    }
}

/// Welch's test of two means with unequal variances.
///
/// Each side is a weighted mean of samples, in the simplest case one sample of weight 1. Returns the two-sided p-value
/// of equal expectations; the degrees of freedom are those of Welch and Satterthwaite. `None` if a sample has one
/// value.
pub fn welch(first: &[(f64, Sample)], second: &[(f64, Sample)]) -> Option<f64> {
    let mean = |side: &[(f64, Sample)]| side.iter().map(|(weight, sample)| weight * sample.mean).sum::<f64>();
    let (mut variance, mut denominator) = (0.0, 0.0);
    for (weight, sample) in first.iter().chain(second) {
        let part = (weight * sample.standard_error()?).powi(2);
        variance += part;
        denominator += part.powi(2) / (sample.n - 1) as f64;
    }
    let freedom = if denominator > 0.0 { variance.powi(2) / denominator } else { 1.0 };
    Some(two_sided(mean(first) - mean(second), variance.sqrt(), freedom))
}

/// Holm's correction of several p-values at once, which bounds the probability of any false rejection.
///
/// The k-th smallest of m values is multiplied by m - k + 1; each is at least as large as the smaller ones, at most 1.
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let (mut corrected, mut least) = (vec![1.0; values.len()], 0.0_f64);
    for (rank, index) in order.into_iter().enumerate() {
        least = least.max((values[index] * (values.len() - rank) as f64).min(1.0));
        corrected[index] = least;
    }
    corrected
}

/// Two-sided p-value of a difference with its standard error. Without any spread, a difference is certain.
fn two_sided(difference: f64, error: f64, freedom: f64) -> f64 {
    if difference == 0.0 {
        return 1.0;
    }
    if error == 0.0 {
        return 0.0;
    }
    // Degrees of freedom are positive and finite here, so the distribution exists.
    StudentsT::new(0.0, 1.0, freedom).map_or(1.0, |t| 2.0 * t.sf((difference / error).abs()))
}

/// Quantile of Student's t distribution.
fn t_quantile(probability: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |t| t.inverse_cdf(probability))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Fixture {
        samples: Vec<ScipySample>,
        welch: Vec<ScipyWelch>,
        holm: Vec<ScipyHolm>,
    }

    #[derive(serde::Deserialize)]
    struct ScipySample {
        values: Vec<f64>,
        mean: f64,
        sd: f64,
        low: f64,
        high: f64,
        against: f64,
        p: f64,
    }

    #[derive(serde::Deserialize)]
    struct ScipyWelch {
        first: Vec<f64>,
        second: Vec<f64>,
        p: f64,
    }

    #[derive(serde::Deserialize)]
    struct ScipyHolm {
        p: Vec<f64>,
        corrected: Vec<f64>,
    }

    fn close(ours: f64, theirs: f64) -> bool {
        (ours - theirs).abs() <= 1e-10 * theirs.abs().max(1e-300)
    }

    #[test]
    fn the_numbers_are_those_of_scipy() {
        let fixture: Fixture = serde_json::from_str(include_str!("../tests/scipy.json")).unwrap();
        assert!(fixture.samples.len() > 20 && fixture.welch.len() > 20 && fixture.holm.len() > 3);
        for theirs in &fixture.samples {
            let ours = Sample::of(&theirs.values).unwrap();
            assert_eq!(ours.interval().is_some(), ours.n >= FEWEST);
            let (low, high) = ours.interval().unwrap_or((theirs.low, theirs.high));
            // The ends of an interval around a large mean lose digits; the deviation is their scale.
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * ours.sd.unwrap();
            assert!(close(ours.mean, theirs.mean) && close(ours.sd.unwrap(), theirs.sd), "{ours:?}");
            assert!(near(low, theirs.low) && near(high, theirs.high), "{low} {high} {} {}", theirs.low, theirs.high);
            let p = ours.p_of(theirs.against).unwrap();
            assert!((p - theirs.p).abs() <= 1e-9 * theirs.p, "{p} {}", theirs.p);
        }
        for theirs in &fixture.welch {
            let side = |values: &[f64]| [(1.0, Sample::of(values).unwrap())];
            let p = welch(&side(&theirs.first), &side(&theirs.second)).unwrap();
            assert!((p - theirs.p).abs() <= 1e-9 * theirs.p, "{p} {}", theirs.p);
        }
        for theirs in &fixture.holm {
            assert!(holm(&theirs.p).iter().zip(&theirs.corrected).all(|(a, b)| close(*a, *b)), "{:?}", theirs.p);
        }
    }

    #[test]
    fn one_value_has_a_mean_and_nothing_else() {
        let one = Sample::of(&[3.0]).unwrap();
        assert_eq!((one.mean, one.sd, one.interval(), one.p_of(1.0)), (3.0, None, None, None));
        assert_eq!(welch(&[(1.0, one)], &[(1.0, one)]), None);
        assert_eq!((Sample::of(&[]), Sample::of(&[1.0, f64::NAN])), (None, None));
    }

    #[test]
    fn equal_values_leave_no_doubt() {
        let flat = |x: f64| Sample::of(&[x; 3]).unwrap();
        assert_eq!(flat(2.0).interval(), Some((2.0, 2.0)));
        assert_eq!(welch(&[(1.0, flat(2.0))], &[(1.0, flat(2.0))]), Some(1.0));
        assert_eq!(welch(&[(1.0, flat(2.0))], &[(1.0, flat(3.0))]), Some(0.0));
    }

    #[test]
    fn the_mean_of_two_equal_samples_has_half_the_variance() {
        let (a, b) = (Sample::of(&[1.0, 2.0, 3.0]).unwrap(), Sample::of(&[5.0, 6.0, 7.0]).unwrap());
        let pooled = welch(&[(0.5, a), (0.5, a)], &[(1.0, b)]).unwrap();
        // t = 4 / sqrt(1/6 + 1/3) = 5.657 with (1/2)^2 / ((1/12)^2 / 2 * 2 + (1/3)^2 / 2) = 4 degrees of freedom.
        assert!((pooled - 0.004_812_678).abs() < 1e-6, "{pooled}");
    }
}
