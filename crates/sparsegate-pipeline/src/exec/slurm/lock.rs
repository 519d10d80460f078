//! The lock of a project's submissions: at most one person submits at a time, and sees what the others submitted.

use std::fs::TryLockError;
use std::io::{Read as _, Seek as _, Write as _};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::SlurmError;
use super::submission::{home, user_name};
use sparsegate_store::provenance;

/// What the lock's file says; for people and for the next holder.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Contents {
    /// Who held it last.
    user: String,
    host: String,
    pid: u32,
    /// Names of the submissions that had not ended then.
    submissions: Vec<String>,
}

/// The lock, held as long as the value exists.
#[derive(Debug)]
pub(super) struct SubmitLock {
    path: Utf8PathBuf,
    file: fs_err::File,
    contents: Contents,
}

/// Longest time after which a node sees a folder that another one made. NFS keeps lists of folders for up to a minute.
const VISIBLE: Duration = Duration::from_secs(70);
/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl SubmitLock {
    /// Takes the lock of the project in `root`, waits for its holder, and says so by `say`.
    ///
    /// # Errors
    /// The file cannot be written or locked.
    pub fn take(root: &Utf8Path, say: &mut dyn FnMut(&str)) -> Result<Self, SlurmError> {
        let (folder, path) = (home(root), home(root).join("lock"));
        fs_err::create_dir_all(&folder).map_err(|error| SlurmError::io("create", &folder, error))?;
        let file =
            fs_err::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path.as_std_path());
        let file = file.map_err(|error| SlurmError::io("open", &path, error))?;
        let fail = |error: std::io::Error| SlurmError::io("lock", &path, error);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let Contents { user, host, pid, .. } = read(&file);
                let user = if user.is_empty() { "somebody" } else { &user };
                let process = if pid > 0 { format!(" (process {pid} on {host})") } else { String::new() };
                say(&format!("waiting for {user}{process}, who submits runs of this project"));
                file.lock().map_err(fail)?;
            }
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        let submissions = read(&file).submissions;
        let contents = Contents { user: user_name(), host: provenance::host(), pid: std::process::id(), submissions };
        let mut lock = Self { path, file, contents };
        lock.see(&folder, VISIBLE, say);
        lock.write()?;
        Ok(lock)
    }

    /// Waits until the folders of all noted submissions are visible here, for at most `patience`; forgets the others,
    /// which somebody deleted. The file itself is current: whoever takes a lock on a network file system reads anew.
    fn see(&mut self, folder: &Utf8Path, patience: Duration, say: &mut dyn FnMut(&str)) {
        let missing = |name: &String| !folder.join(name).join("submission.json").exists();
        let begun = Instant::now();
        while let Some(name) = self.contents.submissions.iter().find(|name| missing(name)) {
            if begun.elapsed() >= patience {
                break;
            }
            if begun.elapsed() < LOOK_EVERY {
                say(&format!("waiting for {}, which another computer made, for up to a minute", folder.join(name)));
            }
            // Whoever changes a folder learns that others changed it, too.
            let probe = folder.join(format!(".look-{}", std::process::id()));
            let _ = fs_err::write(&probe, "").and_then(|()| fs_err::remove_file(&probe));
            std::thread::sleep(LOOK_EVERY);
        }
        self.contents.submissions.retain(|name| !missing(name));
    }

    /// Notes a submission, before Slurm gets it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, name: &str) -> Result<(), SlurmError> {
        self.contents.submissions.push(name.to_owned());
        self.write()
    }

    /// Forgets the submissions whose name is not `wanted`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), SlurmError> {
        self.contents.submissions.retain(|name| wanted(name));
        self.write()
    }

    fn write(&mut self) -> Result<(), SlurmError> {
        let fail = |error: std::io::Error| SlurmError::io("write", &self.path, error);
        let json = serde_json::to_vec(&self.contents).map_err(|error| fail(error.into()))?;
        let mut file = &self.file;
        file.rewind().and_then(|()| file.write_all(&json)).and_then(|()| file.set_len(json.len() as u64)).map_err(fail)
    }
}

/// What the file says; nothing if it is empty, as in earlier versions.
fn read(mut file: &fs_err::File) -> Contents {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_holder_knows_what_was_submitted() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let mut said = Vec::new();
        let mut lock = SubmitLock::take(root, &mut |text| said.push(text.to_owned())).unwrap();
        for name in ["a", "b", "deleted"] {
            fs_err::create_dir_all(home(root).join(name)).unwrap();
            fs_err::write(home(root).join(name).join("submission.json"), "").unwrap();
            lock.add(name).unwrap();
        }
        lock.keep(|name| name != "a").unwrap();
        assert!(said.is_empty(), "{said:?}");
        let waiting = std::thread::spawn({
            let root = root.to_owned();
            move || {
                let mut said = Vec::new();
                let lock = SubmitLock::take(&root, &mut |text| said.push(text.to_owned())).unwrap();
                (lock.contents.submissions, said)
            }
        });
        std::thread::sleep(Duration::from_millis(200));
        drop(lock);
        let (known, said) = waiting.join().unwrap();
        assert_eq!(known, ["b", "deleted"]);
        assert!(said[0].starts_with("waiting for ") && said[0].contains("who submits"), "{said:?}");
        // One that does not show up was deleted.
        fs_err::remove_dir_all(home(root).join("deleted")).unwrap();
        let mut lock = SubmitLock {
            contents: Contents { submissions: known, ..Contents::default() },
            file: fs_err::File::create(root.join("x")).unwrap(),
            path: root.join("x"),
        };
        lock.see(&home(root), Duration::from_millis(10), &mut |_| ());
        assert_eq!(lock.contents.submissions, ["b"]);
    }
}
