//! The trivial baseline of a data set: the metric of a predictor that knows the training frequencies and reads nothing.

use sparsegate_core::{BatchSource, Evaluation};
use sparsegate_data::{Corpus, Parts, Unit};
use sparsegate_store::format::{Predictor, TrivialBaseline};

/// The baseline of `corpus`, on the targets of the `valid` and `test` batches, which are those that a run is evaluated
/// on. `None` for data without training symbols or texts.
///
/// - Classifier: the accuracy of the most frequent class of the training texts; of several, the first one.
/// - Language model: the perplexity or the bits per character of the unigram model p(w) = (c(w) + 1) / (N + V), where w
///   occurs c(w) times among the N symbols of the training stream, and V is the size of the vocabulary (add-one
///   smoothing, which makes p positive for symbols that occur only in the evaluation data).
#[must_use]
pub fn baseline(corpus: &Corpus, valid: &dyn BatchSource, test: &dyn BatchSource) -> Option<TrivialBaseline> {
    match &corpus.parts {
        Parts::Texts { classes, train, .. } => {
            let counts = frequencies(classes.len(), train.labels());
            let class = (0..counts.len()).rev().max_by_key(|class| counts[*class])?;
            let share = |source| {
                let found = target_frequencies(classes.len(), source);
                found[class] as f64 / found.iter().sum::<u64>().max(1) as f64
            };
            let predictor = Predictor::MajorityClass { class: classes[class].clone() };
            Some(TrivialBaseline { predictor, valid: share(valid), test: share(test) })
        }
        Parts::Streams { train, .. } if !train.is_empty() => {
            let counts = frequencies(corpus.vocabulary.len(), train);
            let metric = |source| unigram(&counts, corpus.unit, &target_frequencies(counts.len(), source));
            Some(TrivialBaseline { predictor: Predictor::Unigram, valid: metric(valid), test: metric(test) })
        }
        Parts::Streams { .. } => None,
    }
}

/// The metric of the unigram model with the training counts `counts` on targets with the frequencies `targets`.
fn unigram(counts: &[u64], unit: Unit, targets: &[u64]) -> f64 {
    let all = (counts.iter().sum::<u64>() + counts.len() as u64) as f64;
    let nats: f64 =
        counts.iter().zip(targets).map(|(&count, &times)| times as f64 * (all.ln() - (count as f64 + 1.0).ln())).sum();
    let nats = nats / targets.iter().sum::<u64>().max(1) as f64;
    unit.value(&Evaluation { nats, accuracy: None, only_class: None })
}

/// How often each of `size` ids occurs.
fn frequencies(size: usize, ids: &[u32]) -> Vec<u64> {
    let mut counts = vec![0; size];
    count(&mut counts, ids);
    counts
}

/// How often each of `size` ids is a target.
fn target_frequencies(size: usize, source: &dyn BatchSource) -> Vec<u64> {
    let mut counts = vec![0; size];
    for index in 0..source.len() {
        count(&mut counts, &source.batch(index).targets);
    }
    counts
}

fn count(counts: &mut [u64], ids: &[u32]) {
    for id in ids {
        if let Some(count) = counts.get_mut(*id as usize) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use sparsegate_core::Batch;
    use sparsegate_data::Texts;

    use super::*;

    /// Targets in one batch.
    struct Targets(Vec<u32>);

    impl BatchSource for Targets {
        fn len(&self) -> usize {
            1
        }
        fn batch(&self, _: usize) -> Batch {
            Batch::even(self.0.len(), self.0.clone(), self.0.clone())
        }
        fn targets(&self) -> usize {
            self.0.len()
        }
        fn carries_state(&self) -> bool {
            false
        }
    }

    fn corpus(unit: Unit, parts: Parts) -> Corpus {
        let vocabulary = ["a", "b", "c"].map(str::to_owned).to_vec();
        Corpus { name: "x".into(), hash: String::new(), unit, vocabulary, informative: None, parts }
    }

    #[test]
    fn the_majority_is_that_of_the_training_texts() {
        let texts = |labels: &[u32]| {
            let mut texts = Texts::new();
            for label in labels {
                texts.push(&[0], *label);
            }
            texts
        };
        let classes = ["neg", "pos", "other"].map(str::to_owned).to_vec();
        let (train, valid, test) = (texts(&[2, 1, 1, 2, 0]), texts(&[1, 2]), texts(&[0]));
        let corpus = corpus(Unit::Text, Parts::Texts { classes, train, valid, test });
        // `pos` and `other` are equally frequent; the first one is taken.
        let found = baseline(&corpus, &Targets(vec![1, 2, 2, 1, 1]), &Targets(vec![0, 1])).unwrap();
        assert_eq!(found.predictor, Predictor::MajorityClass { class: "pos".into() });
        assert_eq!((found.valid, found.test), (0.6, 0.5));
    }

    #[test]
    fn the_unigram_model_is_smoothed_by_one() {
        let stream = |ids: &[u32]| ids.to_vec();
        let parts = Parts::Streams { train: stream(&[0, 0, 0, 1]), valid: stream(&[]), test: stream(&[]) };
        // p = (3 + 1) / 7, (1 + 1) / 7, (0 + 1) / 7.
        let words = corpus(Unit::Word, parts.clone());
        let found = baseline(&words, &Targets(vec![0, 2]), &Targets(vec![1])).unwrap();
        assert_eq!(found.predictor, Predictor::Unigram);
        assert!((found.valid - (7.0_f64 / 4.0 * 7.0).sqrt()).abs() < 1e-12, "{}", found.valid);
        assert!((found.test - 3.5).abs() < 1e-12, "{}", found.test);
        let characters = corpus(Unit::Character, parts);
        let found = baseline(&characters, &Targets(vec![0]), &Targets(vec![1])).unwrap();
        assert!((found.test - 3.5_f64.log2()).abs() < 1e-12, "{}", found.test);
    }
}
