//! Errors of a sweep.

use crate::start_from::StartError;
use sparsegate_data::DataError;
use sparsegate_nn::engine::OpenError;
use sparsegate_spec::SpecError;
use sparsegate_store::StoreError;
use sparsegate_store::plan::PlanError;

/// A sweep that cannot be planned or prepared. The failure of a single run is an [outcome](crate::exec::Outcome)
/// instead.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// An error in an experiment file, an override or a filter.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A data set or pretrained vectors that are missing, wrong, or do not fit the runs.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file of a data set was altered, and fetching it again failed.
    #[error("{altered}")]
    NotFetchedAgain {
        /// What is wrong with the file.
        altered: Box<DataError>,
        /// Why it could not be fetched.
        fetch: Box<DataError>,
    },
    /// The chosen backend, or all backends of the runs, cannot be opened.
    #[error(transparent)]
    Backend(#[from] OpenError),
    /// A run that cannot start, because the run that it starts from is not available.
    #[error("run {run} cannot start: {error}")]
    Start {
        /// Key and level of the run.
        run: String,
        /// What is wrong with the other one.
        error: StartError,
    },
    /// The stored runs cannot be listed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The folder of a finished run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SweepError {
    /// A hint how to fix it, for errors whose message has none.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Spec(error) => error.hint().map(str::to_owned),
            Self::Backend(error) => Some(error.hint()),
            Self::NotFetchedAgain { fetch, .. } => Some(format!("fetching it again failed: {fetch}")),
            Self::Data(_) | Self::Start { .. } | Self::Plan(_) | Self::Store(_) => None,
        }
    }
}
