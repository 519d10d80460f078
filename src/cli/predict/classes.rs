//! Predictions of a classifier, with optional explanations.

use std::fmt::Write as _;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::PredictionFormat;
use crate::cli::CliError;
use crate::cli::args::OutputFormat;
use crate::cli::error::non_finite_error;
use crate::cli::output::json_line;
use crate::cli::streamed_table::StreamedTable;
use crate::cli::terminal_text::printable;
use sparsegate_compact::{Classification, CompactModel, Effect, Explanation, Session, classify, explain};

/// Most classes for which each class gets a column.
const MOST_COLUMNS: usize = 6;
/// Characters of a text shown in a table.
const SHOWN: usize = 40;

pub(super) struct ClassPredictions<'a> {
    loaded: &'a CompactModel,
    explain: bool,
    columns: StreamedTable,
}

/// A line of JSON output.
#[derive(Serialize)]
struct ClassLine<'a> {
    text: usize,
    class: &'a str,
    probabilities: ClassProbabilities<'a>,
    symbols: usize,
    /// Symbols whose input row survived pruning, so that the model reads them.
    read: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<WordEffect>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_read: Option<Vec<String>>,
}

#[derive(Serialize)]
struct WordEffect {
    word: String,
    times: usize,
    effect: f64,
}

/// Class names and their probabilities, serialised as a map in class order.
struct ClassProbabilities<'a>(&'a [String], &'a [f64]);

impl Serialize for ClassProbabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (class, probability) in self.0.iter().zip(self.1) {
            map.serialize_entry(class, probability)?;
        }
        map.end()
    }
}

impl<'a> ClassPredictions<'a> {
    pub(super) fn new(loaded: &'a CompactModel, explain: bool) -> Self {
        let classes = &loaded.details.classes;
        let width = |class: &String| class.chars().count();
        let mut columns =
            StreamedTable::new().numbers("text", 5).words("class", classes.iter().map(width).max().unwrap_or(0));
        if classes.len() <= MOST_COLUMNS {
            columns = classes.iter().fold(columns, |columns, class| columns.numbers(class, 6));
        } else {
            columns = columns.numbers("probability", 6);
        }
        Self { loaded, explain, columns: columns.numbers("read", 7).words("", 0) }
    }

    fn row(&self, number: usize, text: &str, found: &Classification, symbols: [usize; 2]) -> String {
        let classes = &self.loaded.details.classes;
        let mut cells = vec![number.to_string(), printable(&classes[found.class])];
        if classes.len() <= MOST_COLUMNS {
            cells.extend(found.probabilities.iter().map(|probability| format!("{probability:.4}")));
        } else {
            cells.push(format!("{:.4}", found.probabilities[found.class]));
        }
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown += "...";
        }
        cells.extend([format!("{}/{}", symbols[1], symbols[0]), printable(&shown)]);
        self.columns.row(cells.iter().map(String::as_str)) + "\n"
    }
}

/// One line per word with its effect in nats, then the words that the model does not read.
fn reasons(explanation: &Explanation) -> String {
    let mut lines = String::new();
    for Effect { word, times, effect } in &explanation.effects {
        let often = if *times > 1 { format!("  ({times} times)") } else { String::new() };
        let _ = writeln!(lines, "{effect:>+15.3}  {}{often}", printable(word));
    }
    if !explanation.not_read.is_empty() {
        let words: Vec<String> = explanation.not_read.iter().map(|word| printable(word)).collect();
        let _ = writeln!(lines, "       not read  {}", words.join(" "));
    }
    lines
}

impl PredictionFormat for ClassPredictions<'_> {
    fn head(&self, bold: bool) -> String {
        self.columns.head(bold) + "\n"
    }

    fn answer(
        &self,
        session: &mut Session<'_>,
        number: usize,
        text: &str,
        format: OutputFormat,
    ) -> Result<String, CliError> {
        let ids = self.loaded.encoder.encode(text);
        let [symbols, read] = [ids.len(), self.loaded.read(&ids)];
        let wrong = non_finite_error(self.loaded);
        let found = classify(session, &ids).map_err(&wrong)?;
        let why = self.explain.then(|| explain(self.loaded, session, text, found.class)).transpose().map_err(&wrong)?;
        if format == OutputFormat::Table {
            return Ok(self.row(number, text, &found, [symbols, read]) + &why.as_ref().map(reasons).unwrap_or_default());
        }
        let (words, not_read) = why.map(|why| (why.effects, why.not_read)).unzip();
        let word = |Effect { word, times, effect }| WordEffect { word, times, effect };
        let classes = &self.loaded.details.classes;
        let line = ClassLine {
            text: number,
            class: &classes[found.class],
            probabilities: ClassProbabilities(classes, &found.probabilities),
            symbols,
            read,
            words: words.map(|words| words.into_iter().map(word).collect()),
            not_read,
        };
        json_line(&line)
    }
}
