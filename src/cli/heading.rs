//! What stands over tables and columns: the experiment's name, and the name of a metric.

use super::terminal_text::printable;
use sparsegate_core::EvaluationMetric;
use sparsegate_spec::Experiment;

/// The line over the table of an experiment: its name and its data sets.
pub fn title(experiment: &Experiment) -> String {
    printable(&format!("{} on {}", experiment.name, experiment.datasets().join(", ")))
}

/// A metric as people read it; the empty text if it is not known.
pub fn metric_name(metric: Option<EvaluationMetric>) -> &'static str {
    metric.map_or("", EvaluationMetric::short_name)
}

/// Decimals of the values of a metric.
pub fn decimals(metric: Option<EvaluationMetric>) -> usize {
    match metric {
        Some(EvaluationMetric::BitsPerCharacter) => 4,
        Some(EvaluationMetric::Perplexity | EvaluationMetric::Accuracy) | None => 2,
    }
}

/// The head of a column with the values of `part`, `valid` or `test`: with the metric's name, if all runs have the same
/// metric.
pub fn metric_head(part: &str, metric: Option<EvaluationMetric>) -> String {
    match metric {
        Some(metric) => format!("{part} {}", metric.short_name()),
        None => part.to_owned(),
    }
}

/// The metric of all runs, if they have the same; unknown ones do not count.
pub fn common_metric(metrics: impl IntoIterator<Item = Option<EvaluationMetric>>) -> Option<EvaluationMetric> {
    let mut known = metrics.into_iter().flatten();
    let first = known.next()?;
    known.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_names_the_metric_that_all_runs_share() {
        let [perplexity, bits, accuracy] = EvaluationMetric::ALL.map(Some);
        assert_eq!(common_metric([perplexity, None, perplexity]), perplexity);
        assert_eq!(common_metric([perplexity, accuracy]), None);
        assert_eq!(metric_head("valid", bits), "valid bits/char");
        assert_eq!(metric_head("test", None), "test");
    }
}
