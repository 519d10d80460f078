//! The sections of a report: tables with headings and explanations.

use super::{Page, PagePart, Section};
use crate::drift::drifts;
use crate::notes::notes;
use crate::speedup::speedups;
use crate::tables;

/// Explanation of the table of results.
const RESULTS: &str = "Metrics after the last finished epoch, with posterior means and pruned weights; test metric, best \
                       epoch: after the epoch with the best validation metric, whose number is in brackets. Compression \
                       is all weights over kept weights after the last epoch, without biases; it is a dash if nothing is \
                       left. Baseline: a predictor that reads nothing and always gives the most frequent class of the \
                       training texts (majority class) or the frequencies of the symbols in the training text, each count \
                       increased by one (unigram).";

/// Explanation of the table of backends; the tolerances are those of `drift`.
const BACKENDS: &str = "The same runs on several backends, with the same initial values, batches and noise: they differ only \
                        in rounding, which training amplifies. Differences are relative to the reference; that of the \
                        objective is relative to the sum of the absolute values of data loss and KL term, and that of an \
                        accuracy is absolute. Objective, data loss and gradient norm: the largest difference over the \
                        epochs. Metrics and counts: after the last common epoch. Within the tolerance: the objective of \
                        epoch 1 within 0.01 %, both metrics within 1 %. Seconds include evaluation and the compilation of \
                        kernels.";

/// Explanation of the table of points.
const OVER_SEEDS: &str = "First one row for each point, over its n finished seeds: mean ± standard deviation [95 % interval of \
                          the mean, by Student's t]; collapsed and unfinished runs stand alone. Then one row for each \
                          run.";

/// Explanation of the table of best settings.
const BEST: &str = "For each cell and level, the setting with the best validation metric after the last epoch, as a mean over \
                    its n finished seeds, of the given number of settings that have finished. The test metric plays no \
                    part in the choice.";

/// Explanation of the table of times.
const SPEED: &str = "Microseconds per token of the forward pass: medians of samples taken in turns on one machine, with the \
                     largest number of threads measured; `speed.csv` has all measurements with their confidence \
                     intervals. Symbol by symbol: one sequence, one call per symbol; batch: whole sequences in a batch. \
                     Multiply-adds are per token and count only non-zero weights. The compact file includes the vocabulary.";

impl Page<'_> {
    /// The main tables, in order: those of each part, then the comparison with the published figures.
    pub fn sections(&self) -> Vec<Section> {
        let of_parts = self.parts.iter().flat_map(|part| self.titled(part, part.sections()));
        of_parts.chain(self.published()).collect()
    }

    /// Longer tables, which follow the figures.
    pub fn details(&self) -> Vec<Section> {
        self.parts.iter().flat_map(|part| self.titled(part, part.details())).collect()
    }

    /// The sections of a part, with its name in their titles if there are several parts.
    fn titled(&self, part: &PagePart, mut sections: Vec<Section>) -> Vec<Section> {
        if self.parts.len() > 1 {
            for section in &mut sections {
                section.title = format!("{}: {}", part.name, section.title);
            }
        }
        sections
    }

    /// The comparison with the published figures.
    fn published(&self) -> Vec<Section> {
        let claims = [tables::values(self.comparison), tables::orders(self.comparison)];
        let claimed = claims.iter().any(Option::is_some);
        let tally = format!(
            "{}. Within noise: outside the tolerance, or the order violated, by no more than the noise between runs or \
             epochs, if it could be estimated.",
            self.comparison.tally()
        );
        let claims = claimed.then(|| {
            let mut section = Section::new("Against the published figures", tally, claims.into_iter().flatten());
            section.notes.extend(self.comparison.method());
            section
        });
        let epochs = tables::epochs(self.comparison).map(|grid| {
            Section::new(
                "At equal epochs",
                "Our runs after their last finished epoch, next to the authors' run of the same level after the same \
                 number of epochs, from their logs. One seed each.",
                [grid],
            )
        });
        [claims, epochs].into_iter().flatten().collect()
    }

    /// The notes of [`notes()`] and the figures left out; the warnings come last.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = notes(self.found);
        let skipped = self.parts.iter().flat_map(|part| &part.skipped);
        let skipped = skipped.map(|(name, reason)| format!("Figure {name} is left out: {reason}."));
        let at = notes.len() - self.found.warnings.len();
        notes.splice(at..at, skipped);
        notes
    }
}

impl PagePart {
    /// The main tables, in order.
    fn sections(&self) -> Vec<Section> {
        let rows = &self.found.rows;
        let over_seeds = tables::over_seeds(rows);
        let pooled = over_seeds.is_some();
        let mut results = Section::new("Results", RESULTS, over_seeds.into_iter().chain([tables::results(rows)]));
        if pooled {
            results.notes.push(OVER_SEEDS.to_owned());
        }
        let best = tables::best(&self.dataset, &self.found).map(|grid| Section::new("Best settings", BEST, [grid]));
        let weight_counts = tables::weight_counts(rows).map(|grid| {
            Section::new(
                "Two ways of counting",
                "The authors' count includes the weights that feed gates pruned by their group variable; without them \
                 the same networks are smaller.",
                [grid],
            )
        });
        let ground_truth = tables::ground_truth(rows).map(|grid| {
            Section::new(
                "Kept vocabulary against the ground truth",
                "In synthetic data the symbols that carry information about the target are known. Precision: the \
                 fraction of the kept symbols that are informative. Recall: the fraction of the informative symbols \
                 that are kept.",
                [grid],
            )
        });
        let speed = tables::speed(&speedups(rows)).map(|grid| Section::new("Speed of the forward pass", SPEED, [grid]));
        let backends = tables::backends(&drifts(rows)).map(|grid| Section::new("Backends", BACKENDS, [grid]));
        std::iter::once(results)
            .chain([best, backends, weight_counts, ground_truth, speed].into_iter().flatten())
            .collect()
    }

    /// Longer tables, which follow the figures.
    fn details(&self) -> Vec<Section> {
        let rows = &self.found.rows;
        let patterns = tables::patterns(rows).map(|grid| {
            Section::new(
                "Which gates are constant",
                "Kept hidden units, grouped by which of their gates depend on the input or the state, with the values of \
                 the constant gates after their activation: a gate at 0 is closed, at 1 open.",
                [grid],
            )
        });
        let words = tables::words(rows).map(|grid| {
            Section::new(
                "Kept words by strength",
                "Strength: the Euclidean norm of a word's kept weights times the absolute value of its group variable.",
                [grid],
            )
        });
        [patterns, words].into_iter().flatten().collect()
    }
}
