//! Errors of manifests, data files and batching.

use camino::Utf8PathBuf;

use super::Manifest;
use sparsegate_spec::SpecError;

/// An error of a data set: its manifest, its files or its streams.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// There is no manifest with the given name.
    #[error("no dataset `{name}`: {folder} has no {name}.yaml{}", known_names(.known))]
    UnknownDataset {
        /// The name asked for.
        name: String,
        /// The folder of the manifests.
        folder: Utf8PathBuf,
        /// Names of the existing manifests, sorted.
        known: Vec<String>,
    },
    /// A manifest that is not valid YAML or does not match the manifest schema.
    #[error(transparent)]
    ManifestSyntax(#[from] SpecError),
    /// A manifest whose values contradict each other.
    #[error("{file}: {field}: {problem}")]
    InvalidManifest {
        /// The manifest.
        file: Utf8PathBuf,
        /// Path of the value, such as `files.train.sha256`.
        field: String,
        /// What is wrong and how to fix it.
        problem: String,
    },
    /// A file of the data set is not in the cache.
    #[error(
        "{file} is missing; download it with `sparsegate data fetch {dataset}`, or, if you have a copy, use \
         `sparsegate data fetch {dataset} --mirror DIR` (or SPARSEGATE_MIRROR=DIR) or `sparsegate data import {dataset} FILE...`"
    )]
    Missing {
        /// The file expected.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
    },
    /// A file whose size differs from the manifest.
    #[error("{file} has {actual} bytes where the manifest of {dataset} says {expected}; {cure}")]
    WrongSize {
        /// The file.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
        /// Size in the manifest, bytes.
        expected: u64,
        /// Size found, bytes.
        actual: u64,
        /// How to fix it.
        cure: String,
    },
    /// A file with the right size and a wrong checksum.
    #[error("{file} was altered: its sha256 is {actual}, the manifest of {dataset} says {expected}; {cure}")]
    Altered {
        /// The file.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
        /// Checksum in the manifest, lower-case hex.
        expected: String,
        /// Checksum found, lower-case hex.
        actual: String,
        /// How to fix it.
        cure: String,
    },
    /// A file without a public address cannot be downloaded.
    #[error(
        "{file} is missing, and the manifest of {dataset} has no public address for it; if you have a copy, use \
         `sparsegate data import {dataset} FILE...` or `sparsegate data fetch {dataset} --mirror DIR|URL`"
    )]
    NoAddress {
        /// The file expected.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
    },
    /// A server answered with an unexpected HTTP status.
    #[error("{url} answered with HTTP status {status}; {cure}")]
    HttpStatus {
        /// The address asked.
        url: String,
        /// The status code.
        status: u16,
        /// How to fix it.
        cure: String,
    },
    /// The connection failed or broke off.
    #[error(
        "failed to download {url}: {message}; check the connection and run the command again (a partial download goes on \
         where it stopped), or name a copy with --mirror DIR|URL"
    )]
    Network {
        /// The address asked.
        url: String,
        /// Message of the HTTP client.
        message: String,
    },
    /// A mirror folder lacks one of the files.
    #[error("the mirror has no {file}, which {dataset} needs; a mirror holds each file under the manifest's `path`")]
    NotInMirror {
        /// The file looked for.
        file: Utf8PathBuf,
        /// The data set that needs it.
        dataset: String,
    },
    /// A synthetic data set is generated and has no files to import.
    #[error("{dataset} is generated and has no files to import")]
    Generated {
        /// The data set.
        dataset: String,
    },
    /// A file to import that does not belong to the data set.
    #[error("{file} is not one of the files of {dataset}: {reason}")]
    NotAFileOf {
        /// The file to import.
        file: Utf8PathBuf,
        /// The data set.
        dataset: String,
        /// Why it does not match.
        reason: String,
    },
    /// A line that is not in the format its reader expects.
    #[error("{file}:{line}: {problem}")]
    Malformed {
        /// The file.
        file: Utf8PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// Pretrained vectors in word2vec's binary format that do not match their manifest or are damaged.
    #[error("{file}: entry {entry}, byte {byte}: {problem}")]
    MalformedEntry {
        /// The file.
        file: Utf8PathBuf,
        /// Number of the entry (a word and its vector), from 1; 0 for the header.
        entry: u64,
        /// Byte offset of the entry, from 0.
        byte: u64,
        /// What is wrong.
        problem: String,
    },
    /// Pretrained vectors used as a data set, or a data set used as pretrained vectors.
    #[error("`{name}` (reader {reader}) {problem}")]
    WrongUse {
        /// The manifest.
        name: String,
        /// Key of its reader.
        reader: &'static str,
        /// What it cannot be used for, and what to write.
        problem: String,
    },
    /// A classifier on a data set without labels, or a language model on labelled texts.
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
    /// Pretrained vectors whose size differs from the embedding's.
    #[error(
        "the vectors of `{name}` have {size} numbers and model.embedding.size is {wanted}; write `model.embedding.size: {size}` \
         or name other vectors"
    )]
    VectorSize {
        /// The manifest.
        name: String,
        /// Size of its vectors.
        size: usize,
        /// `model.embedding.size`.
        wanted: usize,
    },
    /// A row of a table, or a text in an archive, that is not in the format its reader expects.
    #[error("{file}: {place}: {problem}")]
    BadRecord {
        /// The file.
        file: Utf8PathBuf,
        /// The row, or the name of the file in the archive.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A file whose contents as a whole are not what its reader expects.
    #[error("{file}: {problem}")]
    Unusable {
        /// The file.
        file: Utf8PathBuf,
        /// What is wrong and how to fix it.
        problem: String,
    },
    /// A spec sets a `reading` option that does not apply to the data set.
    #[error("reading.{key} does not fit the data set {dataset}: {problem}")]
    UnfitReading {
        /// Key under `reading` in the spec.
        key: &'static str,
        /// The data set.
        dataset: String,
        /// Why it does not apply, and what to do.
        problem: &'static str,
    },
    /// A stream that is too short for one mini-batch.
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
    /// A batch size or sequence length of zero.
    #[error("train.{key} is 0; it must be at least 1")]
    ZeroSize {
        /// `batch` or `sequence`.
        key: &'static str,
    },
    /// A file system error; the message names the file.
    #[error("{}", with_cure(.0))]
    Io(std::io::Error),
}

impl From<std::io::Error> for DataError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl DataError {
    /// Pretrained vectors where a data set is needed.
    pub(super) fn not_a_dataset(manifest: &Manifest) -> Self {
        let problem = "holds pretrained vectors, not texts; name a data set under `dataset`, and the vectors under \
                       `model.embedding.vectors`";
        Self::WrongUse { name: manifest.name.clone(), reader: manifest.reader.key(), problem: problem.into() }
    }

    /// A data set where pretrained vectors are needed.
    pub(super) fn not_vectors(manifest: &Manifest) -> Self {
        let problem = "holds no pretrained vectors; under `model.embedding.vectors` name a manifest with the reader \
                       glove-text, word2vec-text or word2vec-binary, or write `none`";
        Self::WrongUse { name: manifest.name.clone(), reader: manifest.reader.key(), problem: problem.into() }
    }

    /// Whether the user must change a spec, a manifest or the command line (exit code 2) rather than the data (4).
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

/// The error message, with a hint for a full or read-only file system.
fn with_cure(error: &std::io::Error) -> String {
    let cure = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "; free some space or name another cache folder with SPARSEGATE_CACHE"
        }
        std::io::ErrorKind::PermissionDenied => {
            "; change its permissions or, if it is in the cache, name another cache folder with SPARSEGATE_CACHE"
        }
        std::io::ErrorKind::ReadOnlyFilesystem => {
            "; make it writable or name another cache folder with SPARSEGATE_CACHE"
        }
        _ => "",
    };
    format!("{error}{cure}")
}
