//! Value claims: comparison of a published number with each run that it applies to.
//!
//! A published value belongs to an epoch of the authors' run: the last one, unless their log has the value only at an
//! earlier one (dense language models are quoted at their best validation epoch). Our value is taken at the same epoch.
//! A run that has not reached this epoch gets no verdict.

use sparsegate_spec::types::{RunSpec, Tolerance, ValueClaim};
use sparsegate_store::format::EpochMetrics;

use super::authors::{Authors, AuthorsLogs};
use super::metric::Metric;
use super::noise_estimate::{self, NoiseEstimate};
use super::rows::{RowState, RunRow};
use super::sample::Sample;
use super::seed_tests::SeedTest;
use super::verdict::Verdict;

/// One published value compared with one run.
#[derive(Debug, Clone)]
pub struct ValueComparison {
    /// The part of the experiment (task or data set) that the claim is about; `None` for a claim that no run matches.
    pub part: Option<String>,
    /// Title of the run.
    pub run: String,
    /// The claim's metric, as written in the spec.
    pub metric: String,
    /// The remark in the spec.
    pub about: Option<String>,
    /// Epoch of the published value, if known.
    pub epoch: Option<u32>,
    /// The published value.
    pub published: f64,
    /// Largest deviation that counts as reproduced.
    pub tolerance: Tolerance,
    /// Our value at that epoch, or at the last finished epoch if that is earlier.
    pub ours: Option<f64>,
    /// Epoch of `ours`.
    pub our_epoch: Option<u32>,
    /// Estimated noise of our value, if it can be estimated.
    pub noise: Option<NoiseEstimate>,
    /// The authors' value at `our_epoch`, if our run has not reached the epoch of the published value.
    pub theirs_then: Option<f64>,
    /// The test over the seeds of a point, if there are several.
    pub test: Option<SeedTest>,
    /// Outcome of the comparison.
    pub verdict: Verdict,
}

/// A line for a claim that cannot be compared with a run.
pub fn unmeasured(claim: &ValueClaim, run: String, why: &str) -> ValueComparison {
    ValueComparison {
        part: None,
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
        test: None,
        verdict: Verdict::NotMeasured { why: why.into() },
    }
}

/// Compares a claim with `row`; the noise is estimated from all `rows`.
pub fn line(
    claim: &ValueClaim,
    quantity: &Metric,
    row: &RunRow,
    rows: &[RunRow],
    authors: &Authors,
) -> ValueComparison {
    let authors = comparable_logs(row, authors);
    let logged = authors.and_then(|authors| published_epoch(claim, quantity, row.level(), authors));
    let mut line = ValueComparison { epoch: logged, ..unmeasured(claim, row.title(), "") };
    let lack = lacking(row, logged);
    let epoch = at(row, logged);
    line.our_epoch = epoch.map(|epoch| epoch.epoch);
    line.ours = epoch.and_then(|epoch| quantity.ours(epoch, row.metric));
    line.verdict = match (lack, line.ours, epoch) {
        (Some(why), ..) => {
            let then = authors.zip(epoch).and_then(|(authors, epoch)| authors.epoch(row.level(), epoch.epoch));
            line.theirs_then = then.filter(|_| line.our_epoch != logged).and_then(|point| quantity.theirs(point));
            Verdict::NotMeasured { why }
        }
        (None, _, Some(epoch)) if epoch.collapsed().is_some() => {
            Verdict::Collapsed { why: epoch.collapsed().map_or("", |collapse| collapse.name()).to_owned() }
        }
        (None, Some(ours), Some(epoch)) => {
            line.noise = noise_of(quantity, row, epoch, rows);
            judge(ours, claim, line.noise)
        }
        (None, ..) => Verdict::NotMeasured { why: "the run does not have this metric".into() },
    };
    line
}

/// The authors' logs, if a run is compared at the epochs in them: a run that chose its epoch is compared at that epoch.
pub fn comparable_logs<'a>(row: &RunRow, authors: &'a Authors) -> Option<&'a AuthorsLogs> {
    authors.comparable(&row.spec).filter(|_| row.spec.train.select.is_last())
}

/// The epoch at which a run is compared: `logged` if the run has finished it, otherwise the one it is reported at.
fn at(row: &RunRow, logged: Option<u32>) -> Option<&EpochMetrics> {
    logged.and_then(|epoch| row.at(epoch)).or_else(|| row.last())
}

/// Compares a claim with the runs of one point that match it: with the mean of the usable ones that have not collapsed
/// if there are several, otherwise each run on its own. Every collapsed run has a line of its own in any case. With
/// fewer usable runs than `seeds`, collapsed ones included, the claim is not measured.
pub fn lines(
    claim: &ValueClaim,
    quantity: &Metric,
    point: &[&RunRow],
    rows: &[RunRow],
    authors: &Authors,
    seeds: Option<u32>,
) -> Vec<ValueComparison> {
    let single = |row: &&RunRow| line(claim, quantity, row, rows, authors);
    let logged = |row: &RunRow| {
        let authors = comparable_logs(row, authors)?;
        published_epoch(claim, quantity, row.level(), authors)
    };
    let (usable, lacking): (Vec<&RunRow>, Vec<&RunRow>) =
        point.iter().partition(|row| lacking(row, logged(row)).is_none());
    if let Some(why) = too_few(usable.len(), seeds) {
        return vec![unmeasured(claim, point[0].point.clone(), &why)];
    }
    let (collapsed, healthy): (Vec<&RunRow>, Vec<&RunRow>) =
        usable.into_iter().partition(|row| at(row, logged(row)).is_some_and(|epoch| epoch.collapsed().is_some()));
    let (Some(first), true) = (healthy.first(), healthy.len() > 1) else {
        return point.iter().map(single).collect();
    };
    let logged = logged(first);
    let value = |row: &&RunRow| at(row, logged).and_then(|epoch| quantity.ours(epoch, row.metric));
    let sample = healthy.iter().map(value).collect::<Option<Vec<f64>>>().and_then(|values| Sample::of(&values));
    let test = sample.as_ref().and_then(|sample| SeedTest::of_value(claim, sample));
    let (Some(sample), Some(test)) = (sample, test) else { return point.iter().map(single).collect() };
    // Runs that chose their epochs may have chosen different ones.
    let epoch_of = |row: &RunRow| at(row, logged).map(|epoch| epoch.epoch);
    let same_epoch = healthy.iter().all(|row| epoch_of(row) == epoch_of(first));
    let pooled = ValueComparison {
        epoch: logged,
        ours: Some(sample.mean),
        our_epoch: epoch_of(first).filter(|_| same_epoch),
        test: Some(test),
        ..unmeasured(claim, format!("{} ({} seeds)", first.point, healthy.len()), "")
    };
    std::iter::once(pooled).chain(collapsed.iter().chain(&lacking).map(single)).collect()
}

/// The reason why `n` usable runs are too few for a claim that asks for `seeds`.
pub fn too_few(n: usize, seeds: Option<u32>) -> Option<String> {
    seeds.filter(|seeds| n < *seeds as usize).map(|seeds| format!("{n} of {seeds} seeds"))
}

fn judge(ours: f64, claim: &ValueClaim, noise: Option<NoiseEstimate>) -> Verdict {
    let excess = claim.tolerance.excess(ours, claim.value);
    if excess <= 0.0 {
        Verdict::Reproduced
    } else if noise.is_some_and(|noise| excess <= noise.width) {
        Verdict::WithinNoise
    } else {
        Verdict::Off
    }
}

/// The reason why a run cannot be compared; `None` if it can.
///
/// It is missing, damaged or stale, or has fewer epochs than needed: `logged`, the epoch in the authors' log, or the
/// planned number of epochs without one. Without `logged`, a finished run is complete even if `train.max_steps` ended
/// it early.
pub fn lacking(row: &RunRow, logged: Option<u32>) -> Option<String> {
    let needed = logged.unwrap_or(row.planned_epochs);
    match row.state {
        RowState::Missing => Some("never run".into()),
        RowState::Damaged => Some("the run is damaged".into()),
        RowState::Stale => Some("only a stale run is stored".into()),
        RowState::Failed if row.epochs() < needed => {
            Some(format!("the run failed after {} of {needed} epochs", row.epochs()))
        }
        RowState::Done if logged.is_none() => None,
        _ if row.epochs() < needed => Some(format!("{} of {needed} epochs", row.epochs())),
        _ => None,
    }
}

/// The estimated noise of a run's metric at an epoch.
pub fn noise_of(quantity: &Metric, row: &RunRow, epoch: &EpochMetrics, rows: &[RunRow]) -> Option<NoiseEstimate> {
    let value = |row: &RunRow, line: &EpochMetrics| quantity.ours(line, row.metric);
    let seeds: Vec<f64> = rows
        .iter()
        .filter(|other| {
            same_point(&other.spec, &row.spec) && !matches!(other.state, RowState::Stale | RowState::Damaged)
        })
        .filter_map(|other| {
            // The distance to a network that learned nothing is no noise.
            let line = other.at(epoch.epoch).filter(|line| line.collapsed().is_none())?;
            value(other, line)
        })
        .collect();
    let before = row.metrics.iter().filter(|line| line.epoch <= epoch.epoch);
    let epochs: Vec<f64> = before.filter_map(|line| value(row, line)).collect();
    noise_estimate::of_run(&seeds, &epochs)
}

/// Whether two runs differ at most in the seed.
pub fn same_point(a: &RunSpec, b: &RunSpec) -> bool {
    RunSpec { seed: 0, ..a.clone() } == RunSpec { seed: 0, ..b.clone() }
}

/// Epoch of the published value: the latest epoch at which the authors' log has it, or the last epoch if none has it.
fn published_epoch(claim: &ValueClaim, quantity: &Metric, level: &str, authors: &AuthorsLogs) -> Option<u32> {
    let last = authors.last_epoch(level)?;
    let decimals = claim.value.to_string().split_once('.').map_or(0, |(_, digits)| digits.len().min(12));
    let half = 0.5 * 10f64.powi(-(decimals as i32)) * (1.0 + 1e-6);
    let shows = |x: Option<f64>| x.is_some_and(|x| (x - claim.value).abs() <= half);
    if shows(quantity.theirs(last)) {
        return Some(last.epoch);
    }
    let earlier = authors.curve(level).into_iter().rev().find(|point| shows(quantity.theirs(point)));
    Some(earlier.map_or(last.epoch, |point| point.epoch))
}
