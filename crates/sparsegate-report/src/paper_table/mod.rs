//! The table of the paper: for each task and level quality, compression and what is left of the network, our mean and
//! standard deviation over seeds beside the authors' value.
//!
//! | file | content |
//! |---|---|
//! | `text` | as a table of text, for the page and as Markdown |
//! | `frame` | as a frame, for CSV |
//! | `latex` | as a LaTeX table |

mod frame;
mod latex;
mod text;

pub use frame::frame;
pub use latex::latex;
pub use text::grid;

use std::collections::BTreeMap;

use super::authors::{Authors, AuthorsEpoch};
use super::decimals::Decimals;
use super::metric;
use super::points::{self, Point};
use super::rows::RunRow;
use super::sample::Sample;
use sparsegate_core::EvaluationMetric;
use sparsegate_store::format::EpochMetrics;

/// What the table says about its numbers.
pub const CAPTION: &str = "Quality on the test set, compression (all weights over kept weights, without biases), and what is \
                           kept: input symbols, dimensions of the embedding, hidden units, and gates that are not \
                           constant. Ours over several seeds: mean ± standard deviation of n runs. A dense network is \
                           shown at the epoch with its best validation metric, a sparse one at its last, as in the \
                           paper. Theirs: from the authors' logs.";

/// A column of the table: one value of ours and one of the authors'.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    /// Header.
    pub title: &'static str,
    /// Name in the CSV file, where it gets the suffixes `_mean`, `_sd` and `_authors`.
    pub column: &'static str,
    ours: fn(&EpochMetrics) -> Option<f64>,
    theirs: fn(&AuthorsEpoch) -> Option<f64>,
}

/// All columns, in order.
const QUANTITIES: [Quantity; 6] = [
    Quantity { title: "quality", column: "test", ours: |line| Some(line.test), theirs: |point| Some(point.test) },
    Quantity {
        title: "compression",
        column: "compression",
        ours: |line| line.counts.compression_ratio(),
        theirs: |point| Some(point.compression),
    },
    Quantity {
        title: "vocabulary",
        column: "vocabulary_kept",
        ours: |line| Some(line.counts.vocabulary.kept as f64),
        theirs: |point| Some(point.vocabulary as f64),
    },
    Quantity {
        title: "embedding",
        column: "inputs_kept",
        ours: |line| line.counts.inputs.map(|inputs| inputs.kept as f64),
        theirs: |point| point.inputs.map(|(kept, _)| kept as f64),
    },
    Quantity {
        title: "hidden units",
        column: "neurons_kept",
        ours: |line| Some(line.counts.neurons.kept as f64),
        theirs: |point| Some(point.neurons as f64),
    },
    Quantity {
        title: "gates",
        column: "gates_kept",
        ours: |line| Some(metric::gates_kept(line) as f64),
        theirs: |point| Some(point.gates as f64),
    },
];

/// Our statistics of a quantity and the authors' value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Ours; `None` if a run does not have it.
    pub ours: Option<Sample>,
    /// The authors'; `None` if they have no comparable run, or did not log it.
    pub theirs: Option<f64>,
}

/// A row: one point of a task.
#[derive(Debug, Clone)]
pub struct PaperRow<'a> {
    /// Name of the task, or of the data set.
    pub task: String,
    /// The point.
    pub point: Point<'a>,
    /// One pair for each column of the table.
    pub pairs: Vec<Pair>,
}

impl PaperRow<'_> {
    /// The metric.
    pub fn metric(&self) -> Option<EvaluationMetric> {
        self.point.first().metric
    }

    /// The level with whatever else varies besides cell and seed, and the state unless it is `done`.
    pub fn level(&self) -> String {
        let first = self.point.first();
        let (name, state) = (first.in_cell(&first.point), first.state_text());
        if state == "done" { name } else { format!("{name} ({state})") }
    }

    /// Number of runs with a finished epoch.
    pub fn n(&self) -> usize {
        self.point.runs.iter().filter(|row| row.last().is_some()).count()
    }
}

/// The table.
#[derive(Debug, Clone)]
pub struct PaperTable<'a> {
    /// Its columns: those that any row has a value of.
    pub quantities: Vec<Quantity>,
    /// Its rows, grouped by task.
    pub rows: Vec<PaperRow<'a>>,
    /// Whether any run is comparable with one of the authors'.
    pub has_authors: bool,
    /// Whether runs of several cells are in it.
    pub has_cells: bool,
}

impl<'a> PaperTable<'a> {
    /// The table of an experiment's parts, each with its name and its runs. Levels that only the authors trained are
    /// not in it.
    pub fn of(parts: &[(&str, &'a [RunRow])], authors: &Authors) -> Self {
        let mut rows: Vec<PaperRow<'a>> = Vec::new();
        for (task, runs) in parts {
            for point in points::of(*runs) {
                let theirs = theirs(&point, authors);
                let pair = |quantity: &Quantity| Pair {
                    ours: point.sample(|row| row.quoted().and_then(quantity.ours)),
                    theirs: theirs.and_then(quantity.theirs),
                };
                let pairs = QUANTITIES.iter().map(pair).collect();
                rows.push(PaperRow { task: (*task).to_owned(), point, pairs });
            }
        }
        let has_value =
            |index: usize| rows.iter().any(|row| row.pairs[index].ours.is_some() || row.pairs[index].theirs.is_some());
        let shown: Vec<usize> = (0..QUANTITIES.len()).filter(|index| has_value(*index)).collect();
        let first_cell = rows.first().map(|row| row.point.first().cell());
        let has_cells = rows.iter().any(|row| Some(row.point.first().cell()) != first_cell);
        for row in &mut rows {
            row.pairs = shown.iter().map(|index| row.pairs[*index]).collect();
        }
        let has_authors = rows.iter().any(|row| row.pairs.iter().any(|pair| pair.theirs.is_some()));
        Self { quantities: shown.iter().map(|index| QUANTITIES[*index]).collect(), rows, has_authors, has_cells }
    }

    /// The decimals of each column for each task: those of different tasks have different metrics and sizes.
    fn decimals(&self) -> BTreeMap<&str, Vec<Decimals>> {
        let mut tasks: BTreeMap<&str, Vec<&PaperRow<'_>>> = BTreeMap::new();
        for row in &self.rows {
            tasks.entry(&row.task).or_default().push(row);
        }
        let of = |rows: &[&PaperRow<'_>], index: usize| {
            let factor = |row: &PaperRow<'_>| {
                metric::on_axis(row.metric().filter(|_| self.quantities[index].column == "test"), 1.0)
            };
            let ours = |row: &&PaperRow<'_>| Some(row.pairs[index].ours?.times(factor(row)));
            Decimals::of(&rows.iter().filter_map(ours).collect::<Vec<Sample>>())
        };
        let columns = 0..self.quantities.len();
        tasks.into_iter().map(|(task, rows)| (task, columns.clone().map(|index| of(&rows, index)).collect())).collect()
    }

    /// Whether the table says more than the tables of results: it has several tasks, or the authors' values.
    pub fn is_comparison(&self) -> bool {
        self.has_authors || self.rows.iter().any(|row| row.task != self.rows[0].task)
    }
}

/// The epoch of the authors' run at the point's level that the paper quotes: the best one of a dense run by validation,
/// the last one of a sparse run.
fn theirs<'b>(point: &Point<'_>, authors: &'b Authors) -> Option<&'b AuthorsEpoch> {
    let row = point.first();
    let logs = authors.comparable(&row.spec)?;
    let best = if row.is_sparse() { None } else { logs.best_epoch(row.level()) };
    best.or_else(|| logs.last_epoch(row.level()))
}

#[cfg(test)]
mod tests;
