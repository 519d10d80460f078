//! Errors of writing a report.

use camino::{Utf8Path, Utf8PathBuf};

use sparsegate_store::StoreError;

use super::scene::DrawError;

/// A report that was not written. Existing files of the folder are unchanged, except that [`ReportError::Write`] may
/// occur after some of them were replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No run of the experiment's plan has a folder.
    #[error("no run of `{experiment}` is stored under {root}; train it first: `sparsegate run {spec}`")]
    NothingStored {
        /// The experiment.
        experiment: String,
        /// The root under which runs were searched for.
        root: Utf8PathBuf,
        /// The experiment's file.
        spec: Utf8PathBuf,
    },
    /// The experiment's run folders cannot be listed.
    #[error("reading the runs of `{experiment}`")]
    Store {
        /// The experiment.
        experiment: String,
        /// The store's error.
        #[source]
        source: StoreError,
    },
    /// The authors' figures cannot be used.
    #[error("reading the authors' figures in {file}: {problem}; `source: authors:` in {spec} names the file")]
    AuthorsLogs {
        /// The CSV file.
        file: Utf8PathBuf,
        /// The experiment's file.
        spec: Utf8PathBuf,
        /// The reason.
        problem: String,
    },
    /// A file of the report cannot be written.
    #[error("writing the report to {out}; choose another folder with `--out DIR` if this one is not writable")]
    Write {
        /// The report's folder.
        out: Utf8PathBuf,
        /// The system's error, which names the file.
        #[source]
        source: std::io::Error,
    },
    /// A table cannot be encoded.
    #[error("encoding {file}")]
    Encode {
        /// The file.
        file: String,
        /// The error of polars.
        #[source]
        source: polars::error::PolarsError,
    },
    /// A figure cannot be drawn.
    #[error("drawing {figure}")]
    Draw {
        /// The figure's name.
        figure: String,
        /// The error of the drawing backend.
        #[source]
        source: DrawError,
    },
}

impl ReportError {
    /// Wraps an error of polars about one of the report's tables.
    pub(super) fn encode(file: &str) -> impl Fn(polars::error::PolarsError) -> Self + '_ {
        move |source| Self::Encode { file: file.to_owned(), source }
    }

    /// Wraps an I/O error of the report's own files.
    pub(super) fn write(out: &Utf8Path) -> impl Fn(std::io::Error) -> Self + '_ {
        move |source| Self::Write { out: out.to_owned(), source }
    }
}
