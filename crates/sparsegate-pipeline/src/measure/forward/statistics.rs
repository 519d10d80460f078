//! A median with its confidence interval.

use sparsegate_store::speed::MedianInterval;

/// The median of `samples`, with its interval; `None` if there are none.
///
/// The interval reaches from the k-th smallest to the k-th largest sample, with the largest k for which it misses
/// the median of the distribution with a probability of at most 5 %. This holds for any distribution, because the
/// number of samples below its median is binomial with p = 1/2 (order statistics, e.g. David and Nagaraja, *Order
/// Statistics*, section 7.1). With fewer than six samples the interval reaches from the smallest to the largest and
/// covers the median with a lower probability.
pub(super) fn median(samples: &[f64]) -> Option<MedianInterval> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    let middle = sorted.get(count / 2)?;
    let median = if count.is_multiple_of(2) { (sorted[count / 2 - 1] + middle) / 2.0 } else { *middle };
    // Probability of fewer than k heads in `count` fair coin tosses. The terms are logarithms, since 0.5^1075 is zero.
    let (mut chance, mut log_term, mut k) = (0.0, -(count as f64) * std::f64::consts::LN_2, 0);
    while k < count / 2 && chance + log_term.exp() <= 0.025 {
        chance += log_term.exp();
        log_term += ((count - k) as f64 / (k + 1) as f64).ln();
        k += 1;
    }
    let k = k.max(1);
    let (low, high, fastest) = (sorted[k - 1], sorted[count - k], sorted.first().copied());
    Some(MedianInterval { median, low, high, samples: count, fastest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_order_statistics() {
        let numbers = |count: u32| (1..=count).rev().map(f64::from).collect::<Vec<_>>();
        // Tables of the sign test: for 30 samples the 10th and the 21st, for 10 the 2nd and the 9th, for 6 all. For
        // 2,000 the 2.5 % quantile of the binomial distribution, 956.
        for (count, median, low, high) in [
            (2000, 1000.5, 956.0, 1045.0),
            (30, 15.5, 10.0, 21.0),
            (10, 5.5, 2.0, 9.0),
            (6, 3.5, 1.0, 6.0),
            (1, 1.0, 1.0, 1.0),
        ] {
            let found = super::median(&numbers(count)).unwrap();
            assert_eq!((found.median, found.low, found.high, found.samples), (median, low, high, count as usize));
            assert_eq!(found.fastest, Some(1.0));
        }
        assert_eq!(median(&[]), None);
    }
}
