//! Comparison with the published figures: the `expect:` claims of a spec, and our metrics next to the authors' at the
//! same epoch.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use sparsegate_spec::Experiment;
use sparsegate_spec::types::{Expectation, MetricRef, OrderClaim};
use sparsegate_store::format::Collapse;

use super::authors::{Authors, AuthorsLogs};
use super::claims::{self, ValueComparison};
use super::metric::Metric;
use super::orders::{self, OrderComparison};
use super::rows::{RunRow, RunRows};
use super::seed_tests::SeedTest;
use super::verdict::Verdict;
use super::{number, seed_tests, settings};

/// One metric of one run at its last finished epoch, next to the authors' value.
#[derive(Debug, Clone)]
pub struct EpochComparison {
    /// The part of the experiment: task or data set.
    pub part: String,
    /// Title of the run.
    pub run: String,
    /// The epoch.
    pub epoch: u32,
    /// Epochs of the authors' run.
    pub of: u32,
    /// Name of the metric.
    pub name: String,
    /// The metric.
    pub quantity: Metric,
    /// Our value.
    pub ours: f64,
    /// The authors' value.
    pub theirs: f64,
}

/// All comparisons with published figures.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Published values.
    pub values: Vec<ValueComparison>,
    /// Expected orderings.
    pub orders: Vec<OrderComparison>,
    /// Our metrics next to the authors' logs at equal epochs.
    pub epochs: Vec<EpochComparison>,
    /// Runs that learned nothing, with or without a claim.
    pub collapsed: Vec<CollapsedRun>,
}

/// A run that learned nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollapsedRun {
    /// Label of the run.
    pub run: String,
    /// Epoch since which this was seen.
    pub epoch: u32,
    /// How it was seen.
    pub collapse: Collapse,
}

impl CollapsedRun {
    /// The collapsed ones among `rows`.
    pub fn all(rows: &[RunRow]) -> Vec<Self> {
        let of = |row: &RunRow| {
            Some(Self { run: row.label.clone(), epoch: row.collapsed_since()?, collapse: row.collapsed()? })
        };
        rows.iter().filter_map(of).collect()
    }
}

/// A sentence without a full stop, such as ``W collapsed: it predicts the class `neg` for every validation text, seen
/// since epoch 7``.
impl fmt::Display for CollapsedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} collapsed: {}, seen since epoch {}", self.run, self.collapse, self.epoch)
    }
}

impl Comparison {
    /// The claims and comparisons about one part of the experiment; with `None`, those about several parts or no run.
    #[must_use]
    pub fn of_part(&self, part: Option<&str>) -> Self {
        Self {
            values: self.values.iter().filter(|line| line.part.as_deref() == part).cloned().collect(),
            orders: self.orders.iter().filter(|line| line.part.as_deref() == part).cloned().collect(),
            epochs: self.epochs.iter().filter(|line| Some(line.part.as_str()) == part).cloned().collect(),
            collapsed: Vec::new(),
        }
    }

    /// Whether a claim is off or about a collapsed run, except for orderings that the authors' own figures contradict.
    pub fn fails(&self) -> bool {
        self.values.iter().any(|line| line.verdict.fails()) || self.orders.iter().any(OrderComparison::fails)
    }

    /// The claims about several seeds.
    fn over_seeds(&self) -> impl Iterator<Item = &SeedTest> {
        let values = self.values.iter().filter_map(|line| line.test.as_ref());
        values.chain(self.orders.iter().filter_map(|line| line.test.as_ref()))
    }

    /// Number of claims that are tested over several seeds, whose p-values are corrected together.
    pub fn tested(&self) -> usize {
        self.over_seeds().filter(|test| test.p.is_some()).count()
    }

    /// Whether a claim is about single runs, and judged by an estimate of their noise.
    pub fn has_single(&self) -> bool {
        let judged = |verdict: &Verdict| !matches!(verdict, Verdict::NotMeasured { .. } | Verdict::Collapsed { .. });
        self.values.iter().any(|line| line.test.is_none() && judged(&line.verdict))
            || self.orders.iter().any(|line| line.test.is_none() && judged(&line.verdict))
    }

    /// How the claims are tested over several seeds, in a few sentences; `None` if none is about several seeds.
    pub fn method(&self) -> Option<String> {
        let constant = self.over_seeds().count() - self.tested();
        let claims = match self.tested() {
            0 if constant == 0 => return None,
            0 => {
                return Some("The claims over several seeds compare constants: they are not tested.".to_owned());
            }
            1 => "the only claim tested".to_owned(),
            n => format!("the {n} claims tested at once"),
        };
        let constant = match constant {
            0 => String::new(),
            1 => " One more claim compares constants, the same in every seed (p: -): it is not tested and not counted."
                .to_owned(),
            n => format!(
                " {n} more claims compare constants, the same in every seed (p: -): they are not tested and not counted."
            ),
        };
        Some(format!(
            "Over n seeds, an ordering is judged by Welch's t test, t = (m1 - m2) / sqrt(s1²/n1 + s2²/n2) with means m and \
             standard deviations s, and the value of a run by a t test against the nearest end of its tolerance, \
             t = (m - end) / (s/√n). p is two-sided, and corrected for {claims} by Holm's method (corrected p): the k-th \
             smallest of K times K - k + 1. With corrected p below 0.05 an ordering holds (reproduced) or, the other way \
             round, is off, and a value is off; a value whose mean is within the tolerance is reproduced. Everything else is within noise: these seeds cannot decide it.{constant}"
        ))
    }

    /// Number of claims for each verdict, as text.
    pub fn tally(&self) -> String {
        let values = self.values.iter().map(|line| &line.verdict);
        Verdict::tally(values.chain(self.orders.iter().map(|line| &line.verdict)))
    }
}

/// Compares the runs with the experiment's claims and the authors' logs. A claim about an unknown metric is
/// `not measured` and gets a warning. Claims about tasks without any run are left out.
pub fn compare(experiment: &Experiment, found: &mut RunRows, authors: &Authors) -> Comparison {
    let mut comparison = Comparison::default();
    let mut unknown: Vec<String> = Vec::new();
    for expectation in experiment.expect.iter().filter(|expectation| has_task(expectation, &found.rows)) {
        let filter = expectation.r#where.clone().unwrap_or_default();
        let runs: Vec<&RunRow> = found.rows.iter().filter(|row| sparsegate_spec::matches(&row.spec, &filter)).collect();
        for claim in &expectation.claims {
            let quantity = Metric::parse(&claim.metric);
            if quantity.is_none() {
                unknown.push(claim.metric.clone());
            }
            if runs.is_empty() {
                let line = claims::unmeasured(claim, settings::describe(&filter), "no matching run");
                comparison.values.push(ValueComparison { part: named_part(&filter, &found.rows), ..line });
            }
            for point in by_point(&runs) {
                let lines = match &quantity {
                    None => {
                        let unknown = |row: &&RunRow| claims::unmeasured(claim, row.title(), "unknown metric");
                        point.iter().map(unknown).collect()
                    }
                    Some(quantity) => claims::lines(claim, quantity, &point, &found.rows, authors, expectation.seeds),
                };
                let part = Some(point[0].spec.part().to_owned());
                comparison.values.extend(lines.into_iter().map(|line| ValueComparison { part: part.clone(), ..line }));
            }
        }
        if let Some(order) = &expectation.claim {
            unknown.extend(
                order.less.iter().filter(|one| Metric::parse(&one.metric).is_none()).map(|one| one.metric.clone()),
            );
            let mut line = orders::line(order, &found.rows, authors, expectation.seeds);
            line.part = part_of_order(order, &found.rows);
            comparison.orders.push(line);
        }
    }
    let covered = found.rows.iter().filter_map(|row| Some((row, authors.comparable(&row.spec)?)));
    comparison.epochs = covered.flat_map(|(row, authors)| epoch_lines(row, authors)).collect();
    comparison.collapsed = CollapsedRun::all(&found.rows);
    seed_tests::correct(&mut comparison);
    unknown.sort();
    unknown.dedup();
    for name in unknown {
        found.warnings.push(format!(
            "{}: a claim names the unknown metric `{name}`; known are {}",
            experiment.file,
            sparsegate_spec::metrics().join(", ")
        ));
    }
    comparison
}

/// Whether all tasks that an expectation names have runs among `rows`: a part of an experiment leaves out the others.
fn has_task(expectation: &Expectation, rows: &[RunRow]) -> bool {
    let sides = expectation.claim.iter().flat_map(|order| &order.less).map(|side| &side.r#where);
    let known = |wanted: &Value| {
        let names = |name: &Value| rows.iter().any(|row| row.spec.task.as_deref() == name.as_str());
        wanted.as_array().map_or_else(|| names(wanted), |several| several.iter().any(names))
    };
    expectation.r#where.iter().chain(sides).filter_map(|filter| filter.get("task")).all(known)
}

/// The part that a filter names: its task or data set, if any run has it.
fn named_part(filter: &BTreeMap<String, Value>, rows: &[RunRow]) -> Option<String> {
    let name = filter.get("task").or_else(|| filter.get("dataset")).and_then(Value::as_str)?;
    rows.iter().any(|row| row.spec.part() == name).then(|| name.to_owned())
}

/// The part that all runs on both sides of an ordering belong to; without any run, the one that both sides name.
fn part_of_order(order: &OrderClaim, rows: &[RunRow]) -> Option<String> {
    let of_side = |side: &MetricRef| {
        let mut parts = rows.iter().filter(|row| sparsegate_spec::matches(&row.spec, &side.r#where));
        let first = match parts.next() {
            None => return named_part(&side.r#where, rows),
            Some(row) => row.spec.part(),
        };
        parts.all(|row| row.spec.part() == first).then(|| first.to_owned())
    };
    let [small, large] = &order.less;
    of_side(small).filter(|part| of_side(large).as_ref() == Some(part))
}

/// The runs of each point, points and runs in order of appearance.
fn by_point<'a>(runs: &[&'a RunRow]) -> Vec<Vec<&'a RunRow>> {
    let mut points: Vec<Vec<&RunRow>> = Vec::new();
    for row in runs {
        match points.iter_mut().find(|point| point[0].point == row.point) {
            Some(point) => point.push(row),
            None => points.push(vec![row]),
        }
    }
    points
}

fn epoch_lines(row: &RunRow, authors: &AuthorsLogs) -> Vec<EpochComparison> {
    let (Some(ours), Some(last)) = (row.last(), authors.last_epoch(row.level())) else { return Vec::new() };
    let Some(theirs) = authors.epoch(row.level(), ours.epoch) else { return Vec::new() };
    let quality = theirs.metric.into_iter().flat_map(|metric| {
        let name = metric.short_name();
        [(format!("valid {name}"), Metric::Valid(Some(metric))), (format!("test {name}"), Metric::Test(Some(metric)))]
    });
    let sizes = [
        ("compression", Metric::Compression),
        ("gates kept", Metric::Gates),
        ("hidden units kept", Metric::Neurons),
        ("embedding dimensions kept", Metric::Inputs),
        ("vocabulary kept", Metric::Vocabulary),
    ];
    // A dense network keeps everything, by definition.
    let sizes = sizes.into_iter().filter(|_| row.is_sparse()).map(|(name, quantity)| (name.to_owned(), quantity));
    quality
        .chain(sizes)
        .filter_map(|(name, quantity)| {
            let (ours_value, theirs) = (quantity.ours(ours, row.metric)?, quantity.theirs(theirs)?);
            let (run, epoch, of) = (row.title(), ours.epoch, last.epoch);
            let part = row.spec.part().to_owned();
            Some(EpochComparison { part, run, epoch, of, name, quantity, ours: ours_value, theirs })
        })
        .collect()
}

/// Relative difference for tables, such as `+3.2 %`.
pub fn difference(ours: f64, theirs: f64) -> String {
    number::relative(ours, theirs)
}
