//! Detects, after each epoch, that a network has learned nothing.

use sparsegate_core::{Counts, Evaluation};
use sparsegate_data::Unit;
use sparsegate_spec::types::{Prior, RunSpec, Sparsity};
use sparsegate_store::format::{Collapse, EpochMetrics, TrivialBaseline};

use super::RunData;

/// Fewest epochs without movement that say anything.
const LEAST_EPOCHS: u32 = 3;
/// Relative range of a metric that does not move.
const STILL: f64 = 1e-3;

/// Judges the epochs of a run. The verdict depends on the metrics of the epochs alone, so that a resumed run stores
/// what an uninterrupted one does.
///
/// | reason | rule |
/// |---|---|
/// | [`Collapse::NothingLeft`] | [`Counts::nothing_is_left`] after two epochs in a row, or after the last one |
/// | [`Collapse::OneClass`] | every validation text gets the same class, and the accuracy has been the same for a third of the epochs; or the run ends with this epoch |
/// | [`Collapse::NotLearning`] | the validation metric has moved by at most 0.1 % for a third of the epochs, and is no better than the baseline; or it has been the same to the bit since the first epoch, and a classifier's errors are more than half of the baseline's |
///
/// A third of the epochs is at least three. A metric that stands still at a value that training has reached belongs to
/// a converged run. Data with a single class cannot show whether a network has learned. Without a baseline, the first
/// epoch takes its place.
pub(super) struct CollapseWatch {
    unit: Unit,
    classes: Vec<String>,
    baseline: Option<TrivialBaseline>,
    /// A third of the epochs.
    window: usize,
    hint: &'static str,
    /// The validation metric of each finished epoch.
    history: Vec<f64>,
    /// Whether nothing was left after the last finished epoch.
    empty: bool,
    last: Option<Collapse>,
}

impl CollapseWatch {
    pub(super) fn new(spec: &RunSpec, data: &RunData<'_>) -> Self {
        Self {
            unit: data.unit,
            classes: data.classes.to_vec(),
            baseline: data.baseline.clone(),
            window: spec.train.epochs.div_ceil(3).max(LEAST_EPOCHS) as usize,
            hint: hint(&spec.sparsity),
            history: Vec::new(),
            empty: false,
            last: None,
        }
    }

    /// Continues after the epochs of earlier processes.
    pub(super) fn resume(&mut self, lines: &[EpochMetrics]) {
        self.history = lines.iter().map(|line| line.valid).collect();
        self.empty = lines.last().is_some_and(|line| line.counts.nothing_is_left());
        self.last = lines.last().and_then(|line| line.collapse.clone());
    }

    /// Judges the epoch that follows those judged before; `ends` if it is the run's last one.
    pub(super) fn judge(&mut self, counts: &Counts, valid: &Evaluation, ends: bool) -> Option<Collapse> {
        self.history.push(self.unit.value(valid));
        let (class, classes) = (valid.only_class, self.classes.len());
        let empty_before = std::mem::replace(&mut self.empty, counts.nothing_is_left());
        if self.empty && (empty_before || ends) {
            Some(Collapse::NothingLeft)
        } else if let Some(class) = class.filter(|_| classes > 1 && (ends || self.stands_still(0.0))) {
            let class = self.classes.get(class as usize).cloned().unwrap_or_else(|| class.to_string());
            Some(Collapse::OneClass { class })
        } else {
            (classes != 1 && self.stands_still(STILL) && !self.has_learned()).then_some(Collapse::NotLearning)
        }
    }

    /// What to tell the user if the verdict of an epoch is news: its hint.
    pub(super) fn news(&mut self, verdict: Option<&Collapse>) -> Option<&'static str> {
        let changed = verdict.map(Collapse::name) != self.last.as_ref().map(Collapse::name);
        self.last = verdict.cloned();
        (changed && verdict.is_some()).then_some(self.hint)
    }

    /// Whether the metric's range over the last third of the epochs is at most `tolerance` of its size.
    fn stands_still(&self, tolerance: f64) -> bool {
        let Some(start) = self.history.len().checked_sub(self.window) else { return false };
        let recent = &self.history[start..];
        let (low, high) =
            recent.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
        high - low <= tolerance * high.abs()
    }

    /// Whether the metric is better than the baseline or, if that is unknown, than after the first epoch.
    fn has_learned(&self) -> bool {
        let (Some(&first), Some(&now)) = (self.history.first(), self.history.last()) else { return true };
        let reference = self.baseline.as_ref().map_or(first, |baseline| baseline.valid);
        let margin = STILL * reference.abs();
        match self.unit {
            // A classifier that is far better from the first epoch on may find nothing left to learn.
            Unit::Text => now > reference + margin && (!self.is_frozen() || 1.0 - now < 0.5 * (1.0 - reference)),
            Unit::Word | Unit::Character => now < reference - margin && !self.is_frozen(),
        }
    }

    /// Whether the metric is the same, to the bit, in all epochs.
    fn is_frozen(&self) -> bool {
        self.history.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits())
    }
}

/// What to change in the spec.
fn hint(level: &Sparsity) -> &'static str {
    let Sparsity { name: _, weights, vocabulary, inputs, neurons, gates, output, magnitude, group_lasso } = level;
    let variational = [weights, vocabulary, inputs, neurons, gates, output].into_iter().any(|p| *p != Prior::None);
    if magnitude.is_some() {
        "too much is pruned: lower sparsity.magnitude.share, or train on more data or for more epochs"
    } else if group_lasso.is_some() {
        "the regulariser dominates: lower sparsity.group_lasso.strength, or train on more data or for more epochs"
    } else if variational {
        "the KL term dominates: lower train.kl.weight, or train on more data or for more epochs; see docs/small-data.md"
    } else {
        "nothing is pruned at this level: change train.optimizer.adam.lr, or train on more data or for more epochs"
    }
}

#[cfg(test)]
mod tests {
    use sparsegate_store::format::{KeptCount, Predictor};

    use super::*;

    fn watch(unit: Unit, epochs: u32, baseline: f64) -> CollapseWatch {
        CollapseWatch {
            unit,
            classes: if unit == Unit::Text { vec!["neg".into(), "pos".into()] } else { Vec::new() },
            baseline: Some(TrivialBaseline { predictor: Predictor::Unigram, valid: baseline, test: baseline }),
            window: epochs.div_ceil(3).max(LEAST_EPOCHS) as usize,
            hint: "do something",
            history: Vec::new(),
            empty: false,
            last: None,
        }
    }

    fn counts(neurons: u64) -> Counts {
        let part = |kept| KeptCount { kept, total: 9 };
        Counts {
            compression: 9.0,
            compression_exact: 9.0,
            embedding_weights: None,
            input_weights: part(1),
            recurrent_weights: part(1),
            output_weights: part(1),
            weights_kept_exact: 3,
            vocabulary: part(2),
            inputs: None,
            neurons: part(neurons),
            gates: Vec::new(),
        }
    }

    /// The verdicts on the epochs of a classifier, each with its accuracy and the only class that it predicts, if any.
    fn texts(epochs: u32, baseline: f64, lines: &[(f64, Option<u32>)]) -> Vec<Option<Collapse>> {
        let mut watch = watch(Unit::Text, epochs, baseline);
        let judge = |(at, (accuracy, only_class)): (usize, &(f64, Option<u32>))| {
            let valid = Evaluation { nats: 0.7, accuracy: Some(*accuracy), only_class: *only_class };
            watch.judge(&counts(1), &valid, at + 1 == epochs as usize)
        };
        lines.iter().enumerate().map(judge).collect()
    }

    fn words(epochs: u32, baseline: f64, perplexities: &[f64]) -> Vec<Option<Collapse>> {
        let mut watch = watch(Unit::Word, epochs, baseline);
        let mut judge = |perplexity: &f64| {
            let valid = Evaluation { nats: perplexity.ln(), accuracy: None, only_class: None };
            watch.judge(&counts(1), &valid, false)
        };
        perplexities.iter().map(&mut judge).collect()
    }

    fn one() -> Collapse {
        Collapse::OneClass { class: "pos".into() }
    }

    #[test]
    fn an_empty_network_is_seen_after_two_epochs_and_at_the_end() {
        let valid = Evaluation { nats: 0.7, accuracy: Some(0.9), only_class: None };
        let mut watch_one = watch(Unit::Text, 9, 0.5);
        let verdicts = [0, 1, 0, 0].map(|neurons| watch_one.judge(&counts(neurons), &valid, false));
        assert_eq!(verdicts, [None, None, None, Some(Collapse::NothingLeft)]);
        assert_eq!(watch(Unit::Text, 9, 0.5).judge(&counts(0), &valid, true), Some(Collapse::NothingLeft));
    }

    #[test]
    fn one_class_counts_after_a_third_of_the_epochs_and_at_the_end() {
        let stuck = [(0.5, Some(1)); 6];
        let found = texts(12, 0.5, &stuck);
        assert_eq!(found, [None, None, None, Some(one()), Some(one()), Some(one())]);
        // A network that only begins like this is healthy.
        assert_eq!(texts(12, 0.5, &[(0.5, Some(1)), (0.5, Some(1)), (0.6, None), (0.7, None)]), [const { None }; 4]);
        assert_eq!(texts(2, 0.5, &[(0.6, None), (0.5, Some(1))]), [None, Some(one())]);
    }

    #[test]
    fn a_metric_that_stands_still_counts_only_at_the_level_of_the_baseline() {
        let chance = [(0.517, None), (0.512, None), (0.5171, None), (0.5169, None), (0.517, None)];
        assert_eq!(texts(9, 0.517, &chance)[2..], [None, None, Some(Collapse::NotLearning)]);
        let converged = [(0.6, None), (0.76, None), (0.76, None), (0.76, None)];
        assert_eq!(texts(9, 0.517, &converged), [const { None }; 4]);
        let at_once = [(0.998, None); 4];
        assert_eq!(texts(9, 0.517, &at_once), [const { None }; 4], "nothing left to learn");
        let frozen = [(0.55, None); 4];
        assert_eq!(texts(9, 0.517, &frozen)[2], Some(Collapse::NotLearning), "never moved");
        assert_eq!(words(9, 300.0, &[310.0, 300.2, 300.0, 300.1])[3], Some(Collapse::NotLearning));
        assert_eq!(words(9, 300.0, &[310.0, 120.1, 120.0, 120.1])[3], None);
        assert_eq!(words(9, 300.0, &[120.0; 3])[2], Some(Collapse::NotLearning), "no weight moves");
    }

    #[test]
    fn news_is_told_once_and_a_resumed_run_judges_alike() {
        let mut watch = watch(Unit::Text, 3, 0.5);
        assert_eq!(watch.news(None), None);
        assert_eq!(watch.news(Some(&one())), Some("do something"));
        assert_eq!(watch.news(Some(&one())), None);
        assert_eq!(watch.news(None), None);
        assert_eq!(watch.news(Some(&Collapse::NothingLeft)), Some("do something"));
    }

    #[test]
    fn hints_fit_the_level() {
        let level = |json: &str| serde_json::from_str::<Sparsity>(json).unwrap();
        assert!(hint(&level(r#"{"name": "W", "weights": "log-uniform"}"#)).contains("train.kl.weight"));
        assert!(hint(&level(r#"{"name": "dense"}"#)).contains("adam.lr"));
        assert!(hint(&level(r#"{"name": "m", "magnitude": {"share": 0.9}}"#)).contains("sparsity.magnitude.share"));
        assert!(hint(&level(r#"{"name": "g", "group_lasso": {"strength": 1}}"#)).contains("group_lasso.strength"));
    }
}
