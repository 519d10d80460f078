//! Claims with their verdicts, and our metrics next to the authors' at equal epochs.

use crate::compare::{Comparison, difference};
use crate::grid::TableData;
use crate::metric::Metric;
use crate::noise_estimate::NoiseEstimate;
use crate::number::{TINY, fixed, published, tiny, value};
use crate::seed_tests::SeedTest;
use sparsegate_spec::types::{PublishedOrdering, Tolerance};

/// Heads of the columns of [`p_texts`].
const P: [&str; 2] = ["p", "corrected p"];

/// A number without trailing zeros.
fn trim(x: f64) -> String {
    trim_to(x, 4)
}

fn trim_to(x: f64, digits: usize) -> String {
    if x != 0.0 && x.abs() < TINY {
        return tiny(x);
    }
    let text = format!("{x:.digits$}");
    if digits == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A difference in a metric's own unit: percentage points for an accuracy, otherwise a plain number.
fn width(quantity: Option<&Metric>, x: f64) -> String {
    match quantity {
        Some(quantity) if quantity.is_accuracy() => points(trim(100.0 * x)),
        _ if x >= 100.0 => published(x),
        _ => trim(x),
    }
}

/// A number of percentage points.
fn points(number: String) -> String {
    if number == "1" { "1 point".to_owned() } else { number + " points" }
}

/// An estimate of the noise in the metric's own unit, with two significant digits.
fn noise_text(quantity: Option<&Metric>, noise: Option<NoiseEstimate>) -> String {
    let Some(noise) = noise else { return String::new() };
    let accuracy = quantity.is_some_and(Metric::is_accuracy);
    let x = if accuracy { 100.0 * noise.width } else { noise.width };
    let decimals = (1.0 - x.max(1e-9).log10().floor()).clamp(0.0, 4.0) as usize;
    let number = if x < 100.0 { trim_to(x, decimals) } else { fixed(x, 0) };
    if accuracy { points(number) } else { number }
}

/// Numbers of seeds: `3`, or those of both sides, `3, 5`.
fn n_text(test: Option<&SeedTest>) -> String {
    test.map_or_else(String::new, |test| test.n.iter().map(usize::to_string).collect::<Vec<_>>().join(", "))
}

/// The p-value of the test by itself, and corrected for all claims: `0.032`, `<0.001`; `-` if there is nothing to test.
fn p_texts(test: Option<&SeedTest>) -> [String; 2] {
    let text = |p: Option<f64>| match p {
        None => "-".to_owned(),
        Some(p) if p < 0.001 => "<0.001".to_owned(),
        Some(p) => trim_to(p, 3),
    };
    test.map_or_else(Default::default, |test| [text(test.p), text(test.corrected)])
}

/// The end of an interval, in the unit of the metric's values.
fn interval_end(quantity: Option<&Metric>, x: f64) -> String {
    match quantity {
        Some(quantity) if quantity.is_accuracy() => quantity.text(x),
        _ => value(x),
    }
}

/// Removes those of the named columns that are empty in all rows.
pub(super) fn without_empty(mut grid: TableData, names: &[&str]) -> TableData {
    for name in names {
        let Some(at) = grid.columns.iter().position(|head| head.text == *name) else { continue };
        if grid.rows.iter().all(|row| row[at].is_empty()) {
            grid.columns.remove(at);
            grid.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }
    grid
}

/// Published values next to ours; `None` without value claims.
pub fn values(comparison: &Comparison) -> Option<TableData> {
    let words = ["run", "quantity", "verdict", "about"];
    let numbers = [
        "published",
        "at epoch",
        "ours",
        "our epoch",
        "difference",
        "tolerance",
        "noise",
        "n",
        "95 % interval",
        P[0],
        P[1],
        "authors at our epoch",
        "difference then",
    ];
    let mut grid = TableData::new(&words, &numbers);
    for line in &comparison.values {
        let quantity = Metric::parse(&line.metric);
        let quantity = quantity.as_ref();
        let text =
            |x: Option<f64>| x.map_or_else(String::new, |x| quantity.map_or_else(|| published(x), |q| q.text(x)));
        let epoch = |x: Option<u32>| x.map_or_else(String::new, |epoch| epoch.to_string());
        let against = |theirs: Option<f64>| {
            line.ours.zip(theirs).map_or_else(String::new, |(ours, theirs)| difference(ours, theirs))
        };
        let accuracy = quantity.is_some_and(Metric::is_accuracy);
        let [p, corrected] = p_texts(line.test.as_ref());
        grid.rows.push(vec![
            line.run.clone(),
            line.metric.clone(),
            line.verdict.text(),
            line.about.clone().unwrap_or_default(),
            match line.published {
                x if accuracy => text(Some(x)),
                // Smaller ones as the spec has them.
                x if x.abs() >= 1000.0 => published(x),
                x => x.to_string(),
            },
            epoch(line.epoch),
            text(line.ours),
            epoch(line.our_epoch),
            against(Some(line.published)),
            match line.tolerance {
                Tolerance::Relative(share) => format!("{} %", trim(share * 100.0)),
                Tolerance::Absolute(x) => width(quantity, x),
                Tolerance::Factor(factor) => format!("{}x", trim(factor)),
            },
            noise_text(quantity, line.noise),
            n_text(line.test.as_ref()),
            line.test.as_ref().and_then(|test| test.interval).map_or_else(String::new, |(low, high)| {
                format!("{} to {}", interval_end(quantity, low), interval_end(quantity, high))
            }),
            p,
            corrected,
            text(line.theirs_then),
            against(line.theirs_then),
        ]);
    }
    Some(without_empty(
        grid.filled()?,
        &["about", "at epoch", "noise", "n", "95 % interval", P[0], P[1], "authors at our epoch", "difference then"],
    ))
}

/// Expected orderings; `None` without any.
pub fn orders(comparison: &Comparison) -> Option<TableData> {
    let words = ["expected", "verdict", "authors' figures", "about"];
    let mut grid = TableData::new(&words, &["ours", "authors", "noise", "n", P[0], P[1]]);
    for line in &comparison.orders {
        let authors = match line.authors {
            Some(PublishedOrdering::Holds) => "hold",
            Some(PublishedOrdering::Contradicted) => "contradict it",
            None => "",
        };
        let [p, corrected] = p_texts(line.test.as_ref());
        grid.rows.push(vec![
            line.claim.clone(),
            line.verdict.text(),
            authors.to_owned(),
            line.about.clone().unwrap_or_default(),
            line.pair(line.ours),
            line.pair(line.theirs),
            noise_text(line.quantity(), line.noise),
            n_text(line.test.as_ref()),
            p,
            corrected,
        ]);
    }
    Some(without_empty(grid.filled()?, &["authors' figures", "about", "authors", "noise"]))
}

/// Our metrics and the authors' at equal epochs; `None` without comparable runs.
pub fn epochs(comparison: &Comparison) -> Option<TableData> {
    let mut grid = TableData::new(&["run", "quantity"], &["epoch", "ours", "authors", "difference"]);
    for line in &comparison.epochs {
        grid.rows.push(vec![
            line.run.clone(),
            line.name.clone(),
            format!("{} of {}", line.epoch, line.of),
            line.quantity.text(line.ours),
            line.quantity.text(line.theirs),
            difference(line.ours, line.theirs),
        ]);
    }
    grid.filled()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise_estimate::EstimateSource;

    #[test]
    fn noise_has_two_digits() {
        let text = |metric: &str, width: f64| {
            let noise = NoiseEstimate { width, origin: EstimateSource::Epochs };
            noise_text(Metric::parse(metric).as_ref(), Some(noise))
        };
        assert_eq!(
            ["4.5216", "30.2", "408.6", "2325.5", "0"].map(|x| text("gates.kept", x.parse().unwrap())),
            ["4.5", "30", "409", "2,326", "0"]
        );
        assert_eq!([text("test.accuracy", 0.006_797), text("test.accuracy", 0.01)], ["0.68 points", "1 point"]);
        assert_eq!([text("test.perplexity", 1.5e-5), text("test.accuracy", 2e-7)], ["1.5e-5", "2e-5 points"]);
    }

    #[test]
    fn a_small_tolerance_is_not_zero() {
        assert_eq!([0.0, 2.0, 0.05, 5e-4, 2e-5, -1.5e-7].map(trim), ["0", "2", "0.05", "0.0005", "2e-5", "-1.5e-7"]);
        let accuracy = Metric::parse("test.accuracy");
        assert_eq!([width(None, 2e-5), width(accuracy.as_ref(), 2e-7)], ["2e-5", "2e-5 points"]);
    }
}
