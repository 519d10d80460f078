//! Value claims: a published number, held against each run that it is about.
//!
//! A published value belongs to an epoch of the authors' run: the last one, unless their log shows the value at an
//! earlier one (dense language models are quoted at their best validation epoch). Ours is taken at that same epoch,
//! and a run that has not got there is not compared with it.

use sparsegate_spec::types::{RunSpec, Tolerance, ValueClaim};
use sparsegate_store::format::EpochMetrics;

use super::authors::Authors;
use super::metric::Metric;
use super::noise::{self, Noise};
use super::rows::{Row, State};
use super::verdict::Verdict;

/// One published value beside one run.
#[derive(Debug, Clone)]
pub struct ValueLine {
    /// Which run.
    pub run: String,
    /// The claim's metric, as written in the spec.
    pub metric: String,
    /// The spec's words about it.
    pub about: Option<String>,
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
    /// How far ours moves by chance, as far as can be told.
    pub noise: Option<Noise>,
    /// The authors' value at our epoch, where ours comes earlier than theirs.
    pub theirs_then: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

/// A claim that no run answers.
pub fn unmeasured(claim: &ValueClaim, run: String, why: &str) -> ValueLine {
    ValueLine {
        run,
        metric: claim.metric.clone(),
        about: claim.about.clone(),
        epoch: None,
        published: claim.value,
        tolerance: claim.tolerance,
        ours: None,
        our_epoch: None,
        noise: None,
        theirs_then: None,
        verdict: Verdict::NotMeasured { why: why.into() },
    }
}

/// Holds a claim against one of `rows`.
pub fn line(claim: &ValueClaim, quantity: &Metric, row: &Row, rows: &[Row], authors: Option<&Authors>) -> ValueLine {
    let authors = authors.filter(|_| Authors::cover(&row.spec));
    let logged = authors.and_then(|authors| published_epoch(claim, quantity, row.level(), authors));
    let mut line = ValueLine { epoch: logged, ..unmeasured(claim, row.title(), "") };
    let lack = lacking(row, logged);
    let epoch = logged.and_then(|epoch| row.at(epoch)).or_else(|| row.last());
    line.our_epoch = epoch.map(|epoch| epoch.epoch);
    line.ours = epoch.and_then(|epoch| quantity.ours(epoch, row.metric.as_deref()));
    line.verdict = match (lack, line.ours, epoch) {
        (Some(why), ..) => {
            let then = authors.zip(epoch).and_then(|(authors, epoch)| authors.at(row.level(), epoch.epoch));
            line.theirs_then = then.filter(|_| line.our_epoch != logged).and_then(|point| quantity.theirs(point));
            Verdict::NotMeasured { why }
        }
        (None, Some(ours), Some(epoch)) => {
            line.noise = noise_of(quantity, row, epoch, rows);
            judge(ours, claim, line.noise)
        }
        (None, ..) => Verdict::NotMeasured { why: "the run has no such quantity".into() },
    };
    line
}

fn judge(ours: f64, claim: &ValueClaim, noise: Option<Noise>) -> Verdict {
    let excess = claim.tolerance.excess(ours, claim.value);
    if excess <= 0.0 {
        Verdict::Reproduced
    } else if noise.is_some_and(|noise| excess <= noise.width) {
        Verdict::WithinNoise
    } else {
        Verdict::Off
    }
}

/// Why a run cannot answer for its point: not there, of another spec, or with fewer epochs than `logged` ones of the
/// authors or, without those, than it is to have. A run stopped short by `train.max_steps` is complete.
pub fn lacking(row: &Row, logged: Option<u32>) -> Option<String> {
    let needed = logged.unwrap_or(row.planned_epochs);
    match row.state {
        State::Missing => Some("never run".into()),
        State::Damaged => Some("the run is damaged".into()),
        State::Stale => Some("only a stale run is stored".into()),
        State::Failed if row.epochs() < needed => {
            Some(format!("the run failed after {} of {needed} epochs", row.epochs()))
        }
        State::Done if logged.is_none() => None,
        _ if row.epochs() < needed => Some(format!("{} of {needed} epochs", row.epochs())),
        _ => None,
    }
}

/// The noise of a quantity of a run at an epoch.
pub fn noise_of(quantity: &Metric, row: &Row, epoch: &EpochMetrics, rows: &[Row]) -> Option<Noise> {
    let value = |row: &Row, line: &EpochMetrics| quantity.ours(line, row.metric.as_deref());
    let seeds: Vec<f64> = rows
        .iter()
        .filter(|other| same_point(&other.spec, &row.spec) && !matches!(other.state, State::Stale | State::Damaged))
        .filter_map(|other| other.at(epoch.epoch).and_then(|line| value(other, line)))
        .collect();
    let before = row.metrics.iter().filter(|line| line.epoch <= epoch.epoch);
    let epochs: Vec<f64> = before.filter_map(|line| value(row, line)).collect();
    noise::of_run(&seeds, &epochs)
}

/// Whether two runs differ in the seed alone.
pub fn same_point(a: &RunSpec, b: &RunSpec) -> bool {
    RunSpec { seed: 0, ..a.clone() } == RunSpec { seed: 0, ..b.clone() }
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
