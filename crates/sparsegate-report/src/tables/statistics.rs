//! Columns of statistics over seeds as text.

use std::collections::BTreeMap;

use crate::decimals::{Decimals, varies};
use crate::number::{published, ratio};
use crate::sample::Sample;

/// A cell of such a column.
#[derive(Debug, Clone, Copy)]
pub struct Statistic<'a> {
    /// The task: values of different tasks have decimals of their own.
    pub task: &'a str,
    /// The statistics; `None` for an empty cell.
    pub sample: Option<Sample>,
    /// The unit: `%`, `x` or nothing.
    pub unit: &'static str,
}

/// The cells as text, such as `24.46 ± 0.31 x`: mean, standard deviation and unit. A single value or a constant is
/// itself.
pub fn spreads(column: &[Statistic<'_>]) -> Vec<String> {
    texts(column, Decimals::text)
}

/// The cells as text with the ends of the 95 % interval if there is one, such as `24.46 ± 0.31 [23.90, 25.02] x`.
pub fn intervals(column: &[Statistic<'_>]) -> Vec<String> {
    texts(column, |decimals, sample| match (sample.sd, sample.interval()) {
        (Some(sd), Some((low, high))) => {
            format!("{} [{}, {}]", decimals.text(sample), decimals.number(low, sd), decimals.number(high, sd))
        }
        _ => decimals.text(sample),
    })
}

fn texts(column: &[Statistic<'_>], text: impl Fn(Decimals, &Sample) -> String) -> Vec<String> {
    let mut tasks: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
    for cell in column {
        tasks.entry(cell.task).or_default().extend(cell.sample);
    }
    let decimals: BTreeMap<&str, Decimals> =
        tasks.into_iter().map(|(task, samples)| (task, Decimals::of(&samples))).collect();
    let one = |cell: &Statistic<'_>| {
        let Some(sample) = cell.sample else { return String::new() };
        let text = match varies(&sample) {
            Some(_) => text(decimals[cell.task], &sample),
            None if cell.unit == "x" => return ratio(sample.mean),
            None => published(sample.mean),
        };
        if cell.unit.is_empty() { text } else { format!("{text} {}", cell.unit) }
    };
    column.iter().map(one).collect()
}
