//! `runs/.index`: what was found when each run folder was last verified, so that a folder whose files have not changed
//! since need not be read again.
//!
//! The index is a cache. It is never believed over the folders: an entry counts only while size, times and inode of
//! each file are those at the time of the verification, as in the index of git. It can be deleted, and is written again
//! by the next command that verifies runs; where it cannot be written, folders are read each time. Each line has a
//! checksum.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::RunDir;
use super::format::{EpochMetrics, RunRecord};
use super::manifest::{EXTRAS, MANIFEST, RESULTS};
use super::plan::Status;
use super::run_dir::LEFT_OUT;
use sparsegate_core::EvaluationMetric;

/// First line of the file; other content is ignored and replaced.
const HEAD: &str = "sparsegate run index 2";
/// Files with a time younger than this before the verification are read again next time: a second change within the
/// resolution of a file system's clock would leave the same time.
const SETTLED: Duration = Duration::from_secs(3);

/// The files that are verified: all that a manifest lists, the manifest, and what says that a listed file may be
/// missing.
fn files() -> impl Iterator<Item = &'static str> {
    RESULTS.into_iter().chain(EXTRAS).chain([MANIFEST, LEFT_OUT])
}

/// What a verification of a run folder found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Examined {
    /// The stored status.
    pub(crate) status: Status,
    /// The last line of `metrics.jsonl`.
    pub(crate) last: Option<EpochMetrics>,
    /// The line of the epoch whose model is stored.
    pub(crate) shown: Option<EpochMetrics>,
    /// The metric; `None` if the run has not ended.
    #[serde(with = "sparsegate_core::metric_or_empty")]
    pub(crate) metric: Option<EvaluationMetric>,
}

/// The entries of an index, by the path of the folder below `runs`.
#[derive(Debug, Default)]
pub(crate) struct Index {
    path: Utf8PathBuf,
    text: String,
    /// The place of each line in `text`.
    lines: BTreeMap<String, std::ops::Range<usize>>,
}

/// The parts of a line, separated by tabs, which JSON text does not contain.
struct Line<'a> {
    stamp: &'a str,
    examined: &'a str,
    record: &'a str,
}

impl Index {
    /// Reads the index under `root`; empty if there is none or it is not readable.
    pub(crate) fn read(root: &Utf8Path) -> Self {
        let path = root.join("runs").join(".index");
        let text = fs_err::read_to_string(&path).unwrap_or_default();
        let mut lines = BTreeMap::new();
        let mut rest = text.split_inclusive('\n');
        if rest.next().is_some_and(|head| head.trim_end() == HEAD) {
            let mut at = HEAD.len() + 1;
            for line in rest {
                if let Some((name, _)) = line.split_once('\t') {
                    lines.insert(name.to_owned(), at..at + line.len());
                }
                at += line.len();
            }
        }
        Self { path, text, lines }
    }

    /// The line of a folder, if it has not been altered.
    fn line(&self, name: &str) -> Option<Line<'_>> {
        let line = self.text.get(self.lines.get(name)?.clone())?.strip_suffix('\n')?;
        let (content, checksum) = line.rsplit_once('\t')?;
        if short_hash(content) != checksum {
            return None;
        }
        let mut parts = content.split('\t').skip(1);
        Some(Line { stamp: parts.next()?, examined: parts.next()?, record: parts.next()? })
    }

    /// What was found in `dir`, if its files have not changed since.
    pub(crate) fn examined(&self, dir: &RunDir, stamp: &str) -> Option<Examined> {
        let line = self.line(&self.name(dir))?;
        if line.stamp == stamp { serde_json::from_str(line.examined).ok() } else { None }
    }

    /// The `run.json` of `dir` as it was verified. It says what the run with this key is, which does not change; the
    /// files may have changed since.
    pub(crate) fn record(&self, dir: &RunDir) -> Option<RunRecord> {
        serde_json::from_str(self.record_text(dir)?).ok()
    }

    /// The JSON text of [`Index::record`], without blanks.
    pub(crate) fn record_text(&self, dir: &RunDir) -> Option<&str> {
        Some(self.line(&self.name(dir))?.record)
    }

    fn name(&self, dir: &RunDir) -> String {
        let runs = self.path.parent().unwrap_or(Utf8Path::new(""));
        dir.path().strip_prefix(runs).unwrap_or(dir.path()).to_string()
    }

    /// Adds `found`, each with the stamp taken before its verification, and writes the file if that is possible.
    /// `begun` is the time of the file system before the first of them.
    pub(crate) fn add(mut self, begun: &Beginning, found: Vec<(&RunDir, String, &Examined)>) {
        let mut new = String::new();
        for (dir, stamp, examined) in found {
            let record = dir.record().ok().flatten().and_then(|record| serde_json::to_string(&record).ok());
            let (Some(record), Ok(examined)) = (record, serde_json::to_string(examined)) else { continue };
            if !begun.is_settled(dir) {
                continue;
            }
            let name = self.name(dir);
            self.lines.remove(&name);
            let content = format!("{name}\t{stamp}\t{examined}\t{record}");
            if !name.contains(['\t', '\n']) {
                new.push_str(&format!("{content}\t{}\n", short_hash(&content)));
            }
        }
        if new.is_empty() {
            return;
        }
        // Folders that are gone leave the index with the next change.
        let runs = self.path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        let kept = self.lines.iter().filter(|(name, _)| runs.join(name).exists());
        let mut text = format!("{HEAD}\n");
        kept.for_each(|(_, line)| text.push_str(&self.text[line.clone()]));
        text.push_str(&new);
        begun.write(&self.path, &text);
    }
}

/// The time of the file system when a verification began, and the file that the index is written to.
#[derive(Debug)]
pub(crate) struct Beginning {
    file: Option<tempfile::NamedTempFile>,
    time: Option<SystemTime>,
}

impl Beginning {
    /// Takes the time from a new file, since the clocks of this machine and of a server may differ.
    pub(crate) fn now(root: &Utf8Path) -> Self {
        let runs = root.join("runs");
        clear(&runs);
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY);
        // Readable for the others that share the store, as far as the user's mask allows; the default is not.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(&runs).ok();
        // Held until the file is dropped, so that others do not take it for one that was left over.
        let _ = file.as_ref().map(|file| file.as_file().try_lock());
        let time = file.as_ref().and_then(|file| file.as_file().metadata().ok()?.modified().ok());
        Self { file, time }
    }

    /// Whether the last change of each file is so long ago that a change since would have another time.
    fn is_settled(&self, dir: &RunDir) -> bool {
        let Some(limit) = self.time.and_then(|time| time.checked_sub(SETTLED)) else { return false };
        files().all(|name| match fs_err::metadata(dir.path().join(name)) {
            Ok(found) => last_change(&found).is_some_and(|changed| changed < limit),
            Err(_) => true,
        })
    }

    /// Replaces the index. It is a cache, so an error is ignored, and a crash may leave an older one.
    fn write(&self, path: &Utf8Path, text: &str) {
        let Some(file) = &self.file else { return };
        let _ = file.as_file().write_all(text.as_bytes()).and_then(|()| fs_err::rename(file.path(), path));
    }
}

/// Beginning of the names of the files that an index is written to before it is renamed.
const TEMPORARY: &str = ".index-";

/// Removes files that killed processes left over. One that a process has just made and not locked yet may be among
/// them; then that process writes no index.
fn clear(runs: &Utf8Path) {
    for entry in runs.read_dir_utf8().into_iter().flatten().flatten() {
        let is_left = |file: fs_err::File| file.try_lock().is_ok();
        // NFS locks a file for one process alone only if it is open for writing.
        let open = || fs_err::OpenOptions::new().read(true).write(true).open(entry.path());
        if entry.file_name().starts_with(TEMPORARY) && open().is_ok_and(is_left) {
            let _ = fs_err::remove_file(entry.path());
        }
    }
}

#[cfg(unix)]
fn last_change(found: &std::fs::Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt as _;
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(found.ctime()).ok()?);
    Some(changed.max(found.modified().ok()?))
}

#[cfg(not(unix))]
fn last_change(found: &std::fs::Metadata) -> Option<SystemTime> {
    found.modified().ok()
}

/// Size, times and inode of each file of a run, in short.
pub(crate) fn stamp(dir: &RunDir) -> String {
    let mut text = String::new();
    for name in files() {
        // A file that is missing or cannot be looked at is like any other state: another one than before.
        if let Ok(found) = fs_err::metadata(dir.path().join(name)) {
            text.push_str(&of_file(name, &found));
        }
    }
    short_hash(&text)
}

#[cfg(unix)]
fn of_file(name: &str, found: &std::fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let changed = (found.ctime(), found.ctime_nsec());
    format!("{name} {} {} {} {changed:?} {}\n", found.size(), found.mtime(), found.mtime_nsec(), found.ino())
}

#[cfg(not(unix))]
fn of_file(name: &str, found: &std::fs::Metadata) -> String {
    format!("{name} {} {:?}\n", found.len(), found.modified().ok())
}

fn short_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_a_killed_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        fs_err::create_dir(root.join("runs")).unwrap();
        let working = Beginning::now(root);
        fs_err::write(root.join("runs/.index-abc"), "half").unwrap();
        drop(Beginning::now(root));
        assert!(!root.join("runs/.index-abc").exists());
        working.write(&root.join("runs/.index"), "whole");
        assert_eq!(fs_err::read_to_string(root.join("runs/.index")).unwrap(), "whole");
    }

    /// A change of any file that is verified makes the folder unknown to the index.
    #[test]
    fn each_verified_file_is_in_the_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "k");
        fs_err::create_dir_all(dir.path().join("checkpoint")).unwrap();
        let mut before = stamp(&dir);
        for name in RESULTS.into_iter().chain(EXTRAS).chain([MANIFEST, LEFT_OUT]) {
            fs_err::write(dir.path().join(name), name).unwrap();
            let now = stamp(&dir);
            assert_ne!(now, before, "{name}");
            before = now;
        }
    }
}
