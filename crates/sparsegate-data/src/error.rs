//! What can go wrong between a manifest and a mini-batch.

use camino::Utf8PathBuf;

use super::Manifest;
use sparsegate_spec::SpecError;

/// An error of a data set: its manifest, its files or its streams.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No manifest of that name.
    #[error("no dataset `{name}`: {folder} has no {name}.yaml{}", known_names(.known))]
    UnknownDataset {
        /// The name asked for.
        name: String,
        /// Where manifests live.
        folder: Utf8PathBuf,
        /// Names of the manifests that are there, sorted.
        known: Vec<String>,
    },
    /// A manifest that is not YAML, or not of a manifest's shape.
    #[error(transparent)]
    ManifestSyntax(#[from] SpecError),
    /// A manifest whose values contradict each other.
    #[error("{file}: {field}: {problem}")]
    InvalidManifest {
        /// The manifest.
        file: Utf8PathBuf,
        /// Path of the value, such as `files.train.sha256`.
        field: String,
        /// What is wrong and how to mend it.
        problem: String,
    },
    /// A file of the data set is not in the cache.
    #[error(
        "{file} is not there; get it with `sparsegate data fetch {dataset}`, or, with a copy at hand, with \
         `sparsegate data fetch {dataset} --mirror DIR` (or SPARSEGATE_MIRROR=DIR) or `sparsegate data import {dataset} FILE...`"
    )]
    Missing {
        /// The file expected.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
    },
    /// A file of another size than the manifest says.
    #[error("{file} has {actual} bytes where the manifest of {dataset} says {expected}; {cure}")]
    WrongSize {
        /// The file.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
        /// Size by the manifest, bytes.
        expected: u64,
        /// Size found, bytes.
        actual: u64,
        /// How to mend it.
        cure: String,
    },
    /// A file of the right size with other contents.
    #[error("{file} was altered: its sha256 is {actual}, the manifest of {dataset} says {expected}; {cure}")]
    Altered {
        /// The file.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
        /// Checksum by the manifest, lower-case hex.
        expected: String,
        /// Checksum found, lower-case hex.
        actual: String,
        /// How to mend it.
        cure: String,
    },
    /// A file that nobody serves is to be downloaded.
    #[error(
        "{file} is not there, and the manifest of {dataset} knows no public address of it; with a copy at hand, get it with \
         `sparsegate data import {dataset} FILE...` or `sparsegate data fetch {dataset} --mirror DIR|URL`"
    )]
    NoAddress {
        /// The file expected.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
    },
    /// A server answered, but not with the file.
    #[error("{url} answered with HTTP status {status}; {cure}")]
    HttpStatus {
        /// The address asked.
        url: String,
        /// The status code.
        status: u16,
        /// How to mend it.
        cure: String,
    },
    /// No server answered, or the connection broke.
    #[error(
        "failed to download {url}: {message}; check the connection and run the command again (a partial download goes on \
         where it stopped), or name a copy with --mirror DIR|URL"
    )]
    Network {
        /// The address asked.
        url: String,
        /// What the HTTP client says.
        message: String,
    },
    /// A mirror folder without one of the files.
    #[error("the mirror has no {file}, which {dataset} needs; a mirror holds each file under the manifest's `path`")]
    NotInMirror {
        /// The file looked for.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
    },
    /// A data set that is generated has no files to fetch or import.
    #[error("{dataset} is generated and has no files to import")]
    Generated {
        /// The data set.
        dataset: String,
    },
    /// An offered file that is none of the data set's.
    #[error("{file} is none of the files of {dataset}: {reason}")]
    NotAFileOf {
        /// The file offered.
        file: Utf8PathBuf,
        /// The data set.
        dataset: String,
        /// What its files look like.
        reason: String,
    },
    /// A file that does not read as its reader expects.
    #[error("{file}:{line}: {problem}")]
    Malformed {
        /// The file.
        file: Utf8PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// Pretrained vectors in binary form that do not read as their manifest says.
    #[error("{file}: entry {entry}, byte {byte}: {problem}")]
    MalformedEntry {
        /// The file.
        file: Utf8PathBuf,
        /// Which word and vector, from 1; 0 for the header.
        entry: u64,
        /// Where it begins, from 0.
        byte: u64,
        /// What is wrong.
        problem: String,
    },
    /// Pretrained vectors named as a data set, or the other way round.
    #[error("`{name}` (reader {reader}) {problem}")]
    WrongUse {
        /// The manifest.
        name: String,
        /// Its reader.
        reader: &'static str,
        /// What it cannot be used for, and what to write.
        problem: String,
    },
    /// A classifier without labels, or a language model of labelled texts.
    #[error(
        "the data set `{name}` is {}", if *.labelled {
            "made of labelled texts; write `model.kind: classification`, or name a data set that is one stream of symbols"
        } else {
            "one stream of symbols without labels; write `model.kind: language-model`, or name a data set of labelled texts"
        }
    )]
    WrongKind {
        /// The data set.
        name: String,
        /// Whether it has labels.
        labelled: bool,
    },
    /// Pretrained vectors of another size than the embedding.
    #[error(
        "the vectors of `{name}` have {size} numbers and model.embedding.size is {wanted}; write `model.embedding.size: {size}` \
         or name other vectors"
    )]
    VectorSize {
        /// The manifest.
        name: String,
        /// Its vectors' size.
        size: usize,
        /// `model.embedding.size`.
        wanted: usize,
    },
    /// A text or row that does not read as its reader expects.
    #[error("{file}: {place}: {problem}")]
    BadRecord {
        /// The file.
        file: Utf8PathBuf,
        /// The row, or the file in an archive.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A file that does not, as a whole, hold what its reader expects.
    #[error("{file}: {problem}")]
    Unusable {
        /// The file.
        file: Utf8PathBuf,
        /// What is wrong and how to mend it.
        problem: String,
    },
    /// A spec asks for a way of reading that the data set does not have.
    #[error("reading.{key} does not fit the data set {dataset}: {problem}")]
    UnfitReading {
        /// Key of the spec under `reading`.
        key: &'static str,
        /// The data set.
        dataset: String,
        /// Why not and what to do.
        problem: &'static str,
    },
    /// A stream that does not fill one mini-batch.
    #[error(
        "a stream of {symbols} symbols is too short: batch {batch} and sequence {sequence} need at least {needed}; lower \
         train.batch or train.sequence"
    )]
    StreamTooShort {
        /// Symbols in the stream.
        symbols: usize,
        /// Symbols needed.
        needed: usize,
        /// `train.batch`.
        batch: usize,
        /// `train.sequence`.
        sequence: usize,
    },
    /// Zero rows or zero steps.
    #[error("train.{key} is 0; it must be at least 1")]
    ZeroSize {
        /// `batch` or `sequence`.
        key: &'static str,
    },
    /// The file system refused; the message names the file.
    #[error("{}", with_cure(.0))]
    Io(std::io::Error),
}

impl From<std::io::Error> for DataError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl DataError {
    /// Pretrained vectors where a data set is wanted.
    pub(super) fn not_a_dataset(manifest: &Manifest) -> Self {
        let problem = "holds pretrained vectors, no texts; name a data set under `dataset`, and these under \
                       `model.embedding.vectors`";
        Self::WrongUse { name: manifest.name.clone(), reader: manifest.reader.key(), problem: problem.into() }
    }

    /// A data set where pretrained vectors are wanted.
    pub(super) fn not_vectors(manifest: &Manifest) -> Self {
        let problem = "holds no pretrained vectors; under `model.embedding.vectors` name a manifest with the reader \
                       glove-text or word2vec-binary, or write `none`";
        Self::WrongUse { name: manifest.name.clone(), reader: manifest.reader.key(), problem: problem.into() }
    }

    /// Whether the cure is in a spec, a manifest or on the command line (exit code 2), and not in the data (4).
    pub fn is_users_mistake(&self) -> bool {
        matches!(
            self,
            Self::UnknownDataset { .. }
                | Self::ManifestSyntax(_)
                | Self::InvalidManifest { .. }
                | Self::Generated { .. }
                | Self::WrongUse { .. }
                | Self::WrongKind { .. }
                | Self::VectorSize { .. }
                | Self::UnfitReading { .. }
                | Self::StreamTooShort { .. }
                | Self::ZeroSize { .. }
        )
    }
}

fn known_names(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) }
}

/// The error, and what to do about a file system that refuses.
fn with_cure(error: &std::io::Error) -> String {
    let cure = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "; free some space or name another cache folder with SPARSEGATE_CACHE"
        }
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "; make it writable or name another cache folder with SPARSEGATE_CACHE"
        }
        _ => "",
    };
    format!("{error}{cure}")
}
