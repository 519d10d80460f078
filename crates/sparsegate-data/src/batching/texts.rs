//! Labelled texts as mini-batches.

use super::super::DataError;
use super::super::corpus::Texts;
use super::super::draws::Draws;
use sparsegate_core::{Batch, BatchSource};
use sparsegate_spec::types::TrainSpec;

/// `batch` texts at a time; the last batch may be smaller.
///
/// The layout equals padding on the left: texts end together, and a short one starts later. Texts of a batch are sorted
/// by length in descending order, with ties in the order of the pass.
#[derive(Debug)]
pub(super) struct Labelled<'a> {
    texts: &'a Texts,
    /// The text at each position of the pass; empty for the stored order.
    order: Vec<u32>,
    batch: usize,
}

impl<'a> Labelled<'a> {
    /// For evaluation: the stored order.
    pub(super) fn in_order(texts: &'a Texts, train: &TrainSpec) -> Result<Self, DataError> {
        Self::check(train)?;
        Ok(Self { texts, order: Vec::new(), batch: train.batch })
    }

    /// Refuses a batch size of zero.
    pub(super) fn check(train: &TrainSpec) -> Result<(), DataError> {
        if train.batch == 0 { Err(DataError::ZeroSize { key: "batch" }) } else { Ok(()) }
    }

    /// For training: a random order for each epoch.
    pub(super) fn shuffled(texts: &'a Texts, train: &TrainSpec, seed: u64, epoch: u32) -> Result<Self, DataError> {
        let mut draws = Draws::new("sparsegate 2026 order of an epoch's texts", &[seed, u64::from(epoch)]);
        let order = draws.order(texts.len() as u32);
        Ok(Self { order, ..Self::in_order(texts, train)? })
    }
}

impl BatchSource for Labelled<'_> {
    fn len(&self) -> usize {
        self.texts.len().div_ceil(self.batch)
    }

    fn batch(&self, index: usize) -> Batch {
        let first = index * self.batch;
        let rows = self.batch.min(self.texts.len() - first);
        let text = |place: usize| self.order.get(place).map_or(place, |&text| text as usize);
        let mut chosen: Vec<usize> = (first..first + rows).map(text).collect();
        chosen.sort_by_key(|&text| std::cmp::Reverse(self.texts.text(text).len()));
        let texts: Vec<&[u32]> = chosen.iter().map(|&text| self.texts.text(text)).collect();
        let steps = texts.first().map_or(0, |longest| longest.len());
        let mut active = Vec::with_capacity(steps);
        let mut inputs = Vec::with_capacity(texts.iter().map(|text| text.len()).sum());
        for step in 0..steps {
            // Number of remaining steps, including this one: a text is active if it is at least this long.
            let left = steps - step;
            let under_way = texts.partition_point(|text| text.len() >= left);
            inputs.extend(texts[..under_way].iter().map(|text| text[text.len() - left]));
            active.push(under_way);
        }
        let targets = chosen.iter().map(|&text| self.texts.label(text)).collect();
        Batch { rows, active, inputs, targets }
    }

    fn targets(&self) -> usize {
        self.texts.len()
    }

    fn carries_state(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::spec;
    use super::*;

    fn texts() -> Texts {
        let mut texts = Texts::new();
        texts.push(&[1, 2], 0);
        texts.push(&[3, 4, 5, 6], 1);
        texts.push(&[7], 2);
        texts.push(&[8, 9], 3);
        texts
    }

    #[test]
    fn short_texts_start_late_and_all_end_together() {
        let texts = texts();
        let source = Labelled::in_order(&texts, &spec(3, 1, false)).unwrap();
        assert_eq!((source.len(), source.targets(), source.carries_state()), (2, 4, false));
        let batch = source.batch(0);
        assert_eq!((batch.rows, batch.steps()), (3, 4));
        assert_eq!(batch.active, [1, 1, 2, 3]);
        assert_eq!(batch.inputs, [3, 4, 5, 1, 6, 2, 7]);
        assert_eq!(batch.targets, [1, 0, 2]);
        let last = source.batch(1);
        assert_eq!((last.rows, last.active, last.inputs, last.targets), (1, vec![1, 1], vec![8, 9], vec![3]));
    }

    #[test]
    fn training_has_each_text_once_in_an_order_of_its_own() {
        let mut texts = Texts::new();
        (0..1000).for_each(|id| texts.push(&[id], id));
        let train = spec(64, 1, false);
        let labels = |seed, epoch| -> Vec<u32> {
            let source = Labelled::shuffled(&texts, &train, seed, epoch).unwrap();
            (0..source.len()).flat_map(|index| source.batch(index).targets).collect()
        };
        let (first, second) = (labels(1, 0), labels(1, 1));
        assert_eq!(first, labels(1, 0));
        assert_ne!(first, second);
        assert_ne!(first, labels(2, 0));
        let mut sorted = second;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
    }
}
