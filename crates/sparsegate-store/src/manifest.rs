//! `manifest.json`: checksums of a finished run's files. It is written last, so that a folder with one is complete.

use std::collections::BTreeMap;
use std::io::Read;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::format::FORMAT;
use super::times::TIMES;
use super::{LockedRun, RunDir, StoreError};

/// Name of the file.
pub(super) const MANIFEST: &str = "manifest.json";
/// The files that every finished run has.
pub(super) const RESULTS: [&str; 5] =
    ["run.json", "metrics.jsonl", "structure.json", "model.safetensors", "summary.json"];
/// Files that a finished run may have. They can be made again, are not needed any more, or are no result, so they may
/// be missing; if they are there, their content must be that of the manifest.
pub(super) const EXTRAS: [&str; 5] =
    ["compact.safetensors", "classes.json", "speed.json", "checkpoint/state.safetensors", TIMES];

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The run's key.
    pub key: String,
    /// The files by their path in the folder, with `/` on every system.
    pub files: BTreeMap<String, Checksum>,
    /// blake3 hash of the other fields, which tells a damaged manifest from a damaged file.
    pub checksum: String,
}

impl Manifest {
    fn new(key: String, files: BTreeMap<String, Checksum>) -> Self {
        Self { format: FORMAT, key, files, checksum: String::new() }.sealed()
    }

    /// The same with the checksum of the other fields.
    fn sealed(self) -> Self {
        let mut text = format!("{}\n{}\n", self.format, self.key);
        for (name, Checksum { bytes, blake3 }) in &self.files {
            text.push_str(&format!("{name:?} {bytes} {blake3}\n"));
        }
        Self { checksum: blake3::hash(text.as_bytes()).to_hex().to_string(), ..self }
    }
}

/// What a file must contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// Size in bytes.
    pub bytes: u64,
    /// blake3 hash of the content, as lower-case hex.
    pub blake3: String,
}

/// The checksum of a file's content.
#[must_use]
pub fn checksum_of(bytes: &[u8]) -> Checksum {
    Checksum { bytes: bytes.len() as u64, blake3: blake3::hash(bytes).to_hex().to_string() }
}

/// The checksum of a file; `None` if there is no file.
pub(super) fn checksum(path: &Utf8Path) -> Result<Option<Checksum>, StoreError> {
    let fail = |e| StoreError::io("read", path, e);
    let mut file = match fs_err::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(fail(e)),
    };
    let (mut hash, mut bytes, mut buffer) = (blake3::Hasher::new(), 0, vec![0; 1 << 18]);
    loop {
        let count = file.read(&mut buffer).map_err(fail)?;
        if count == 0 {
            return Ok(Some(Checksum { bytes, blake3: hash.finalize().to_hex().to_string() }));
        }
        hash.update(&buffer[..count]);
        bytes += count as u64;
    }
}

impl RunDir {
    /// Reads `manifest.json`; `None` if the run is not finished, or was finished by a version that wrote none.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn manifest(&self) -> Result<Option<Manifest>, StoreError> {
        let Some(manifest) = self.json::<Manifest>(MANIFEST)? else { return Ok(None) };
        let sealed = manifest.clone().sealed();
        if sealed != manifest {
            return Err(self.corrupt(&self.path().join(MANIFEST), &"its checksum does not match its content"));
        }
        Ok(Some(manifest))
    }

    /// Compares the files with `manifest.json`, if there is one; returns whether there is.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for the first file that is missing or has another content; [`StoreError::Io`].
    pub fn check_manifest(&self) -> Result<bool, StoreError> {
        // A process that replaces a file takes it out of the manifest first. A difference counts only if the manifest
        // stays the same meanwhile.
        let mut manifest = self.manifest()?;
        loop {
            let Some(known) = manifest else { return Ok(false) };
            let Err(error) = self.compare_with(&known) else { return Ok(true) };
            let now = self.manifest()?;
            if now.as_ref() == Some(&known) {
                return Err(error);
            }
            manifest = now;
        }
    }

    fn compare_with(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let of_manifest = |problem: &str| self.corrupt(&self.path().join(MANIFEST), &problem);
        if manifest.key != self.record_key()? {
            return Err(of_manifest("it belongs to another run"));
        }
        if let Some(missing) = RESULTS.iter().find(|name| !manifest.files.contains_key(**name)) {
            return Err(of_manifest(&format!("it does not have {missing}")));
        }
        for (name, wanted) in &manifest.files {
            if !RESULTS.contains(&name.as_str()) && !EXTRAS.contains(&name.as_str()) {
                return Err(of_manifest(&format!("it has a file that no run has, {name:?}")));
            }
            let path = self.path().join(name);
            match checksum(&path)? {
                Some(found) if found == *wanted => {}
                Some(found) if found.bytes != wanted.bytes => {
                    let problem = format!("it has {} bytes, not the {} that were written", found.bytes, wanted.bytes);
                    return Err(self.corrupt(&path, &problem));
                }
                Some(_) => return Err(self.corrupt(&path, &"its content is not what was written")),
                None if EXTRAS.contains(&name.as_str()) => {}
                None if self.left_out()?.is_some_and(|left_out| left_out.files.contains(name)) => {}
                None => return Err(self.corrupt(&path, &"it is missing")),
            }
        }
        Ok(())
    }

    /// Whether the process of a finished run ended after it wrote the summary and before it wrote the manifest, as one
    /// does that is killed. Runs of versions that wrote no manifest have no hashes in their checkpoints.
    ///
    /// # Errors
    /// Any [`StoreError`] except `Locked`.
    pub fn lacks_manifest(&self) -> Result<bool, StoreError> {
        if self.path().join(MANIFEST).exists() || self.finished()?.is_none() {
            return Ok(false);
        }
        Ok(self.checkpoint_with_files()?.is_some_and(|(_, files)| files.contains_key("run.json")))
    }

    /// The key in `run.json`; the folder's name if there is no such file.
    fn record_key(&self) -> Result<String, StoreError> {
        Ok(self.record()?.map_or_else(|| self.key().to_owned(), |record| record.key))
    }
}

impl LockedRun {
    /// Writes `manifest.json` with the checksums of the files as they are; nothing if one is there. The caller knows
    /// that the run is finished and its files are good ([`RunDir::verify`]).
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a file that every finished run has is missing; [`StoreError::Io`].
    pub fn write_manifest(&self) -> Result<(), StoreError> {
        let dir = self.dir();
        if dir.manifest()?.is_some() {
            return Ok(());
        }
        let mut files = BTreeMap::new();
        for name in RESULTS.into_iter().chain(EXTRAS) {
            match checksum(&dir.path().join(name))? {
                Some(found) => drop(files.insert(name.to_owned(), found)),
                None if EXTRAS.contains(&name) => {}
                None => return Err(dir.corrupt(&dir.path().join(name), &"it is missing")),
            }
        }
        self.put_manifest(Manifest::new(dir.record_key()?, files))
    }

    /// Writes one of the [`EXTRAS`] of a run by `write`. In a folder with a manifest the file is taken out of it first
    /// and put in afterwards, so that a killed process leaves a file that is not listed, and never a wrong checksum.
    pub(super) fn replace_extra(
        &self,
        name: &str,
        write: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.check()?;
        let Some(mut manifest) = self.dir().manifest()? else { return write() };
        if manifest.files.remove(name).is_some() {
            self.put_manifest(manifest.clone())?;
        }
        write()?;
        if let Some(found) = checksum(&self.dir().path().join(name))? {
            manifest.files.insert(name.to_owned(), found);
        }
        self.put_manifest(manifest)
    }

    fn put_manifest(&self, manifest: Manifest) -> Result<(), StoreError> {
        self.write_json(MANIFEST, &manifest.sealed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8PathBuf;

    fn finished(folder: &tempfile::TempDir) -> RunDir {
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "k");
        let text = "name: t\ndataset: d\nsparsity: W\nmodel: { kind: language-model, hidden: 4 }\n\
                    train: { epochs: 1, batch: 2, sequence: 3, carry_state: true, optimizer: { adam: { lr: 2e-3 } } }\n";
        let spec = sparsegate_spec::from_text("t.yaml".into(), text, &[], &[]).unwrap().runs.remove(0);
        let (key_parts, provenance) = (BTreeMap::new(), BTreeMap::new());
        let record = crate::format::RunRecord { format: FORMAT, key: "k".into(), key_parts, spec, provenance };
        dir.lock().unwrap().write_record(&record).unwrap();
        for name in RESULTS.into_iter().filter(|name| *name != "run.json") {
            fs_err::write(dir.path().join(name), format!("content of {name}")).unwrap();
        }
        dir
    }

    #[test]
    fn a_file_that_differs_or_is_gone_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let dir = finished(&folder);
        assert!(!dir.check_manifest().unwrap());
        let path = |name: &str| -> Utf8PathBuf { dir.path().join(name) };
        fs_err::write(path("compact.safetensors"), "a model").unwrap();
        dir.lock().unwrap().write_manifest().unwrap();
        let manifest = dir.manifest().unwrap().unwrap();
        assert_eq!(manifest.files.len(), 6);
        for name in manifest.files.keys() {
            let whole = fs_err::read(path(name)).unwrap();
            let mut flipped = whole.clone();
            flipped[3] ^= 4;
            for bad in [&flipped, &whole[..whole.len() - 1], &[][..]] {
                fs_err::write(path(name), bad).unwrap();
                let error = dir.check_manifest().unwrap_err().to_string();
                assert!(error.contains(name.as_str()) && error.contains("is damaged ("), "{error}");
            }
            fs_err::remove_file(path(name)).unwrap();
            assert_eq!(dir.check_manifest().is_ok(), name == "compact.safetensors", "{name} is missing");
            fs_err::write(path(name), &whole).unwrap();
            assert!(dir.check_manifest().unwrap());
        }
        let text = fs_err::read_to_string(path(MANIFEST)).unwrap();
        fs_err::write(path(MANIFEST), text.replacen("\"bytes\": ", "\"bytes\": 1", 1)).unwrap();
        let error = dir.check_manifest().unwrap_err().to_string();
        assert!(error.contains("manifest.json is damaged (its checksum"), "{error}");
        fs_err::remove_file(path(MANIFEST)).unwrap();
        fs_err::remove_file(path("structure.json")).unwrap();
        let error = dir.lock().unwrap().write_manifest().unwrap_err().to_string();
        assert!(error.contains("structure.json is damaged (it is missing)"), "{error}");
    }

    fn write(dir: &RunDir, text: &str) -> Result<(), StoreError> {
        crate::write_atomic(&dir.path().join("speed.json"), text.as_bytes())
    }

    #[test]
    fn a_replaced_extra_is_listed_anew() {
        let folder = tempfile::tempdir().unwrap();
        let dir = finished(&folder);
        let lock = dir.lock().unwrap();
        let put = |text: &str| lock.replace_extra("speed.json", || write(&dir, text)).unwrap();
        put("one");
        assert_eq!(dir.manifest().unwrap(), None, "a file does not start a manifest");
        lock.put_manifest(Manifest::new("k".into(), BTreeMap::new())).unwrap();
        put("two");
        let listed = dir.manifest().unwrap().unwrap().files["speed.json"].clone();
        assert_eq!(Some(listed), checksum(&dir.path().join("speed.json")).unwrap());
        put("three");
        assert_eq!(dir.manifest().unwrap().unwrap().files["speed.json"].bytes, 5);
    }
}
