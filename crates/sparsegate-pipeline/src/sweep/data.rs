//! Downloads and checks the data of a sweep before any run starts.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::{ExperimentPlan, SweepError, SweepOptions};
use sparsegate_data::{DataError, Manifest, Sizes, Sources, check_batches};
use sparsegate_spec::types::{Reading, RunSpec};

/// Downloads and checks the data and vectors of `runs`, including that they suffice for each run's batches. Does
/// nothing if there are no runs.
///
/// The data set is loaded only if it was never encoded before, and then the runs find it encoded. Otherwise its sizes
/// suffice, since each run loads and checks it again.
pub(super) fn get<'a>(
    root: &Utf8Path,
    planned: &ExperimentPlan,
    runs: impl IntoIterator<Item = &'a RunSpec>,
    options: &SweepOptions,
) -> Result<(), SweepError> {
    let mut of_dataset: BTreeMap<&str, Vec<&RunSpec>> = BTreeMap::new();
    for run in runs {
        of_dataset.entry(&run.dataset).or_default().push(run);
    }
    let sources = |dataset| Some((of_dataset.get(dataset)?, planned.sources.get(dataset)?));
    planned
        .experiment
        .datasets()
        .into_iter()
        .filter_map(sources)
        .try_for_each(|(runs, sources)| of_one(root, sources, runs, options))
}

/// The same for runs of one data set.
fn of_one(root: &Utf8Path, sources: &Sources, runs: &[&RunSpec], options: &SweepOptions) -> Result<(), SweepError> {
    let manifest = &sources.dataset;
    fetch(root, options, manifest)?;
    let mut read = BTreeSet::new();
    let mut known: Option<(Reading, Sizes)> = None;
    for spec in runs {
        let (_, sizes) = match known.take().filter(|(reading, _)| *reading == spec.reading) {
            Some(same) => known.insert(same),
            None => known.insert((spec.reading, sparsegate_data::sizes(root, manifest, spec.reading)?)),
        };
        check_batches(sizes, &spec.train)?;
        if let Some(vectors) = sources.vectors_of(spec).filter(|vectors| read.insert(&vectors.name)) {
            fetch(root, options, vectors)?;
            sparsegate_data::load_vectors(root, vectors, &sizes.vocabulary)?;
        }
    }
    Ok(())
}

/// Downloads missing files and checks all; with `offline`, only checks them.
fn fetch(root: &Utf8Path, options: &SweepOptions, manifest: &Manifest) -> Result<(), SweepError> {
    if options.offline {
        return Ok(sparsegate_data::verify(root, manifest)?);
    }
    sparsegate_data::fetch(root, manifest, options.mirror.as_deref(), &()).map_err(|error| {
        // An altered file is fetched again. If that fails, the alteration is the error to report.
        match sparsegate_data::verify(root, manifest) {
            Err(altered @ (DataError::Altered { .. } | DataError::WrongSize { .. })) => {
                SweepError::NotFetchedAgain { altered: Box::new(altered), fetch: Box::new(error) }
            }
            _ => SweepError::Data(error),
        }
    })?;
    Ok(())
}
