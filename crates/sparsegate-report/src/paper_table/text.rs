//! The table of the paper as a table of text.

use super::{Pair, PaperTable};
use crate::decimals::Decimals;
use crate::grid::TableData;
use crate::metric;
use crate::number::published;
use sparsegate_core::EvaluationMetric;

/// The table, with the authors' value in a column after each of ours if there are any.
pub fn grid(table: &PaperTable<'_>) -> Option<TableData> {
    let mut words = vec!["task", "metric"];
    if table.has_cells {
        words.push("cell");
    }
    words.push("level");
    let mut numbers = vec!["n".to_owned()];
    for quantity in &table.quantities {
        numbers.push(quantity.title.to_owned());
        if table.has_authors {
            numbers.push(format!("authors: {}", quantity.title));
        }
    }
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let mut grid = TableData::new(&words, &numbers);
    let decimals = table.decimals();
    for row in &table.rows {
        let mut cells = vec![row.task.clone(), metric_text(row.metric()).to_owned()];
        if table.has_cells {
            cells.push(row.point.first().cell().to_owned());
        }
        cells.extend([row.level(), row.n().to_string()]);
        for (index, (quantity, pair)) in table.quantities.iter().zip(&row.pairs).enumerate() {
            let quality = quantity.column == "test";
            cells.push(ours(pair, row.metric().filter(|_| quality), decimals[row.task.as_str()][index]));
            if table.has_authors {
                cells.push(theirs(pair, row.metric().filter(|_| quality)));
            }
        }
        grid.rows.push(cells);
    }
    grid.filled()
}

/// The metric's name with its unit.
pub(super) fn metric_text(metric: Option<EvaluationMetric>) -> &'static str {
    match metric {
        Some(EvaluationMetric::Accuracy) => "accuracy, %",
        Some(metric @ (EvaluationMetric::Perplexity | EvaluationMetric::BitsPerCharacter)) => metric.short_name(),
        None => "",
    }
}

/// Our value, such as `88.91` or `24.46 ± 0.31` with the decimals of its column, of the given metric if it is one; empty
/// if there is none.
pub(super) fn ours(pair: &Pair, metric: Option<EvaluationMetric>, decimals: Decimals) -> String {
    let Some(sample) = pair.ours else { return String::new() };
    let sample = sample.times(metric::on_axis(metric, 1.0));
    if sample.sd.is_some() { decimals.text(&sample) } else { value(sample.mean, metric) }
}

/// The authors' value, in the same form.
pub(super) fn theirs(pair: &Pair, metric: Option<EvaluationMetric>) -> String {
    pair.theirs.map_or_else(String::new, |x| value(metric::on_axis(metric, x), metric))
}

fn value(x: f64, metric: Option<EvaluationMetric>) -> String {
    if metric::is_accuracy(metric) { format!("{x:.2}") } else { published(x) }
}
