//! What stands over tables and columns: the experiment's name, and the name of a metric.

use super::streamed_table::printable;
use sparsegate_core::EvaluationMetric;
use sparsegate_spec::Experiment;

/// The line over the table of an experiment: its name and its data sets.
pub fn title(experiment: &Experiment) -> String {
    printable(&format!("{} on {}", experiment.name, experiment.datasets().join(", ")))
}

/// A metric as people read it; the empty text for a name that is not known.
pub fn metric_name(name: &str) -> &'static str {
    match EvaluationMetric::from_name(name) {
        Some(EvaluationMetric::BitsPerCharacter) => "bits/char",
        Some(metric) => metric.name(),
        None => "",
    }
}

/// The head of a column with the values of `part`, `valid` or `test`: with the metric's name, if `metrics` of all runs
/// are the same.
pub fn metric_head(part: &str, metric: Option<&str>) -> String {
    match metric.map(metric_name).filter(|name| !name.is_empty()) {
        Some(name) => format!("{part} {name}"),
        None => part.to_owned(),
    }
}

/// The metric of all runs, if they have the same; unknown ones do not count.
pub fn common_metric<'a>(metrics: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut known = metrics.into_iter().filter(|name| !name.is_empty());
    let first = known.next()?;
    known.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_names_the_metric_that_all_runs_share() {
        assert_eq!(common_metric(["perplexity", "", "perplexity"]), Some("perplexity"));
        assert_eq!(common_metric(["perplexity", "accuracy"]), None);
        assert_eq!(metric_head("valid", Some("bits_per_char")), "valid bits/char");
        assert_eq!([metric_head("test", None), metric_head("test", Some("else"))], ["test", "test"]);
    }
}
