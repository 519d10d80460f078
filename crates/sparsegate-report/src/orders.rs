//! Orderings: claims that one metric is smaller than another.

use sparsegate_spec::types::{MetricRef, OrderClaim, PublishedOrdering};

use super::authors::Authors;
use super::claims::{comparable_logs, lacking, noise_of, same_point, too_few};
use super::metric::Metric;
use super::noise_estimate::{self, NoiseEstimate};
use super::rows::RunRow;
use super::sample::Sample;
use super::seed_tests::SeedTest;
use super::settings;
use super::verdict::Verdict;

/// One expected ordering compared with the runs.
#[derive(Debug, Clone)]
pub struct OrderComparison {
    /// The part of the experiment (task or data set) that the claim is about; `None` if it compares several parts.
    pub part: Option<String>,
    /// The claim as text, such as `gates.kept: W+G+N < W+N`.
    pub claim: String,
    /// The remark in the spec.
    pub about: Option<String>,
    /// Our two values, if measured: the means over the matching runs, each at the epoch whose model it stores.
    pub ours: Option<(f64, f64)>,
    /// The authors' two values at their last epochs, if logged.
    pub theirs: Option<(f64, f64)>,
    /// Estimated noise of the difference of our values, if it can be estimated.
    pub noise: Option<NoiseEstimate>,
    /// Whether the ordering holds in the authors' own figures, as stated in the spec.
    pub authors: Option<PublishedOrdering>,
    /// Welch's test of the two sides, if each of their points has several seeds.
    pub test: Option<SeedTest>,
    /// Outcome of the comparison.
    pub verdict: Verdict,
    /// The metrics of the two sides.
    quantities: [Option<Metric>; 2],
}

impl OrderComparison {
    /// A pair of values as text, such as `201, 276`.
    pub fn pair(&self, values: Option<(f64, f64)>) -> String {
        let text = |quantity: &Option<Metric>, x: f64| quantity.as_ref().map_or_else(String::new, |q| q.text(x));
        let [a, b] = &self.quantities;
        values.map_or_else(String::new, |(x, y)| format!("{}, {}", text(a, x), text(b, y)))
    }

    /// The metric whose unit the noise has: that of the side expected to be smaller.
    pub fn quantity(&self) -> Option<&Metric> {
        self.quantities[0].as_ref()
    }

    /// Whether the claim fails: it is off or about a collapsed run, and the authors' own figures do not contradict it.
    pub fn fails(&self) -> bool {
        self.verdict.fails() && self.authors != Some(PublishedOrdering::Contradicted)
    }
}

/// One side of an ordering.
#[derive(Default)]
struct OrderSide {
    ours: Option<f64>,
    theirs: Option<f64>,
    noise: Option<NoiseEstimate>,
    lack: Option<String>,
    /// How the collapse of a matching run was seen.
    collapse: Option<&'static str>,
    /// The points with their weights in the mean.
    samples: Vec<(f64, Sample)>,
}

/// Compares an ordering with the runs. With fewer than `seeds` runs of a point, the claim is not measured.
pub fn line(order: &OrderClaim, rows: &[RunRow], authors: &Authors, seeds: Option<u32>) -> OrderComparison {
    let [small, large] = &order.less;
    let (a, b) = (settings::describe(&small.r#where), settings::describe(&large.r#where));
    let claim = if small.metric == large.metric {
        format!("{}: {a} < {b}", small.metric)
    } else {
        format!("{} of {a} < {} of {b}", small.metric, large.metric)
    };
    let (first, second) = (side(small, rows, authors, seeds), side(large, rows, authors, seeds));
    let ours = first.ours.zip(second.ours);
    let noise = noise_estimate::of_sum(&[(1.0, first.noise), (1.0, second.noise)]);
    let collapse = first.collapse.or(second.collapse);
    // Runs that learned nothing are no sample of those that did.
    let measured = first.lack.is_none() && second.lack.is_none() && collapse.is_none() && ours.is_some();
    let test = if measured { SeedTest::of_order(&first.samples, &second.samples) } else { None };
    let verdict = match (first.lack.or(second.lack), ours) {
        (Some(why), _) => Verdict::NotMeasured { why },
        (None, _) if collapse.is_some() => Verdict::Collapsed { why: collapse.unwrap_or_default().to_owned() },
        (None, None) => Verdict::NotMeasured { why: "the runs do not have this metric".into() },
        (None, Some((a, b))) if a < b => Verdict::Reproduced,
        (None, Some((a, b))) if noise.is_some_and(|noise| a - b < noise.width) => Verdict::WithinNoise,
        (None, Some(_)) => Verdict::Off,
    };
    OrderComparison {
        part: None,
        claim,
        about: order.about.clone(),
        ours,
        theirs: first.theirs.zip(second.theirs),
        noise,
        authors: order.authors,
        test,
        verdict,
        quantities: [small, large].map(|side| Metric::parse(&side.metric)),
    }
}

/// The mean of a metric over the matching runs, each at the epoch whose model it stores (the last one without
/// `train.select: best`), with the noise of this mean: each point's noise, divided by the root of its number of seeds,
/// combined over the points.
fn side(of: &MetricRef, rows: &[RunRow], authors: &Authors, seeds: Option<u32>) -> OrderSide {
    let Some(quantity) = Metric::parse(&of.metric) else {
        return OrderSide { lack: Some("unknown metric".into()), ..OrderSide::default() };
    };
    let matching: Vec<&RunRow> = rows.iter().filter(|row| sparsegate_spec::matches(&row.spec, &of.r#where)).collect();
    if matching.is_empty() {
        return OrderSide { lack: Some("no matching run".into()), ..OrderSide::default() };
    }
    let logged = |row: &RunRow| comparable_logs(row, authors).and_then(|logs| logs.last_epoch(row.level()));
    let lack =
        |row: &&&RunRow| lacking(row, logged(row).map(|point| point.epoch)).map(|why| format!("{}: {why}", row.label));
    // A run that is still training has other values than a finished one: it counts only where none is finished.
    let complete: Vec<&RunRow> = matching.iter().filter(|row| lack(row).is_none()).copied().collect();
    let counted = if complete.is_empty() { &matching } else { &complete };
    let measured: Vec<(&RunRow, f64)> = counted
        .iter()
        .filter_map(|row| row.last().and_then(|line| quantity.ours(line, row.metric)).map(|x| (*row, x)))
        .collect();
    let mut points: Vec<(&RunRow, usize)> = Vec::new();
    for (row, _) in &measured {
        match points.iter_mut().find(|(other, _)| same_point(&other.spec, &row.spec)) {
            Some((_, runs)) => *runs += 1,
            None => points.push((row, 1)),
        }
    }
    let noises: Vec<(f64, Option<NoiseEstimate>)> = points
        .iter()
        .map(|(row, runs)| {
            let noise = row.last().and_then(|line| noise_of(&quantity, row, line, rows));
            (*runs as f64 / measured.len() as f64, noise.map(|noise| noise_estimate::of_mean(noise, *runs)))
        })
        .collect();
    let samples: Option<Vec<(f64, Sample)>> = points
        .iter()
        .map(|(row, runs)| {
            let same = measured.iter().filter(|(other, _)| same_point(&other.spec, &row.spec));
            let values: Vec<f64> = same.map(|(_, value)| *value).collect();
            Some((*runs as f64 / measured.len() as f64, Sample::of(&values)?))
        })
        .collect();
    // Collapsed runs count, too: the claim is about them, even if they lack the metric.
    let of_point = |row: &RunRow| matching.iter().filter(|other| other.point == row.point).count();
    let fewest = matching.iter().map(|row| of_point(row)).min().unwrap_or(0);
    let mean = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let theirs: Option<Vec<f64>> =
        matching.iter().map(|row| logged(row).and_then(|point| quantity.theirs(point))).collect();
    OrderSide {
        ours: mean(measured.iter().map(|(_, x)| *x).collect()),
        theirs: theirs.and_then(mean),
        noise: noise_estimate::of_sum(&noises),
        lack: matching.iter().find_map(|row| lack(&row)).or_else(|| too_few(fewest, seeds)),
        collapse: matching.iter().find_map(|row| row.collapsed()).map(|collapse| collapse.name()),
        samples: samples.unwrap_or_default(),
    }
}
