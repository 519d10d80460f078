//! Bundles: stored runs in one file or folder, to be kept, published or taken to another machine.
//!
//! A bundle is a folder, or a tar archive of it, which may be compressed with zstd (`.tar.zst`):
//!
//! | path | content |
//! |---|---|
//! | `bundle.json` | the runs, and size and blake3 hash of every other file; first in an archive |
//! | `runs/KEY/` | the files of a run, as in a project |
//! | `experiments/`, `datasets/` | specs and manifests |
//! | `ro-crate-metadata.json`, `CITATION.cff` | metadata, on request |
//!
//! `docs/run-format.md` describes it for users.

mod archive;
mod citation;
mod error;
mod export;
mod import;
mod names;
mod words;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

pub use citation::Citation;
pub use error::BundleError;
pub use export::{ExportOptions, Exported, ExtraFile, export};
pub use import::{Import, ImportOutcome, import};

use super::Checksum;
use super::format::FORMAT;

/// Name of the description.
const DESCRIPTION: &str = "bundle.json";
/// Largest description that is read, in bytes: that of some 100,000 runs.
const DESCRIPTION_LIMIT: u64 = 1 << 28;

/// The content of `bundle.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Bundle {
    /// [`FORMAT`].
    format: u32,
    /// Name and version of the program that wrote it.
    program: String,
    runs: Vec<BundledRun>,
    /// All other files by their path in the bundle, with `/` on every system.
    files: BTreeMap<String, Checksum>,
    /// blake3 hash of the other fields, which tells a damaged description from a damaged file.
    checksum: String,
}

/// A run of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct BundledRun {
    key: String,
    /// The experiments that use it.
    experiments: Vec<String>,
}

impl Bundle {
    fn new(runs: Vec<BundledRun>, files: BTreeMap<String, Checksum>) -> Self {
        let program = format!("sparsegate {}", env!("CARGO_PKG_VERSION"));
        Self { format: FORMAT, program, runs, files, checksum: String::new() }.sealed()
    }

    /// The same with the checksum of the other fields.
    fn sealed(self) -> Self {
        let open = Self { checksum: String::new(), ..self };
        let text = serde_json::to_vec(&open).unwrap_or_default();
        Self { checksum: blake3::hash(&text).to_hex().to_string(), ..open }
    }

    /// Reads a description; `path` is for messages.
    ///
    /// # Errors
    /// [`BundleError::Damaged`], [`BundleError::Newer`].
    fn parse(path: &Utf8Path, bytes: &[u8]) -> Result<Self, BundleError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let damaged = |problem: String| BundleError::damaged(path, problem);
        let Version { format } = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        if format > FORMAT {
            return Err(BundleError::Newer { path: path.to_owned(), found: format });
        }
        let bundle: Self = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        if bundle.clone().sealed() != bundle {
            return Err(damaged("its checksum does not match its content".to_owned()));
        }
        if let Some(name) = bundle.files.keys().find(|name| !names::is_allowed(name)) {
            return Err(damaged(format!("it lists a file that no bundle has, {name:?}")));
        }
        if let Some(run) = bundle.runs.iter().find(|run| !names::is_allowed(&format!("runs/{}/run.json", run.key))) {
            return Err(damaged(format!("it lists a run with the key {:?}", run.key)));
        }
        let mut experiments = bundle.runs.iter().flat_map(|run| &run.experiments);
        if let Some(name) = experiments.find(|name| !names::is_file_name(name)) {
            return Err(damaged(format!("it lists an experiment with the name {name:?}")));
        }
        Ok(bundle)
    }

    /// The files of the run `key`: their paths in the bundle, names in the run's folder, and checksums.
    fn files_of(&self, key: &str) -> impl Iterator<Item = (&str, &str, &Checksum)> {
        let prefix = format!("runs/{key}/");
        self.files.iter().filter_map(move |(path, sum)| Some((path.as_str(), path.strip_prefix(&prefix)?, sum)))
    }
}

/// Whether a path names an archive rather than a folder.
fn is_archive(path: &Utf8Path) -> bool {
    path.extension() == Some("tar") || is_compressed(path)
}

fn is_compressed(path: &Utf8Path) -> bool {
    path.as_str().ends_with(".tar.zst")
}

/// A name beside `path` for what is not complete yet. Processes of two hosts or containers may have one id.
fn temporary(path: &Utf8Path) -> Utf8PathBuf {
    let (name, host) = (path.file_name().unwrap_or("bundle"), crate::provenance::host());
    let name = format!(".{name}.{host}-{}.new", std::process::id());
    path.parent().unwrap_or(Utf8Path::new("")).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_back_and_any_change_is_noticed() {
        let run = BundledRun { key: "0123456789abcdef".into(), experiments: vec!["quick".into()] };
        let sum = Checksum { bytes: 3, blake3: "00".into() };
        let files = BTreeMap::from([("runs/0123456789abcdef/run.json".to_owned(), sum)]);
        let bundle = Bundle::new(vec![run], files);
        let path = Utf8Path::new("b/bundle.json");
        let text = serde_json::to_string(&bundle).unwrap();
        assert_eq!(Bundle::parse(path, text.as_bytes()).unwrap(), bundle);
        assert_eq!(bundle.files_of("0123456789abcdef").map(|(_, name, _)| name).collect::<Vec<_>>(), ["run.json"]);
        let changed = [("\"bytes\":3", "\"bytes\":4"), ("quick", "slow"), ("\"00\"", "\"01\"")];
        for (from, to) in changed {
            let error = Bundle::parse(path, text.replace(from, to).as_bytes()).unwrap_err().to_string();
            assert!(error.contains("b/bundle.json is damaged (its checksum"), "{error}");
        }
        let newer = text.replacen(&format!("\"format\":{FORMAT}"), "\"format\":99", 1);
        assert!(matches!(Bundle::parse(path, newer.as_bytes()), Err(BundleError::Newer { found: 99, .. })));
    }

    #[test]
    fn a_description_of_files_outside_the_bundle_is_refused() {
        for (key, name) in [("0123456789abcdef", "../x"), ("../../../../abcd", "experiments/a.yaml")] {
            let run = BundledRun { key: key.into(), experiments: Vec::new() };
            let files = BTreeMap::from([(name.to_owned(), Checksum { bytes: 0, blake3: String::new() })]);
            let text = serde_json::to_vec(&Bundle::new(vec![run], files)).unwrap();
            let error = Bundle::parse(Utf8Path::new("bundle.json"), &text).unwrap_err().to_string();
            assert!(error.contains("is damaged (it lists a"), "{error}");
        }
    }
}
