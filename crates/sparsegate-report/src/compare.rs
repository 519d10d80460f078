//! Ours beside the published figures: the `expect:` claims of a spec, and both runs at the same epoch.

use sparsegate_spec::Experiment;

use super::authors::Authors;
use super::claims::{self, ValueLine};
use super::metric::{self, Metric};
use super::orders::{self, OrderLine};
use super::rows::{Row, Rows};
use super::verdict::Verdict;
use super::{facets, number};

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
    pub name: String,
    /// The quantity.
    pub quantity: Metric,
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

impl Comparison {
    /// Whether a claim is off that the authors' own figures do not contradict.
    pub fn fails(&self) -> bool {
        self.values.iter().any(|line| line.verdict == Verdict::Off) || self.orders.iter().any(OrderLine::fails)
    }

    /// How many claims got which verdict, in words.
    pub fn tally(&self) -> String {
        let values = self.values.iter().map(|line| &line.verdict);
        Verdict::tally(values.chain(self.orders.iter().map(|line| &line.verdict)))
    }
}

/// Holds the runs against the experiment's claims and the authors' logs. Claims that name no known quantity are
/// `not measured` and get a warning.
pub fn compare(experiment: &Experiment, found: &mut Rows, authors: Option<&Authors>) -> Comparison {
    let mut comparison = Comparison::default();
    let mut unknown: Vec<String> = Vec::new();
    for expectation in &experiment.expect {
        let filter = expectation.r#where.clone().unwrap_or_default();
        let runs: Vec<&Row> = found.rows.iter().filter(|row| sparsegate_spec::matches(&row.spec, &filter)).collect();
        for claim in &expectation.claims {
            let quantity = Metric::parse(&claim.metric);
            if quantity.is_none() {
                unknown.push(claim.metric.clone());
            }
            if runs.is_empty() {
                comparison.values.push(claims::unmeasured(claim, facets::describe(&filter), "no such run here"));
            }
            for row in &runs {
                comparison.values.push(match &quantity {
                    Some(quantity) => claims::line(claim, quantity, row, &found.rows, authors),
                    None => claims::unmeasured(claim, row.title(), "no such quantity"),
                });
            }
        }
        if let Some(order) = &expectation.claim {
            unknown.extend(
                order.less.iter().filter(|one| Metric::parse(&one.metric).is_none()).map(|one| one.metric.clone()),
            );
            comparison.orders.push(orders::line(order, &found.rows, authors));
        }
    }
    if let Some(authors) = authors {
        let covered = found.rows.iter().filter(|row| Authors::cover(&row.spec));
        comparison.epochs = covered.flat_map(|row| epoch_lines(row, authors)).collect();
    }
    unknown.sort();
    unknown.dedup();
    for name in unknown {
        found.warnings.push(format!(
            "{}: a claim is about `{name}`, which no run measures; known are {}",
            experiment.file,
            sparsegate_spec::metrics().join(", ")
        ));
    }
    comparison
}

fn epoch_lines(row: &Row, authors: &Authors) -> Vec<EpochLine> {
    let (Some(ours), Some(last)) = (row.last(), authors.final_of(row.level())) else { return Vec::new() };
    let Some(theirs) = authors.at(row.level(), ours.epoch) else { return Vec::new() };
    let of_name = |make: fn(Option<String>) -> Metric| make(Some(theirs.metric.clone()));
    let name = metric::short_name(&theirs.metric);
    let quality = [(format!("valid {name}"), of_name(Metric::Valid)), (format!("test {name}"), of_name(Metric::Test))];
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
        .into_iter()
        .chain(sizes)
        .filter_map(|(name, quantity)| {
            let (ours_value, theirs) = (quantity.ours(ours, row.metric.as_deref())?, quantity.theirs(theirs)?);
            let (run, epoch, of) = (row.title(), ours.epoch, last.epoch);
            Some(EpochLine { run, epoch, of, name, quantity, ours: ours_value, theirs })
        })
        .collect()
}

/// `+3.2 %`, for tables.
pub fn difference(ours: f64, theirs: f64) -> String {
    number::relative(ours, theirs)
}
