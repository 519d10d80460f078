//! The tables that people read, as cells of text; Markdown, HTML and the terminal render the same ones.

use super::compare::{Comparison, difference};
use super::metric::{gates_kept, gates_total};
use super::number::{count, published, ratio, seconds, value};
use super::rows::{Row, State};

/// A table of texts. Every row has as many cells as there are columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Heads of the columns.
    pub columns: Vec<Head>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

/// Head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its text.
    pub text: String,
    /// Whether its cells are numbers, which are set flush right.
    pub numeric: bool,
}

impl Grid {
    fn new(words: &[&str], numbers: &[&str]) -> Self {
        let head = |numeric| move |text: &&str| Head { text: (*text).to_owned(), numeric };
        Self {
            columns: words.iter().map(head(false)).chain(numbers.iter().map(head(true))).collect(),
            rows: Vec::new(),
        }
    }
}

fn of(kept: u64, total: u64) -> String {
    format!("{} of {}", count(kept), count(total))
}

/// The runs with their main figures.
pub fn results(rows: &[Row]) -> Grid {
    let metric = rows.iter().find_map(|row| row.metric.as_deref()).map(metric_name);
    let (valid, test) = (
        metric.map_or_else(|| "valid".into(), |name| format!("valid {name}")),
        metric.map_or_else(|| "test".into(), |name| format!("test {name}")),
    );
    let numbers = ["epochs", &valid, &test, "compression", "gates kept", "hidden units", "vocabulary", "time"];
    let mut grid = Grid::new(&["run", "state"], &numbers);
    for row in rows {
        let mut cells = vec![row.label.clone(), row.state.name().to_owned()];
        cells.push(match row.state {
            State::Missing | State::Damaged => String::new(),
            _ => format!("{} of {}", row.epochs(), row.planned_epochs),
        });
        match row.last() {
            None => cells.extend(std::iter::repeat_n(String::new(), 6)),
            Some(line) => cells.extend([
                value(line.valid),
                value(line.test),
                ratio(line.counts.compression),
                of(gates_kept(line), gates_total(line)),
                of(line.counts.neurons.kept, line.counts.neurons.total),
                of(line.counts.vocabulary.kept, line.counts.vocabulary.total),
            ]),
        }
        cells.push(row.summary.as_ref().map_or_else(String::new, |summary| seconds(summary.train_seconds)));
        grid.rows.push(cells);
    }
    grid
}

/// Both ways of counting compression, where they differ: the authors' and the one that drops dead gates' weights.
pub fn counting(rows: &[Row]) -> Option<Grid> {
    let mut grid =
        Grid::new(&["run"], &["authors' count", "without dead gates' weights", "weights", "without dead gates'"]);
    for row in rows {
        let Some(line) = row.last() else { continue };
        let kept = super::metric::weights_kept(line);
        if kept != line.counts.weights_kept_exact {
            grid.rows.push(vec![
                row.title(),
                ratio(line.counts.compression),
                ratio(line.counts.compression_exact),
                count(kept),
                count(line.counts.weights_kept_exact),
            ]);
        }
    }
    (!grid.rows.is_empty()).then_some(grid)
}

/// How well the kept vocabulary matches what a generated language was planted with.
pub fn planted(rows: &[Row]) -> Option<Grid> {
    let mut grid = Grid::new(&["run"], &["informative symbols kept", "uninformative symbols kept"]);
    for row in rows {
        if let Some(facts) = row.summary.as_ref().and_then(|summary| summary.planted.as_ref()) {
            grid.rows.push(vec![
                row.title(),
                of(facts.informative_kept, facts.informative),
                of(facts.uninformative_kept, facts.uninformative),
            ]);
        }
    }
    (!grid.rows.is_empty()).then_some(grid)
}

/// Published values beside ours.
pub fn claims(comparison: &Comparison) -> Option<Grid> {
    let numbers = [
        "published",
        "at epoch",
        "ours",
        "our epoch",
        "difference",
        "tolerance",
        "authors at our epoch",
        "difference then",
    ];
    let mut grid = Grid::new(&["run", "quantity", "verdict"], &numbers);
    for line in &comparison.values {
        let text = |x: Option<f64>| x.map_or_else(String::new, published);
        let epoch = |x: Option<u32>| x.map_or_else(String::new, |epoch| epoch.to_string());
        let against = |theirs: Option<f64>| {
            line.ours.zip(theirs).map_or_else(String::new, |(ours, theirs)| difference(ours, theirs))
        };
        grid.rows.push(vec![
            line.run.clone(),
            line.metric.clone(),
            line.verdict.text(),
            line.published.to_string(),
            epoch(line.epoch),
            text(line.ours),
            epoch(line.our_epoch),
            against(Some(line.published)),
            line.tolerance(),
            text(line.theirs_then),
            against(line.theirs_then),
        ]);
    }
    if grid.rows.is_empty() {
        return None;
    }
    // The last two columns only say something about unfinished runs.
    if comparison.values.iter().all(|line| line.theirs_then.is_none()) {
        grid.columns.truncate(9);
        grid.rows.iter_mut().for_each(|row| row.truncate(9));
    }
    Some(grid)
}

/// Expected orderings.
pub fn orders(comparison: &Comparison) -> Option<Grid> {
    let mut grid = Grid::new(&["expected", "verdict"], &["ours"]);
    for line in &comparison.orders {
        let ours = line.ours.map_or_else(String::new, |(a, b)| format!("{}, {}", published(a), published(b)));
        grid.rows.push(vec![line.claim.clone(), line.verdict.text(), ours]);
    }
    (!grid.rows.is_empty()).then_some(grid)
}

/// Ours and the authors' at equal epochs.
pub fn epochs(comparison: &Comparison) -> Option<Grid> {
    let mut grid = Grid::new(&["run", "quantity"], &["epoch", "ours", "authors", "difference"]);
    for line in &comparison.epochs {
        grid.rows.push(vec![
            line.run.clone(),
            line.quantity.clone(),
            format!("{} of {}", line.epoch, line.of),
            published(line.ours),
            published(line.theirs),
            difference(line.ours, line.theirs),
        ]);
    }
    (!grid.rows.is_empty()).then_some(grid)
}

fn metric_name(name: &str) -> &str {
    match name {
        "bits_per_char" => "bits/char",
        other => other,
    }
}
