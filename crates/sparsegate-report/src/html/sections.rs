//! The tables of a report with their headings, and what the reader has to know besides.

use super::{Page, Section};
use crate::drift::drifts;
use crate::notes::notes;
use crate::speedups::speedups;
use crate::tables;

/// What the reader has to know about the table of backends; the numbers are those of `drift`.
const BACKENDS: &str = "The same runs on several backends, from the same initial values, batches and noise: what differs is \
                        rounding, which training magnifies. Differences are relative to the reference, those of the \
                        objective to the size of data loss and penalty together, those of an accuracy as shares. Over epochs, \
                        the largest; metrics and counts after the last. Within the tolerance: the objective of epoch 1 \
                        within 0.01 %, both metrics within 1 %. Seconds include evaluation and the compilation of kernels.";

/// What the reader has to know about the table of times.
const SPEED: &str = "Microseconds a token of the forward pass, the median of samples taken in turns on one machine, on as many \
                     threads as were measured; `speed.csv` has all of them with their intervals. Symbol by symbol: one \
                     sequence, a call a symbol; batch: whole sequences side by side. Multiply-adds a token are those with \
                     weights that are not zero. The file holds the words too.";

impl Page<'_> {
    /// The tables that matter most, in order.
    pub fn sections(&self) -> Vec<Section> {
        let rows = &self.found.rows;
        let results = Section::new(
            "Results",
            "Metrics with means and pruned weights, after the last finished epoch. Compression is all weights over kept \
             weights, biases not counted.",
            [tables::results(rows)],
        );
        let counting = tables::counting(rows).map(|grid| {
            Section::new(
                "Two ways of counting",
                "The authors' count keeps the weights that feed a gate which its group variable has switched off; \
                 without them the same networks are smaller.",
                [grid],
            )
        });
        let claims = [tables::values(self.comparison), tables::orders(self.comparison)];
        let claimed = claims.iter().any(Option::is_some);
        let tally = format!(
            "{}. Within noise: outside the tolerance, or the order violated, by no more than run-to-run noise, where that \
             could be estimated.",
            self.comparison.tally()
        );
        let claims =
            claimed.then(|| Section::new("Against the published figures", tally, claims.into_iter().flatten()));
        let epochs = tables::epochs(self.comparison).map(|grid| {
            Section::new(
                "At equal epochs",
                "Ours after its last finished epoch beside the authors' run of the same level after as many, from their \
                 logs. One seed against one seed.",
                [grid],
            )
        });
        let planted = tables::planted(rows).map(|grid| {
            Section::new(
                "What the vocabulary kept",
                "In generated data it is known which symbols carry information about what is predicted. Precision: the \
                 share of the kept symbols that do. Recall: the share of those that are kept.",
                [grid],
            )
        });
        let speed = tables::speed(&speedups(rows)).map(|grid| Section::new("Speed of the forward pass", SPEED, [grid]));
        let backends = tables::backends(&drifts(rows)).map(|grid| Section::new("Backends", BACKENDS, [grid]));
        std::iter::once(results)
            .chain([backends, counting, planted, speed, claims, epochs].into_iter().flatten())
            .collect()
    }

    /// Longer tables, which follow the figures.
    pub fn details(&self) -> Vec<Section> {
        let rows = &self.found.rows;
        let patterns = tables::patterns(rows).map(|grid| {
            Section::new(
                "Which gates are constant",
                "Kept hidden units by which of their gates still depend on the input or the state, and where the others \
                 stand, after their activation: a gate at 0 is closed, at 1 open.",
                [grid],
            )
        });
        let words = tables::words(rows).map(|grid| {
            Section::new(
                "Kept words by strength",
                "Strength: the Euclidean norm of what is kept of a word's weights times the magnitude of its factor.",
                [grid],
            )
        });
        [patterns, words].into_iter().flatten().collect()
    }

    /// What the reader has to know besides: what [`notes`] says, and figures left out.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = notes(self.found);
        let skipped = self.skipped.iter().map(|(name, reason)| format!("Figure {name} is left out: {reason}."));
        let at = notes.len() - self.found.warnings.len();
        notes.splice(at..at, skipped);
        notes
    }
}
