//! The sections of a report: tables with headings and explanations.

use super::{Page, PagePart, Section};
use crate::compare::Comparison;
use crate::drift::drifts;
use crate::figures::gate_share;
use crate::notes::notes;
use crate::paper_table;
use crate::rows::RunRow;
use crate::run_settings;
use crate::speedup::speedups;
use crate::tables;

/// Explanation of the table of results.
const RESULTS: &str = "Metrics after the last finished epoch or, of a run with train.select: best, after the one with the \
                       best validation metric; with posterior means and pruned weights. Test metric, best epoch: after \
                       the epoch with the best validation metric, whose number is in brackets. Compression is all \
                       weights over kept weights, without biases, at the epoch of the metrics; it is a dash if nothing is \
                       left. Baseline: a predictor that reads nothing and always gives the most frequent class of the \
                       training texts (majority class) or the frequencies of the symbols in the training text, each count \
                       increased by one (unigram). The paper's levels: W prunes single weights; W+Voc also whole input \
                       words; W+N also hidden units and, in classifiers, input words and dimensions of the embedding; \
                       W+G+N also preactivations of gates.";

/// Title of the section with the settings.
pub(super) const SETTINGS: &str = "Settings";

/// Explanation of the table of settings.
const SETTINGS_NOTE: &str = "By task: the sizes of the networks, and every key of the spec. A value that holds for some levels \
                             or cells only names them; several values are those of the sweep.";

/// Explanation of the table of backends; the tolerances are those of `drift`.
const BACKENDS: &str = "The same runs on several backends, with the same initial values, batches and noise: they differ only \
                        in rounding, which training amplifies. Differences are relative to the reference; that of the \
                        objective is relative to the sum of the absolute values of data loss and KL term, and that of an \
                        accuracy is absolute. Objective, data loss and gradient norm: the largest difference over the \
                        epochs. Metrics and counts: after the last common epoch. Within the tolerance: the objective of \
                        epoch 1 within 0.01 %, both metrics within 1 %. Seconds include evaluation and the compilation of \
                        kernels.";

/// Explanation of the table of points.
const OVER_SEEDS: &str = "First one row for each point, over its n finished seeds: mean ± standard deviation and, from three \
                          seeds on, [95 % interval of the mean, by Student's t]; collapsed and unfinished runs stand alone. Then one row for each \
                          run.";

/// Explanation of the table of best settings.
const BEST: &str = "For each cell and level, the setting with the best validation metric after the last epoch, as a mean over \
                    its n finished seeds, of the given number of settings that have finished. The test metric plays no \
                    part in the choice.";

/// Explanation of the table of recommendations.
const RECOMMENDED: &str = "By validation data alone, for each cell: the smallest network whose mean validation metric is behind \
                           that of the best one by at most what is allowed, one standard deviation over the seeds of the \
                           best or, with one seed, 1 % of its value. If that is a dense network, no sparse one is near \
                           enough, and the best of them by validation stands below. A dense network counts at its best \
                           epoch by validation, which flatters its validation metric, and a sparse one at its last. Test \
                           metrics played no part and are the fairer comparison.";

/// Explanation of the tables of classes.
const CLASSES: &str = "Of the pruned network on the test set, after the last epoch. Recall: the percentage of the texts of a \
                       class for which it is predicted. Macro-F1: the mean over classes of F1, the harmonic mean of \
                       precision and recall. The second table has the percentages of the texts of a class by the class \
                       predicted, of several seeds their means; `confusion.csv` has the numbers of every run.";

/// Explanation of the table of words by class.
const CLASS_WORDS: &str = "The kept words with the largest effect on each class in the compact model: log odds of the class \
                           for a text of this word alone, minus those for a text of one word that is not read, in nats. \
                           Of several seeds, the first; `class-words.csv` has all.";

/// Explanation of the table of times.
const SPEED: &str = "Microseconds per token of the forward pass: medians of samples taken in turns on one machine, with the \
                     largest number of threads measured; `speed.csv` has all measurements with their confidence \
                     intervals. Symbol by symbol: one sequence, one call per symbol; batch: whole sequences in a batch. \
                     Multiply-adds are per token and count only non-zero weights. The compact file includes the vocabulary.";

/// Explanation of the table of what runs used of their jobs.
const EFFICIENCY: &str = "Of the last process of each run that was a Slurm job: the largest resident memory of the memory \
                          given, CPU time of the time of all CPUs given, and time from the beginning of its training of \
                          the job's time limit. A run may have taken several jobs.";

impl Page<'_> {
    /// The main tables, in order: those of each part, then the comparison with the published figures.
    pub fn sections(&self) -> Vec<Section> {
        let several = self.parts.len() > 1;
        let claims = |part: &PagePart| {
            if several { published(&self.comparison.of_part(Some(&part.name)), None) } else { Vec::new() }
        };
        let of_part = |part: &PagePart| self.titled(part, [part.sections(), claims(part)].concat());
        let of_parts: Vec<Section> = self.parts.iter().flat_map(of_part).collect();
        let all = if several { self.published_across() } else { published(self.comparison, self.comparison.method()) };
        self.paper().into_iter().chain(of_parts).chain(all).collect()
    }

    /// The table of the paper, unless it would repeat the results of a single task.
    fn paper(&self) -> Option<Section> {
        let grid = Some(self.paper).filter(|table| table.is_comparison()).and_then(paper_table::grid)?;
        Some(Section::new("The table of the paper", paper_table::CAPTION, [grid]))
    }

    /// What holds for the claims of all tasks: their number by verdict, how they are tested, and claims that compare
    /// tasks.
    fn published_across(&self) -> Vec<Section> {
        let (comparison, across) = (self.comparison, self.comparison.of_part(None));
        if comparison.values.is_empty() && comparison.orders.is_empty() {
            return Vec::new();
        }
        let tally = format!("All claims of the experiment: {}.", comparison.tally());
        let grids = [tables::values(&across), tables::orders(&across)].into_iter().flatten();
        let mut section = Section::new("All tasks: Claims", tally, grids);
        section.notes.extend(comparison.method());
        vec![section]
    }

    /// Longer tables, which follow the figures, and the settings.
    pub fn details(&self) -> Vec<Section> {
        let of_parts = self.parts.iter().flat_map(|part| self.titled(part, part.details()));
        of_parts.chain([self.settings()]).collect()
    }

    /// The settings of all runs: of several parts a table, of one a paragraph.
    fn settings(&self) -> Section {
        let rows: Vec<&[RunRow]> = self.parts.iter().map(|part| part.found.rows.as_slice()).collect();
        let settings = run_settings::of(&rows);
        if self.parts.len() > 1 {
            let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
            return Section::new(SETTINGS, SETTINGS_NOTE, tables::settings(&settings, &names));
        }
        let texts = settings.iter().map(|setting| format!("`{}` {}", setting.name, setting.values[0]));
        Section::new(SETTINGS, format!("{}.", texts.collect::<Vec<_>>().join("; ")), [])
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

    /// The notes of [`notes()`] and the figures left out; the warnings come last.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = notes(self.found);
        let of_parts = self.parts.iter().flat_map(|part| &part.skipped);
        let of_parts = of_parts.map(|(name, reason)| (name.as_str(), reason.as_str()));
        let shares = self.shares.and_then(|shares| Some((gate_share::NAME, shares.skipped.as_deref()?)));
        let skipped = of_parts.chain(shares).map(|(name, reason)| format!("Figure {name} is left out: {reason}."));
        let at = notes.len() - self.found.warnings.len();
        notes.splice(at..at, skipped);
        notes
    }
}

/// A comparison with the published figures, and how its claims are tested.
fn published(comparison: &Comparison, method: Option<String>) -> Vec<Section> {
    let claims = [tables::values(comparison), tables::orders(comparison)];
    let claimed = claims.iter().any(Option::is_some);
    let single = "Within noise: outside the tolerance, or the order violated, by no more than the noise. The noise of a \
                  run is 2 s, with the standard deviation s over the seeds of its point or, with one seed, of its last ten \
                  epochs around the straight line through them; of an ordering, the root of the sum of squares of both \
                  sides.";
    // Claims that are tested over seeds are judged by the test, which `method` explains.
    let tally = match (comparison.method(), comparison.has_single()) {
        (None, _) => format!("{}. {single}", comparison.tally()),
        (_, true) => format!("{}. For a claim about single runs (without n): {single}", comparison.tally()),
        (_, false) => format!("{}.", comparison.tally()),
    };
    let claims = claimed.then(|| {
        let mut section = Section::new("Claims", tally, claims.into_iter().flatten());
        section.notes.extend(method);
        section
    });
    let epochs = tables::epochs(comparison).map(|grid| {
        Section::new(
            "At equal epochs",
            "Our runs after their last finished epoch, next to the authors' run of the same level after the same number \
             of epochs, from their logs. One seed each.",
            [grid],
        )
    });
    [claims, epochs].into_iter().flatten().collect()
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
        let recommended = tables::recommended(rows).map(|grid| Section::new("Recommended", RECOMMENDED, [grid]));
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
        let classes = tables::classes(rows)
            .map(|grid| Section::new("By class", CLASSES, std::iter::once(grid).chain(tables::confusion(rows))));
        let backends = tables::backends(&drifts(rows)).map(|grid| Section::new("Backends", BACKENDS, [grid]));
        std::iter::once(results)
            .chain([recommended, best, classes, backends, weight_counts, ground_truth, speed].into_iter().flatten())
            .collect()
    }

    /// Longer tables, which follow the figures.
    fn details(&self) -> Vec<Section> {
        let rows = &self.found.rows;
        let patterns = tables::patterns(rows).map(|grid| {
            Section::new(
                "Which gates are constant",
                "Kept hidden units, grouped by which of their gates depend on the input or the state, with the values of \
                 the constant gates after their activation: a gate at 0 is closed, at 1 open. Of more than 60 runs a \
                 sample; `gate-structure.csv` has all.",
                [grid],
            )
        });
        let words = tables::words(rows).map(|grid| {
            Section::new(
                "Kept words by strength",
                "Strength: the Euclidean norm of a word's kept weights times the absolute value of its group \
                 variable. Of more than 12 runs a sample.",
                [grid],
            )
        });
        let class_words =
            tables::class_words(rows).map(|grid| Section::new("Kept words by class", CLASS_WORDS, [grid]));
        let efficiency = tables::efficiency(rows).map(|grid| Section::new("Use of the cluster", EFFICIENCY, [grid]));
        [patterns, class_words, words, efficiency].into_iter().flatten().collect()
    }
}
