//! Checks that the compact model reproduces its run's metric on the whole test set.

use camino::Utf8Path;
use sparsegate_runtime::model::Task;
use sparsegate_runtime::runtime::{Options, Runtime};

use super::target::BenchTarget;
use crate::cli::CliError;
use sparsegate_compact::{Details, evaluate};
use sparsegate_data::{Sources, eval_batches};

/// Largest relative difference of the two metrics; both are sums of single-precision log probabilities.
const TOLERANCE: f64 = 1e-5;

/// A line with both values; `None` if the model belongs to no run or the data set is not available.
///
/// # Errors
/// The values differ by more than rounding: the times would be those of another network.
pub fn line(root: &Utf8Path, target: &BenchTarget) -> Result<Option<String>, CliError> {
    let Some(record) = target.dir.as_ref().and_then(|dir| dir.record().ok().flatten()) else { return Ok(None) };
    let Ok(details) = serde_json::from_str::<Details>(&target.file.details) else { return Ok(None) };
    let sources = Sources::load(root, &record.spec.dataset, [&record.spec]);
    let Ok(corpus) = sources.and_then(|sources| sparsegate_data::load(root, &sources.dataset, record.spec.reading))
    else {
        return Ok(None);
    };
    let [_, test] = eval_batches(&corpus, &record.spec.train)?;
    let runtime = Runtime::new(&target.model, &Options::default()).map_err(CliError::data)?;
    let classifies = target.model.task == Task::Classification;
    let evaluation = evaluate(&runtime, classifies, test.as_ref());
    if !evaluation.nats.is_finite() {
        let problem = format!("the compact model of {} has outputs on the test set that are not finite", target.name);
        return Err(CliError::data(problem).help("train the run again with a lower learning rate"));
    }
    let ours = corpus.unit.value(&evaluation);
    let (metric, theirs) = (corpus.unit.metric(), details.run.test);
    if (ours - theirs).abs() <= TOLERANCE * theirs.abs() {
        Ok(Some(format!("{metric} over the test set: {ours:.6}; of the run: {theirs:.6}\n")))
    } else {
        let problem = format!("the compact model of {} reaches a {metric} of {ours}, its run {theirs}", target.name);
        Err(CliError::failed(problem).help(
            "have the data changed since? if not, delete its compact.safetensors: the next command makes it again",
        ))
    }
}
