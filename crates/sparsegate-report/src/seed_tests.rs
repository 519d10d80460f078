//! Claims tested over several seeds: p-values, their correction for several claims at once, and the verdicts.

use sparsegate_spec::types::ValueClaim;

use super::compare::Comparison;
use super::sample::{self, CONFIDENCE, Sample};
use super::verdict::Verdict;

/// The test of a claim over several seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedTest {
    /// Number of values: of a published value those of one point, of an ordering those of each side.
    pub n: Vec<usize>,
    /// The 95 % interval of our value; `None` for an ordering.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p-value: of a t test against the nearest end of the tolerance, 1 within it; of Welch's test for an
    /// ordering.
    pub p: f64,
    /// The p-value after Holm's correction for all claims of the experiment that are tested over seeds.
    pub corrected: f64,
    /// The verdict if chance is ruled out.
    significant: Verdict,
    /// The verdict otherwise.
    open: Verdict,
}

impl SeedTest {
    /// The test of a published value.
    pub fn of_value(claim: &ValueClaim, sample: &Sample) -> Option<Self> {
        let excess = claim.tolerance.excess(sample.mean, claim.value);
        let end = if sample.mean > claim.value { sample.mean - excess } else { sample.mean + excess };
        let within = excess <= 0.0;
        let p = if within { 1.0 } else { sample.p_of(end)? };
        let open = if within { Verdict::Reproduced } else { Verdict::WithinNoise };
        let (n, interval) = (vec![sample.n], Some(sample.interval()?));
        Some(Self { n, interval, p, corrected: p, significant: Verdict::Off, open })
    }

    /// The test of an ordering: the first side is expected to be smaller. Each side is a weighted mean of points.
    pub fn of_order(first: &[(f64, Sample)], second: &[(f64, Sample)]) -> Option<Self> {
        let p = sample::welch(first, second)?;
        let mean = |side: &[(f64, Sample)]| side.iter().map(|(weight, sample)| weight * sample.mean).sum::<f64>();
        let significant = if mean(first) < mean(second) { Verdict::Reproduced } else { Verdict::Off };
        let n = [first, second].map(|side| side.iter().map(|(_, sample)| sample.n).sum()).to_vec();
        Some(Self { n, interval: None, p, corrected: p, significant, open: Verdict::WithinNoise })
    }

    fn verdict(&self) -> Verdict {
        if self.corrected < 1.0 - CONFIDENCE { self.significant.clone() } else { self.open.clone() }
    }
}

/// Corrects the p-values of all tests of a comparison by Holm's method and sets the verdicts that follow from them.
pub fn correct(comparison: &mut Comparison) {
    // A claim that lacks something has a verdict already, and is not among the claims tested at once.
    let values = comparison.values.iter_mut().map(|line| (&mut line.verdict, &mut line.test));
    let orders = comparison.orders.iter_mut().map(|line| (&mut line.verdict, &mut line.test));
    let mut tests: Vec<(&mut Verdict, &mut SeedTest)> =
        values.chain(orders).filter_map(|(verdict, test)| Some((verdict, test.as_mut()?))).collect();
    let corrected = sample::holm(&tests.iter().map(|(_, test)| test.p).collect::<Vec<f64>>());
    for ((verdict, test), p) in tests.iter_mut().zip(corrected) {
        test.corrected = p;
        **verdict = test.verdict();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sparsegate_spec::types::Tolerance;

    fn value(published: f64, tolerance: f64) -> Verdict {
        let claim = ValueClaim {
            metric: "compression".into(),
            value: published,
            tolerance: Tolerance::Absolute(tolerance),
            about: None,
        };
        // Mean 10, interval 10 -/+ 2.48.
        SeedTest::of_value(&claim, &Sample::of(&[9.0, 10.0, 11.0]).unwrap()).unwrap().verdict()
    }

    #[test]
    fn a_value_is_held_by_interval_and_tolerance() {
        assert_eq!(value(10.5, 1.0), Verdict::Reproduced, "the mean is within the tolerance");
        assert_eq!(value(12.0, 0.1), Verdict::WithinNoise, "the interval reaches the tolerance");
        assert_eq!(value(12.5, 0.1), Verdict::WithinNoise);
        assert_eq!(value(12.6, 0.1), Verdict::Off, "the interval ends at 12.48");
        assert_eq!(value(7.4, 0.1), Verdict::Off);
    }

    #[test]
    fn an_ordering_needs_a_difference_that_chance_does_not_give() {
        let side = |values: &[f64]| [(1.0, Sample::of(values).unwrap())];
        let (low, middle, high) = (side(&[1.0, 2.0, 3.0]), side(&[2.0, 3.0, 4.0]), side(&[8.0, 9.0, 10.0]));
        let verdict = |a, b| SeedTest::of_order(a, b).unwrap().verdict();
        assert_eq!(verdict(&low, &high), Verdict::Reproduced);
        assert_eq!(verdict(&high, &low), Verdict::Off);
        assert_eq!(verdict(&low, &middle), Verdict::WithinNoise);
        assert_eq!(verdict(&middle, &low), Verdict::WithinNoise);
        assert_eq!(SeedTest::of_order(&low, &high).unwrap().n, [3, 3]);
    }
}
