//! Metrics that claims can name, and their values in our runs and in the authors' logs.

use std::cmp::Ordering;

use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

use super::authors::AuthorsEpoch;
use super::axis::{Axis, AxisScale};
use super::number;
use super::rows::RunRow;

/// A metric that a claim can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metric {
    /// Value for the validation data, of this metric if it is `Some`.
    Valid(Option<EvaluationMetric>),
    /// Value for the test data, of this metric if it is `Some`.
    Test(Option<EvaluationMetric>),
    /// Mean objective of the epoch (data loss plus KL term), nats.
    TrainObjective,
    /// All weights over surviving weights, counted as the authors do; no value if nothing is left.
    Compression,
    /// The same with the weights of pruned gates counted as zero.
    CompressionExact,
    /// Surviving weights.
    Weights,
    /// Kept input symbols.
    Vocabulary,
    /// Kept dimensions of the embedding.
    Inputs,
    /// Kept hidden units.
    Neurons,
    /// Gates that are not constant, all kinds.
    Gates,
    /// Gates of one kind that are not constant.
    GateKind(String),
}

impl Metric {
    /// Parses `test.perplexity`, `valid`, `compression`, `compression.exact`, `gates.kept`, `gates.i.kept`,
    /// `neurons.kept`, `inputs.kept`, `vocabulary.kept`, `weights.kept`, `train_objective`. The dot before `kept` and
    /// `exact` may be an underscore, as in the columns of `results.csv`. `None` for anything else.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some((stream, metric)) = name.split_once('.') {
            match stream {
                "valid" => return EvaluationMetric::from_name(metric).map(|metric| Self::Valid(Some(metric))),
                "test" => return EvaluationMetric::from_name(metric).map(|metric| Self::Test(Some(metric))),
                _ => {}
            }
        }
        let parts: Vec<&str> = name.split(['.', '_']).collect();
        Some(match parts.as_slice() {
            ["valid"] => Self::Valid(None),
            ["test"] => Self::Test(None),
            ["train", "objective"] => Self::TrainObjective,
            ["compression"] => Self::Compression,
            ["compression", "exact"] => Self::CompressionExact,
            ["weights", "kept"] => Self::Weights,
            ["vocabulary", "kept"] => Self::Vocabulary,
            ["inputs", "kept"] => Self::Inputs,
            ["neurons", "kept"] => Self::Neurons,
            ["gates", "kept"] => Self::Gates,
            ["gates", kind, "kept"] | ["gates", "kept", kind] => Self::GateKind((*kind).to_owned()),
            _ => return None,
        })
    }

    /// Value in an epoch of our run, whose validation and test metric is `metric`, if that is known; `None` if the run
    /// does not have it.
    pub fn ours(&self, line: &EpochMetrics, metric: Option<EvaluationMetric>) -> Option<f64> {
        let counts = &line.counts;
        let whole = |n: u64| Some(n as f64);
        match self {
            Self::Valid(wanted) => same(*wanted, metric).then_some(line.valid),
            Self::Test(wanted) => same(*wanted, metric).then_some(line.test),
            Self::TrainObjective => Some(line.train_objective),
            Self::Compression => counts.compression_ratio(),
            Self::CompressionExact => counts.exact_compression_ratio(),
            Self::Weights => whole(weights_kept(line)),
            Self::Vocabulary => whole(counts.vocabulary.kept),
            Self::Inputs => counts.inputs.map(|inputs| inputs.kept as f64),
            Self::Neurons => whole(counts.neurons.kept),
            Self::Gates => whole(gates_kept(line)),
            Self::GateKind(kind) => counts.gates.iter().find(|gate| gate.kind == *kind).map(|gate| gate.kept as f64),
        }
    }

    /// Value in an epoch of the authors' logs; `None` if they did not log it.
    pub fn theirs(&self, point: &AuthorsEpoch) -> Option<f64> {
        match self {
            Self::Valid(wanted) => (wanted.is_none() || *wanted == point.metric).then_some(point.valid),
            Self::Test(wanted) => (wanted.is_none() || *wanted == point.metric).then_some(point.test),
            Self::TrainObjective => Some(point.train_objective),
            Self::Compression => Some(point.compression),
            Self::Weights => Some(point.weights as f64),
            Self::Vocabulary => Some(point.vocabulary as f64),
            Self::Inputs => point.inputs.map(|(kept, _)| kept as f64),
            Self::Neurons => Some(point.neurons as f64),
            Self::Gates => Some(point.gates as f64),
            Self::CompressionExact | Self::GateKind(_) => None,
        }
    }
}

impl Metric {
    /// A value as shown in tables: an accuracy in percent, everything else in its own unit.
    pub fn text(&self, x: f64) -> String {
        if self.is_accuracy() { value_text(Some(EvaluationMetric::Accuracy), x) } else { number::published(x) }
    }

    /// Whether it is explicitly the accuracy, on validation or test data.
    pub fn is_accuracy(&self) -> bool {
        matches!(self, Self::Valid(metric) | Self::Test(metric) if is_accuracy(*metric))
    }
}

/// The metric that all runs with a metric have; `None` if tasks with several metrics are shown together.
pub fn common(rows: &[RunRow]) -> Option<EvaluationMetric> {
    let mut known = rows.iter().filter_map(|row| row.metric);
    let first = known.next()?;
    known.all(|metric| metric == first).then_some(first)
}

/// Whether a metric is the accuracy, a fraction between 0 and 1.
pub fn is_accuracy(metric: Option<EvaluationMetric>) -> bool {
    match metric {
        Some(EvaluationMetric::Accuracy) => true,
        Some(EvaluationMetric::Perplexity | EvaluationMetric::BitsPerCharacter) | None => false,
    }
}

/// Orders two values of a metric, the better one first and NaN last.
pub fn order(metric: Option<EvaluationMetric>, a: f64, b: f64) -> Ordering {
    if a.is_nan() || b.is_nan() {
        return a.is_nan().cmp(&b.is_nan());
    }
    let higher_is_better = metric.is_some_and(EvaluationMetric::higher_is_better);
    if higher_is_better { b.total_cmp(&a) } else { a.total_cmp(&b) }
}

/// The epoch with the best value of this metric for the validation data; the first one in a tie.
pub fn best_epoch(metric: Option<EvaluationMetric>, lines: &[EpochMetrics]) -> Option<&EpochMetrics> {
    lines.iter().min_by(|a, b| order(metric, a.valid, b.valid))
}

/// A value of a metric in the unit of axes: an accuracy in percent, others unchanged.
pub fn on_axis(metric: Option<EvaluationMetric>, x: f64) -> f64 {
    if is_accuracy(metric) { 100.0 * x } else { x }
}

/// The unit of values on axes ([`on_axis`]): `%` for an accuracy, otherwise nothing.
pub fn unit(metric: Option<EvaluationMetric>) -> &'static str {
    if is_accuracy(metric) { "%" } else { "" }
}

/// A value of a metric as shown in tables, such as `88.91 %` or `116.5`.
pub fn value_text(metric: Option<EvaluationMetric>, x: f64) -> String {
    if is_accuracy(metric) && x.is_finite() { format!("{:.2} %", 100.0 * x) } else { number::value(x) }
}

/// A value in the unit of axes ([`on_axis`]) as shown in tables.
pub fn axis_text(metric: Option<EvaluationMetric>, x: f64) -> String {
    if is_accuracy(metric) && x.is_finite() { format!("{x:.2} %") } else { number::value(x) }
}

/// Scale of an axis for a metric: linear for accuracies, whose ratios mean little; otherwise logarithmic for a wide
/// range.
pub fn axis_scale(metric: Option<EvaluationMetric>, values: &[f64]) -> AxisScale {
    if is_accuracy(metric) { AxisScale::Linear } else { Axis::scale_for(values, 3.0) }
}

fn same(wanted: Option<EvaluationMetric>, metric: Option<EvaluationMetric>) -> bool {
    wanted.is_none() || metric.is_none() || wanted == metric
}

/// Surviving weights of all layers, without biases.
pub fn weights_kept(line: &EpochMetrics) -> u64 {
    line.counts.weights_kept()
}

/// Weights of all layers, without biases.
pub fn weights_total(line: &EpochMetrics) -> u64 {
    line.counts.weights_total()
}

/// Gates that are not constant, all kinds.
pub fn gates_kept(line: &EpochMetrics) -> u64 {
    line.counts.gates.iter().map(|gate| gate.kept).sum()
}

/// Gates of all kinds.
pub fn gates_total(line: &EpochMetrics) -> u64 {
    line.counts.gates.iter().map(|gate| gate.total).sum()
}

/// A metric's name with its unit and direction for axes.
pub fn axis_title(metric: Option<EvaluationMetric>) -> &'static str {
    match metric {
        Some(EvaluationMetric::Perplexity) => "perplexity (lower is better)",
        Some(EvaluationMetric::Accuracy) => "accuracy in % (higher is better)",
        Some(EvaluationMetric::BitsPerCharacter) => "bits per character (lower is better)",
        None => plain_name(None),
    }
}

/// Name of a metric in words.
pub fn plain_name(metric: Option<EvaluationMetric>) -> &'static str {
    match metric {
        Some(EvaluationMetric::Perplexity) => "perplexity",
        Some(EvaluationMetric::Accuracy) => "accuracy",
        Some(EvaluationMetric::BitsPerCharacter) => "bits per character",
        None => "metric",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sparsegate_testing::language_models::epoch;

    #[test]
    fn the_better_accuracy_is_the_higher_one() {
        assert_eq!(order(Some(EvaluationMetric::Accuracy), 0.9, 0.8), Ordering::Less);
        assert_eq!(order(Some(EvaluationMetric::Perplexity), 90.0, 80.0), Ordering::Greater);
        assert_eq!(order(Some(EvaluationMetric::Accuracy), f64::NAN, 0.8), Ordering::Greater);
        assert_eq!(value_text(Some(EvaluationMetric::Accuracy), 0.8891), "88.91 %");
        assert_eq!(Metric::parse("test.accuracy").map(|metric| metric.text(0.5)), Some("50.00 %".into()));
    }

    #[test]
    fn names_in_claims_find_their_values() {
        let line = epoch("W+G+N", 3, 10);
        let ours =
            |name: &str| Metric::parse(name).and_then(|metric| metric.ours(&line, Some(EvaluationMetric::Perplexity)));
        assert_eq!(ours("test.perplexity"), Some(line.test));
        assert_eq!(ours("test.bits_per_char"), None, "the run has another metric");
        assert_eq!(ours("valid"), Some(line.valid));
        assert_eq!(ours("compression"), Some(line.counts.compression));
        assert_eq!(ours("gates.kept"), ours("gates_kept"));
        assert_eq!(ours("gates.f.kept"), Some(line.counts.gates[1].kept as f64));
        assert_eq!(ours("compression_exact"), Some(line.counts.compression_exact));
        assert!(Metric::parse("gates.keptt").is_none());
        assert!(Metric::parse("").is_none());
        assert!(Metric::parse("test.loss").is_none());
    }
}
