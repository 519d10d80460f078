//! Downloads and checks the data of a sweep before any run starts.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::{ExperimentPlan, SweepError, SweepOptions};
use crate::train::RunData;
use sparsegate_data::{Corpus, DataError, Manifest};
use sparsegate_spec::types::{Reading, RunSpec};

/// Downloads and checks the data and vectors of `runs`, including that they suffice for each run's batches. Does
/// nothing if there are no runs.
pub(super) fn get<'a>(
    root: &Utf8Path,
    planned: &ExperimentPlan,
    runs: impl IntoIterator<Item = &'a RunSpec>,
    options: &SweepOptions,
) -> Result<(), SweepError> {
    let mut runs = runs.into_iter().peekable();
    if runs.peek().is_none() {
        return Ok(());
    }
    let manifest = &planned.sources.dataset;
    fetch(root, options, manifest, || sparsegate_data::load(root, manifest, Reading::default()).err())?;
    let mut read = BTreeSet::new();
    let mut loaded: Option<(Reading, Corpus)> = None;
    for spec in runs {
        let (_, corpus) = match loaded.take().filter(|(reading, _)| *reading == spec.reading) {
            Some(same) => loaded.insert(same),
            None => loaded.insert((spec.reading, sparsegate_data::load(root, manifest, spec.reading)?)),
        };
        let data = RunData::new(spec, corpus)?;
        (data.train)(0)?;
        if let Some(vectors) = planned.sources.vectors_of(spec).filter(|vectors| read.insert(&vectors.name)) {
            let load = || sparsegate_data::load_vectors(root, vectors, &corpus.vocabulary);
            fetch(root, options, vectors, || load().err())?;
            load()?;
        }
    }
    Ok(())
}

/// Downloads missing files, unless `offline` is set; `wrong` returns the error of the cached files, if any.
fn fetch(
    root: &Utf8Path,
    options: &SweepOptions,
    manifest: &Manifest,
    wrong: impl FnOnce() -> Option<DataError>,
) -> Result<(), SweepError> {
    if options.offline {
        return Ok(());
    }
    sparsegate_data::fetch(root, manifest, options.mirror.as_deref(), &()).map_err(|error| {
        // An altered file is fetched again. If that fails, the alteration is the error to report.
        match wrong() {
            Some(altered @ (DataError::Altered { .. } | DataError::WrongSize { .. })) => {
                SweepError::NotFetchedAgain { altered: Box::new(altered), fetch: Box::new(error) }
            }
            _ => SweepError::Data(error),
        }
    })?;
    Ok(())
}
