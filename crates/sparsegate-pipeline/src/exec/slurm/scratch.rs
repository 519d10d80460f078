//! A data cache on the node, filled from the shared one.

use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};

use super::SlurmError;
use sparsegate_data::manifest::DataFile;
use sparsegate_data::{Cache, Sources};
use sparsegate_store::format::RunRecord;

/// Copies the files of the run's data set and vectors into the folder `scratch` on the node, and the data set as it was
/// encoded before.
pub(super) fn fill_cache(root: &Utf8Path, record: &RunRecord, scratch: &Utf8Path) -> Result<PathBuf, SlurmError> {
    let sources = Sources::load(root, &record.spec.dataset, [&record.spec]);
    let sources = sources.map_err(|error| SlurmError::Store(error.to_string()))?;
    let manifests = [&sources.dataset].into_iter().chain(sources.vectors.values());
    let (from, to) = (Cache::new(root), Cache::at(scratch));
    let _lock = lock(&to)?;
    copy(&from, &to, manifests.flat_map(|manifest| manifest.files.values()))?;
    copy_encoded(&from, &to, &sources.dataset.name);
    Ok(scratch.as_std_path().to_owned())
}

/// Keeps the other jobs on this node from copying at the same time.
fn lock(cache: &Cache) -> Result<fs_err::File, SlurmError> {
    let fail = |path: &Utf8Path, error: std::io::Error| SlurmError::io("write", path, error);
    fs_err::create_dir_all(cache.folder()).map_err(|error| fail(cache.folder(), error))?;
    let path = cache.folder().join("lock");
    let lock = fs_err::File::create(&path).map_err(|error| fail(&path, error))?;
    lock.lock().map_err(|error| fail(&path, error))?;
    Ok(lock)
}

/// Copies the files that `to` does not have from `from`, whole or not at all.
fn copy<'a>(from: &Cache, to: &Cache, files: impl Iterator<Item = &'a DataFile>) -> Result<(), SlurmError> {
    // A file that is missing or of the wrong size in both is reported when the run reads it.
    for file in files.filter(|file| !to.has(file) && from.has(file)) {
        let target = to.path(file);
        copy_whole(&from.path(file), &target).map_err(|error| SlurmError::io("write", &target, error))?;
    }
    Ok(())
}

/// Copies the encoded forms of the data set `name`. Without them the run encodes it again, so errors are ignored.
fn copy_encoded(from: &Cache, to: &Cache, name: &str) {
    let folder = from.folder().join("encoded");
    let Ok(entries) = folder.read_dir_utf8() else { return };
    let begin = format!("{name}-");
    for entry in entries.flatten().filter(|entry| entry.file_name().starts_with(&begin)) {
        let target = to.folder().join("encoded").join(entry.file_name());
        if entry.path().extension() == Some("ids") && !target.exists() {
            let _ = copy_whole(entry.path(), &target);
        }
    }
}

/// Copies a file by way of another name, so that nobody reads half of it.
fn copy_whole(from: &Utf8Path, target: &Utf8Path) -> std::io::Result<()> {
    if let Some(parent) = target.parent() {
        fs_err::create_dir_all(parent)?;
    }
    let part = Utf8PathBuf::from(format!("{target}.part"));
    fs_err::copy(from, &part)?;
    fs_err::rename(&part, target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_copied_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let (from, to) = (Cache::at(&root.join("from")), Cache::at(&root.join("to")));
        let file = |path: &str| DataFile {
            path: path.to_owned(),
            url: None,
            bytes: 4,
            sha256: String::new(),
            copies: Vec::new(),
        };
        let files = [file("a/one"), file("two"), file("missing"), file("short")];
        fs_err::create_dir_all(root.join("from/a")).unwrap();
        for (name, text) in [("a/one", "1111"), ("two", "2222"), ("short", "3")] {
            fs_err::write(root.join("from").join(name), text).unwrap();
        }
        // A file that an earlier job left unfinished.
        fs_err::create_dir_all(root.join("to")).unwrap();
        fs_err::write(root.join("to/two"), "2").unwrap();
        copy(&from, &to, files.iter()).unwrap();
        let read = |name: &str| fs_err::read_to_string(root.join("to").join(name)).unwrap();
        assert_eq!((read("a/one").as_str(), read("two").as_str()), ("1111", "2222"));
        assert!(!to.path(&files[2]).exists() && !to.path(&files[3]).exists());
        fs_err::write(root.join("from/two"), "other").unwrap();
        copy(&from, &to, files.iter()).unwrap();
        assert_eq!(read("two"), "2222", "what is there is not copied again");
        fs_err::create_dir_all(root.join("from/encoded")).unwrap();
        for name in ["small-01.ids", "small-02.ids.tmp", "other-01.ids"] {
            fs_err::write(root.join("from/encoded").join(name), "ids").unwrap();
        }
        copy_encoded(&from, &to, "small");
        let copied: Vec<_> = root.join("to/encoded").read_dir_utf8().unwrap().flatten().collect();
        assert!(copied.len() == 1 && copied[0].file_name() == "small-01.ids", "{copied:?}");
    }
}
