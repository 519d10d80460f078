//! Predictions of a language model: the next symbols and the metric on the text.

use serde::Serialize;

use super::PredictionFormat;
use crate::cli::CliError;
use crate::cli::args::OutputFormat;
use crate::cli::error::non_finite_error;
use crate::cli::output::json_line;
use crate::cli::streamed_table::StreamedTable;
use crate::cli::terminal_text::printable;
use sparsegate_compact::{CompactModel, NextWords, Session, predict_next};
use sparsegate_core::Evaluation;
use sparsegate_data::Unit;

pub(super) struct NextSymbols<'a> {
    loaded: &'a CompactModel,
    top: usize,
    columns: StreamedTable,
}

/// A line of JSON output.
#[derive(Serialize)]
struct NextLine<'a> {
    text: usize,
    symbols: usize,
    /// Symbols that were predicted from the preceding ones, over which the metric is computed.
    predicted: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    perplexity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits_per_char: Option<f64>,
    next: Vec<Symbol<'a>>,
}

#[derive(Serialize)]
struct Symbol<'a> {
    symbol: &'a str,
    probability: f64,
}

impl<'a> NextSymbols<'a> {
    pub(super) fn new(loaded: &'a CompactModel, top: usize) -> Self {
        let columns = StreamedTable::new().numbers("text", 5).numbers("symbols", 7).numbers(loaded.unit.metric(), 10);
        Self { loaded, top, columns: columns.words("next", 4) }
    }

    fn symbol(&self, id: u32) -> &'a str {
        self.loaded.details.words.get(id as usize).map_or("", String::as_str)
    }
}

impl PredictionFormat for NextSymbols<'_> {
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
        let NextWords { predicted, nats, next } =
            predict_next(self.loaded, session, &ids, self.top).map_err(non_finite_error(self.loaded))?;
        let unit = self.loaded.unit;
        let value = nats.map(|nats| unit.value(&Evaluation { nats, accuracy: None, only_class: None }));
        if format == OutputFormat::Table {
            let next = next.iter().map(|(id, probability)| format!("{} {probability:.3}", printable(self.symbol(*id))));
            let value = value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
            let cells = [number.to_string(), ids.len().to_string(), value, next.collect::<Vec<_>>().join("  ")];
            return Ok(self.columns.row(cells.iter().map(String::as_str)) + "\n");
        }
        let line = NextLine {
            text: number,
            symbols: ids.len(),
            predicted,
            perplexity: value.filter(|_| unit == Unit::Word),
            bits_per_char: value.filter(|_| unit == Unit::Character),
            next: next.iter().map(|&(id, probability)| Symbol { symbol: self.symbol(id), probability }).collect(),
        };
        json_line(&line)
    }
}
