//! Ours beside the published figures: the `expect:` claims of a spec, and both runs at the same epoch.
//!
//! A published value belongs to an epoch of the authors' run: the last one, unless their log shows the value at an
//! earlier one (dense language models are quoted at their best validation epoch). Ours is taken at that same epoch,
//! and a run that has not got there is not compared with it.

use crate::spec::Experiment;
use crate::spec::types::{MetricRef, Tolerance, ValueClaim};

use super::authors::Authors;
use super::metric::Metric;
use super::number;
use super::rows::{Row, Rows, State};
use super::{facets, metric};

/// What can be said of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Within tolerance; an ordering holds.
    Reproduced,
    /// Outside; an ordering does not hold.
    Off,
    /// No run, no finished epoch, or a quantity that the run does not have.
    NotMeasured,
    /// The run has fewer epochs than the published value took.
    NotComparable {
        /// Epochs finished.
        have: u32,
        /// Epochs behind the published value.
        of: u32,
    },
}

impl Verdict {
    /// As written in tables.
    pub fn text(&self) -> String {
        match self {
            Self::Reproduced => "reproduced".into(),
            Self::Off => "off".into(),
            Self::NotMeasured => "not measured".into(),
            Self::NotComparable { have, of } => format!("not comparable ({have} of {of} epochs)"),
        }
    }
}

/// One published value.
#[derive(Debug, Clone)]
pub struct ValueLine {
    /// Which run.
    pub run: String,
    /// The claim's metric, as written in the spec.
    pub metric: String,
    /// Epoch behind the published value, if known.
    pub epoch: Option<u32>,
    /// The published value.
    pub published: f64,
    /// How near counts as reproduced.
    pub tolerance: Tolerance,
    /// Ours at that epoch; at the last finished one if that comes earlier.
    pub ours: Option<f64>,
    /// Epoch of `ours`.
    pub our_epoch: Option<u32>,
    /// The authors' value at our epoch, where ours comes earlier than theirs.
    pub theirs_then: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

impl ValueLine {
    /// The tolerance as text, `3 %` or `0.02`.
    pub fn tolerance(&self) -> String {
        match self.tolerance {
            Tolerance::Relative(share) => format!("{} %", trim(share * 100.0)),
            Tolerance::Absolute(width) => trim(width),
            Tolerance::Factor(factor) => format!("{}x", trim(factor)),
        }
    }
}

fn trim(x: f64) -> String {
    let text = format!("{x:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// One expected ordering.
#[derive(Debug, Clone)]
pub struct OrderLine {
    /// `gates.kept: W+G+N < W+N`.
    pub claim: String,
    /// Our two values at the last finished epochs, where measured.
    pub ours: Option<(f64, f64)>,
    /// What follows.
    pub verdict: Verdict,
}

/// One quantity of one run at the last epoch that we finished, both ways.
#[derive(Debug, Clone)]
pub struct EpochLine {
    /// Which run.
    pub run: String,
    /// The epoch.
    pub epoch: u32,
    /// Epochs of the authors' run.
    pub of: u32,
    /// Name of the quantity.
    pub quantity: String,
    /// Ours.
    pub ours: f64,
    /// The authors'.
    pub theirs: f64,
}

/// Everything that is held against published figures.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Published values.
    pub values: Vec<ValueLine>,
    /// Expected orderings.
    pub orders: Vec<OrderLine>,
    /// Ours beside the authors' curves at equal epochs.
    pub epochs: Vec<EpochLine>,
}

/// Holds the runs against the experiment's claims and the authors' logs. Claims that name no known quantity are
/// `not measured` and get a warning.
pub fn compare(experiment: &Experiment, found: &mut Rows, authors: Option<&Authors>) -> Comparison {
    let mut comparison = Comparison::default();
    let mut unknown: Vec<String> = Vec::new();
    for expectation in &experiment.expect {
        let filter = expectation.r#where.clone().unwrap_or_default();
        let runs: Vec<&Row> = found.rows.iter().filter(|row| facets::matches(&row.spec, &filter)).collect();
        for claim in &expectation.claims {
            let quantity = Metric::parse(&claim.metric);
            if quantity.is_none() {
                unknown.push(claim.metric.clone());
            }
            if runs.is_empty() {
                comparison.values.push(unmeasured(claim, facets::describe(&filter)));
            }
            for row in &runs {
                comparison.values.push(match &quantity {
                    Some(quantity) => value_line(claim, quantity, row, authors),
                    None => unmeasured(claim, row.title()),
                });
            }
        }
        if let Some(order) = &expectation.claim {
            let [small, large] = &order.less;
            unknown.extend(
                order.less.iter().filter(|one| Metric::parse(&one.metric).is_none()).map(|one| one.metric.clone()),
            );
            comparison.orders.push(order_line(small, large, &found.rows, authors));
        }
    }
    if let Some(authors) = authors {
        comparison.epochs = found.rows.iter().flat_map(|row| epoch_lines(row, authors)).collect();
    }
    unknown.sort();
    unknown.dedup();
    for name in unknown {
        found.warnings.push(format!(
            "{}: a claim is about `{name}`, which no run measures; known are test.perplexity, test.bits_per_char, \
             valid.…, compression, compression.exact, weights.kept, vocabulary.kept, neurons.kept, gates.kept, \
             gates.KIND.kept",
            experiment.file
        ));
    }
    comparison
}

fn unmeasured(claim: &ValueClaim, run: String) -> ValueLine {
    ValueLine {
        run,
        metric: claim.metric.clone(),
        epoch: None,
        published: claim.value,
        tolerance: claim.tolerance,
        ours: None,
        our_epoch: None,
        theirs_then: None,
        verdict: Verdict::NotMeasured,
    }
}

fn value_line(claim: &ValueClaim, quantity: &Metric, row: &Row, authors: Option<&Authors>) -> ValueLine {
    let published_at = authors.and_then(|authors| published_epoch(claim, quantity, row.level(), authors));
    let mut line = ValueLine { epoch: published_at, ..unmeasured(claim, row.title()) };
    let needed = published_at.unwrap_or(row.planned_epochs);
    // A run stopped short by `train.max_steps` is complete with fewer epochs; without a log to compare with, it counts.
    let short = row.epochs() < needed && (published_at.is_some() || row.state != State::Done);
    let epoch = if short || published_at.is_none() { row.last() } else { row.at(needed) };
    let Some(epoch) = epoch else { return line };
    line.ours = quantity.ours(epoch, row.metric.as_deref());
    line.our_epoch = Some(epoch.epoch);
    let Some(ours) = line.ours else { return line };
    if short {
        let then = authors.and_then(|authors| authors.at(row.level(), epoch.epoch));
        line.theirs_then = then.and_then(|point| quantity.theirs(point));
        line.verdict = Verdict::NotComparable { have: row.epochs(), of: needed };
    } else {
        let within = claim.tolerance.holds(ours, claim.value);
        line.verdict = if within { Verdict::Reproduced } else { Verdict::Off };
    }
    line
}

/// Epoch of the authors' run at which their log shows the published value: the last one if it does there or
/// nowhere, else the latest that does.
fn published_epoch(claim: &ValueClaim, quantity: &Metric, level: &str, authors: &Authors) -> Option<u32> {
    let last = authors.final_of(level)?;
    let decimals = claim.value.to_string().split_once('.').map_or(0, |(_, digits)| digits.len().min(12));
    let half = 0.5 * 10f64.powi(-(decimals as i32)) * (1.0 + 1e-6);
    let shows = |x: Option<f64>| x.is_some_and(|x| (x - claim.value).abs() <= half);
    if shows(quantity.theirs(last)) {
        return Some(last.epoch);
    }
    let earlier = authors.curve(level).into_iter().rev().find(|point| shows(quantity.theirs(point)));
    Some(earlier.map_or(last.epoch, |point| point.epoch))
}

/// Mean of a quantity over the matching runs, each at the authors' last epoch or its own last one, with the largest
/// lack of epochs.
fn side(of: &MetricRef, rows: &[Row], authors: Option<&Authors>) -> (Option<f64>, Option<Verdict>) {
    let Some(quantity) = Metric::parse(&of.metric) else { return (None, None) };
    let mut values = Vec::new();
    let mut lack: Option<(u32, u32)> = None;
    for row in rows.iter().filter(|row| facets::matches(&row.spec, &of.r#where)) {
        let Some(line) = row.last() else { continue };
        values.extend(quantity.ours(line, row.metric.as_deref()));
        let published = authors.and_then(|authors| authors.final_of(row.level())).map(|point| point.epoch);
        let needed = published.unwrap_or(row.planned_epochs);
        let short = row.epochs() < needed && (published.is_some() || row.state != State::Done);
        if short && lack.is_none_or(|(have, _)| row.epochs() < have) {
            lack = Some((row.epochs(), needed));
        }
    }
    let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    (mean, lack.map(|(have, of)| Verdict::NotComparable { have, of }))
}

fn order_line(small: &MetricRef, large: &MetricRef, rows: &[Row], authors: Option<&Authors>) -> OrderLine {
    let (a, b) = (facets::describe(&small.r#where), facets::describe(&large.r#where));
    let claim = if small.metric == large.metric {
        format!("{}: {a} < {b}", small.metric)
    } else {
        format!("{} of {a} < {} of {b}", small.metric, large.metric)
    };
    let (first, lack_first) = side(small, rows, authors);
    let (second, lack_second) = side(large, rows, authors);
    let ours = first.zip(second);
    let verdict = match (ours, lack_first.or(lack_second)) {
        (None, _) => Verdict::NotMeasured,
        (Some(_), Some(lack)) => lack,
        (Some((a, b)), None) if a < b => Verdict::Reproduced,
        (Some(_), None) => Verdict::Off,
    };
    OrderLine { claim, ours, verdict }
}

fn epoch_lines(row: &Row, authors: &Authors) -> Vec<EpochLine> {
    let (Some(ours), Some(last)) = (row.last(), authors.final_of(row.level())) else { return Vec::new() };
    let Some(theirs) = authors.at(row.level(), ours.epoch) else { return Vec::new() };
    let metric = theirs.metric.replace('_', " ");
    let pairs = [
        (format!("valid {metric}"), ours.valid, theirs.valid),
        (format!("test {metric}"), ours.test, theirs.test),
        ("compression".into(), ours.counts.compression, theirs.compression),
        ("gates kept".into(), metric::gates_kept(ours) as f64, theirs.gates as f64),
        ("hidden units kept".into(), ours.counts.neurons.kept as f64, theirs.neurons as f64),
        ("vocabulary kept".into(), ours.counts.vocabulary.kept as f64, theirs.vocabulary as f64),
    ];
    // A dense network keeps everything, by definition.
    let compared = if row.is_sparse() { 6 } else { 2 };
    pairs
        .into_iter()
        .take(compared)
        .map(|(quantity, ours_value, theirs)| EpochLine {
            run: row.title(),
            epoch: ours.epoch,
            of: last.epoch,
            quantity,
            ours: ours_value,
            theirs,
        })
        .collect()
}

/// `+3.2 %`, for tables.
pub fn difference(ours: f64, theirs: f64) -> String {
    number::relative(ours, theirs)
}
