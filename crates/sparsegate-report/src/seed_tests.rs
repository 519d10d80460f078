//! Claims tested over several seeds: p-values, their correction for several claims at once, and the verdicts.

use std::cmp::Ordering;

use sparsegate_spec::types::ValueClaim;

use super::compare::Comparison;
use super::decimals::varies;
use super::sample::{self, CONFIDENCE, Sample};
use super::verdict::Verdict;

/// The test of a claim over several seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedTest {
    /// Number of values: of a published value those of one point, of an ordering those of each side.
    pub n: Vec<usize>,
    /// The 95 % interval of our value; `None` for an ordering, and for fewer than three values.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p-value: of a t test against the nearest end of the tolerance, 1 within it; of Welch's test for an
    /// ordering. `None` if all values of each side are equal: then there is nothing to test.
    pub p: Option<f64>,
    /// The p-value after Holm's correction for all claims of the experiment that have one.
    pub corrected: Option<f64>,
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
        sample.sd?;
        let p = if within { 1.0 } else { sample.p_of(end)? };
        let p = varies(sample).map(|_| p);
        let open = if within { Verdict::Reproduced } else { Verdict::WithinNoise };
        // A constant is where it is.
        let significant = if within && p.is_none() { Verdict::Reproduced } else { Verdict::Off };
        Some(Self { n: vec![sample.n], interval: sample.interval(), p, corrected: p, significant, open })
    }

    /// The test of an ordering: the first side is expected to be smaller. Each side is a weighted mean of points.
    pub fn of_order(first: &[(f64, Sample)], second: &[(f64, Sample)]) -> Option<Self> {
        let p = sample::welch(first, second)?;
        let p = first.iter().chain(second).any(|(_, sample)| varies(sample).is_some()).then_some(p);
        let mean = |side: &[(f64, Sample)]| side.iter().map(|(weight, sample)| weight * sample.mean).sum::<f64>();
        let significant = match mean(first).total_cmp(&mean(second)) {
            Ordering::Less => Verdict::Reproduced,
            Ordering::Greater => Verdict::Off,
            Ordering::Equal => Verdict::WithinNoise,
        };
        let n = [first, second].map(|side| side.iter().map(|(_, sample)| sample.n).sum()).to_vec();
        Some(Self { n, interval: None, p, corrected: p, significant, open: Verdict::WithinNoise })
    }

    fn verdict(&self) -> Verdict {
        // Without any variance, the values decide.
        if self.corrected.is_none_or(|p| p < 1.0 - CONFIDENCE) { self.significant.clone() } else { self.open.clone() }
    }
}

/// Corrects the p-values of all tests of a comparison by Holm's method and sets the verdicts that follow from them.
pub fn correct(comparison: &mut Comparison) {
    // A claim that lacks something has a verdict already, and is not among the claims tested at once; neither is one
    // about constants, which would only make the correction of the others stricter.
    let values = comparison.values.iter_mut().map(|line| (&mut line.verdict, &mut line.test));
    let orders = comparison.orders.iter_mut().map(|line| (&mut line.verdict, &mut line.test));
    let mut tests: Vec<(&mut Verdict, &mut SeedTest)> =
        values.chain(orders).filter_map(|(verdict, test)| Some((verdict, test.as_mut()?))).collect();
    let mut corrected = sample::holm(&tests.iter().filter_map(|(_, test)| test.p).collect::<Vec<f64>>()).into_iter();
    for (verdict, test) in &mut tests {
        test.corrected = test.p.and_then(|_| corrected.next());
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

    #[test]
    fn constants_are_judged_without_a_test() {
        let side = |x: f64| [(1.0, Sample::of(&[x; 3]).unwrap())];
        let verdict = |a: f64, b: f64| {
            let test = SeedTest::of_order(&side(a), &side(b)).unwrap();
            assert_eq!((test.p, test.corrected, test.n.as_slice()), (None, None, &[3, 3][..]));
            test.verdict()
        };
        assert_eq!(verdict(32.0, 32.0), Verdict::WithinNoise, "neither order");
        assert_eq!([verdict(31.0, 32.0), verdict(32.0, 31.0)], [Verdict::Reproduced, Verdict::Off]);
        let varied = [(1.0, Sample::of(&[31.0, 32.0, 32.0]).unwrap())];
        assert!(SeedTest::of_order(&varied, &side(32.0)).unwrap().p.is_some(), "one side varies");
    }
}
