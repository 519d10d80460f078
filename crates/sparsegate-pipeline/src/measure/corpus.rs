//! The data that the training steps of a run are timed on.

use camino::Utf8Path;

use super::{Lengths, UnknownSizes, synthetic_corpus};
use sparsegate_data::{Corpus, DataError, Manifest, known_sizes, load};
use sparsegate_spec::types::RunSpec;

/// There are no data to time the steps of a run on.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The sizes of the data set are not known, and its own data must not be read.
    #[error(transparent)]
    UnknownSizes(#[from] UnknownSizes),
    /// Its own data would have to be fetched first.
    #[error("its data are not at hand: `sparsegate data fetch {dataset}`")]
    NotAtHand {
        /// Name of the data set.
        dataset: String,
    },
    /// Its own data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Synthetic data of the sizes of a run's data set, if these are known. Otherwise the data set itself, if it is given,
/// as the project folder and its manifest there, and it is generated or its files are in the cache.
///
/// # Errors
/// See [`CorpusError`].
pub fn corpus_for(
    spec: &RunSpec,
    lengths: Lengths,
    itself: Option<(&Utf8Path, &Manifest)>,
) -> Result<Corpus, CorpusError> {
    let unknown = match synthetic_corpus(&spec.dataset, lengths) {
        Ok(corpus) => return Ok(corpus),
        Err(error) => error,
    };
    let Some((root, manifest)) = itself else { return Err(unknown.into()) };
    if known_sizes(root, manifest, spec.reading).is_none() {
        return Err(CorpusError::NotAtHand { dataset: spec.dataset.clone() });
    }
    Ok(load(root, manifest, spec.reading)?)
}
