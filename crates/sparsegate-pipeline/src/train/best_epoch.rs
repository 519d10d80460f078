//! The best epoch so far by the validation metric, for `train.select: best` and `train.early_stop`.
//!
//! It is a function of the lines of `metrics.jsonl`, so a resumed run finds the same epochs.

use sparsegate_data::Unit;
use sparsegate_store::format::EpochMetrics;

/// Compares the epochs of a run in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BestEpoch {
    unit: Unit,
    /// Epochs count if they began after this step, when the objective had reached its final form.
    settled: u64,
    /// Steps done before the next epoch.
    steps: u64,
    selected: Option<EpochMetrics>,
    /// The first epoch with the best metric.
    first: Option<u32>,
    without_progress: u32,
}

impl BestEpoch {
    /// Before the first epoch. Epochs that begin before step `settled` is done are not compared: with a small KL weight
    /// or before pruning a network is closer to the dense one, and would win.
    pub(super) fn new(unit: Unit, settled: u64) -> Self {
        Self { unit, settled, steps: 0, selected: None, first: None, without_progress: 0 }
    }

    /// Compares the next epoch. Returns whether it is selected: it is at least as good as all before.
    pub(super) fn add(&mut self, line: &EpochMetrics) -> bool {
        let counts = self.steps >= self.settled;
        self.steps = line.step;
        if !counts {
            return false;
        }
        let before = self.selected.as_ref().map(|best| best.valid);
        let better = before.is_none_or(|before| self.is_better(line.valid, before));
        if better {
            self.first = Some(line.epoch);
            self.without_progress = 0;
        } else {
            self.without_progress += 1;
        }
        let selected = !before.is_some_and(|before| self.is_better(before, line.valid));
        if selected {
            self.selected = Some(line.clone());
        }
        selected
    }

    /// The selected epoch: the best one, the last of them in a tie. `None` if no epoch was compared.
    pub(super) fn selected(&self) -> Option<&EpochMetrics> {
        self.selected.as_ref()
    }

    /// The first epoch with the best metric.
    pub(super) fn first(&self) -> Option<u32> {
        self.first
    }

    /// Epochs compared since then.
    pub(super) fn without_progress(&self) -> u32 {
        self.without_progress
    }

    fn is_better(&self, a: f64, b: f64) -> bool {
        if self.unit.evaluation_metric().higher_is_better() { a > b } else { a < b }
    }
}

#[cfg(test)]
mod tests {
    use sparsegate_store::format::{Counts, KeptCount};

    use super::*;

    fn line(epoch: u32, valid: f64) -> EpochMetrics {
        let kept = KeptCount { kept: 1, total: 1 };
        let counts = Counts {
            compression: 1.0,
            compression_exact: 1.0,
            embedding_weights: None,
            input_weights: kept,
            recurrent_weights: kept,
            output_weights: kept,
            weights_kept_exact: 1,
            vocabulary: kept,
            inputs: None,
            neurons: kept,
            gates: Vec::new(),
        };
        let step = u64::from(epoch) * 10;
        EpochMetrics {
            epoch,
            step,
            train_objective: 1.0,
            train_loss: 1.0,
            gradient_norm: 1.0,
            valid,
            test: 1.0,
            counts,
            trained_share: None,
            collapse: None,
        }
    }

    /// Selected epoch, first best epoch and epochs without progress after epochs with these metrics.
    fn after(unit: Unit, settled: u64, valid: &[f64]) -> (Option<u32>, Option<u32>, u32) {
        let mut best = BestEpoch::new(unit, settled);
        for (epoch, valid) in (1..).zip(valid) {
            best.add(&line(epoch, *valid));
        }
        (best.selected().map(|line| line.epoch), best.first(), best.without_progress())
    }

    #[test]
    fn lower_is_better_except_for_accuracies() {
        assert_eq!(after(Unit::Word, 0, &[5.0, 3.0, 4.0]), (Some(2), Some(2), 1));
        assert_eq!(after(Unit::Character, 0, &[5.0, 3.0, 4.0]), (Some(2), Some(2), 1));
        assert_eq!(after(Unit::Text, 0, &[0.5, 0.3, 0.4]), (Some(1), Some(1), 2));
    }

    #[test]
    fn a_tie_selects_the_later_epoch_but_is_no_progress() {
        assert_eq!(after(Unit::Word, 0, &[3.0, 4.0, 3.0]), (Some(3), Some(1), 2));
    }

    #[test]
    fn epochs_that_began_before_the_objective_settled_do_not_count() {
        // Epochs of ten steps: epoch 2 begins after step 10, epoch 3 after step 20.
        assert_eq!(after(Unit::Word, 20, &[1.0, 2.0, 4.0, 3.0, 5.0]), (Some(4), Some(4), 1));
        assert_eq!(after(Unit::Word, 11, &[1.0, 2.0, 4.0]), (Some(3), Some(3), 0));
        assert_eq!(after(Unit::Word, 30, &[1.0, 2.0, 4.0]), (None, None, 0));
    }
}
