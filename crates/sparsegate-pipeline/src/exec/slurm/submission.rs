//! The folder of a submitted job array: which runs it has, and what became of their jobs.
//!
//! ```text
//! <root>/slurm/lock              held while somebody submits
//! <root>/slurm/NAME/
//!   submission.json              the runs, in order of the tasks
//!   job.sh                       the script
//!   job                          the number that sbatch gave, once it did
//!   job-INDEX.out                what the job printed
//!   attempts-INDEX.jsonl         one line when a job of the run starts, one when it ends
//! ```

use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::{SlurmError, SlurmOptions};
use sparsegate_store::{RunDir, write_atomic};

/// Version of `submission.json`.
const FORMAT: u32 = 1;

/// A run of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Name of the experiment.
    pub experiment: String,
    /// The run's key.
    pub key: String,
    /// The run's folder, relative to the project folder.
    pub dir: Utf8PathBuf,
}

/// A submitted job array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    format: u32,
    /// Name of the jobs and of the folder.
    pub name: String,
    /// Who submitted it.
    pub user: String,
    /// What was asked of Slurm.
    pub options: SlurmOptions,
    /// The runs; the index is that of the task.
    pub tasks: Vec<Task>,
    /// The folder.
    #[serde(skip)]
    pub folder: Utf8PathBuf,
}

/// How a job of a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "end")]
pub enum TaskEnd {
    /// The run is done.
    Done,
    /// The time limit came near: the state is saved, and the job is in the queue again.
    Continued,
    /// The run's process was killed; the job is in the queue again.
    Retried {
        /// What happened.
        why: String,
    },
    /// A signal stopped the run, whose state is saved: it was cancelled, or makes room for another job.
    Stopped {
        /// Name of the signal.
        signal: String,
    },
    /// It was cancelled before it started, by [`Jobs::cancel`](super::Jobs::cancel).
    Cancelled,
    /// The run failed, or is not tried again.
    Failed {
        /// The error.
        why: String,
    },
}

/// A job of a run: it starts, and unless it is killed, it says how it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Attempt {
    /// A job has started.
    Started {
        /// The task, as `JOB_INDEX`.
        job: String,
        /// The node.
        node: String,
    },
    /// It has ended.
    Ended(TaskEnd),
}

/// The folder of all submissions of a project.
pub(super) fn home(root: &Utf8Path) -> Utf8PathBuf {
    root.join("slurm")
}

/// Takes the lock of the project's submissions, and waits for it while another person submits.
pub(super) fn lock(root: &Utf8Path) -> Result<fs_err::File, SlurmError> {
    let (folder, path) = (home(root), home(root).join("lock"));
    fs_err::create_dir_all(&folder).map_err(|error| SlurmError::io("create", &folder, error))?;
    let file = fs_err::OpenOptions::new().create(true).truncate(false).write(true).open(path.as_std_path());
    let file = file.map_err(|error| SlurmError::io("open", &path, error))?;
    file.lock().map_err(|error| SlurmError::io("lock", &path, error))?;
    Ok(file)
}

impl Submission {
    /// Creates the folder of a submission of the runs `tasks` with its script; submits nothing.
    pub(super) fn create(
        root: &Utf8Path,
        options: &SlurmOptions,
        tasks: Vec<Task>,
        script: impl Fn(&Utf8Path) -> String,
    ) -> Result<Self, SlurmError> {
        let experiment: String =
            tasks.first().map(|task| task.experiment.chars().take(40).collect()).unwrap_or_default();
        let mut number = 1;
        // The lock is held, so nobody else takes the same number; jobs of other projects may have the same name.
        let (name, folder) = loop {
            let name = format!("{experiment}-{number}-{:08x}", fingerprint(root));
            let folder = home(root).join(&name);
            if !folder.exists() {
                break (name, folder);
            }
            number += 1;
        };
        fs_err::create_dir_all(&folder).map_err(|error| SlurmError::io("create", &folder, error))?;
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
        let submission = Self { format: FORMAT, name, user, options: options.clone(), tasks, folder };
        let json = serde_json::to_vec_pretty(&submission);
        let json = json.map_err(|error| SlurmError::io("write", &submission.folder, error))?;
        submission.write("job.sh", script(&submission.folder).as_bytes())?;
        submission.write("submission.json", &json)?;
        Ok(submission)
    }

    /// Reads the submission in `folder`.
    ///
    /// # Errors
    /// [`SlurmError::Io`], also for a newer format.
    pub fn read(folder: &Utf8Path) -> Result<Self, SlurmError> {
        let path = folder.join("submission.json");
        let fail = |error: &dyn std::fmt::Display| SlurmError::io("read", &path, error.to_string());
        let bytes = fs_err::read(&path).map_err(|error| fail(&error))?;
        let read: Self = serde_json::from_slice(&bytes).map_err(|error| fail(&error))?;
        if read.format > FORMAT {
            return Err(fail(&"it was written by a newer version of sparsegate"));
        }
        Ok(Self { folder: folder.to_owned(), ..read })
    }

    /// All submissions under `root`, in order of name. A folder that is just being written is left out.
    pub(super) fn all(root: &Utf8Path) -> Result<Vec<Self>, SlurmError> {
        let folder = home(root);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let fail = |error: std::io::Error| SlurmError::io("read", &folder, error);
        let mut all = Vec::new();
        for entry in folder.read_dir_utf8().map_err(fail)? {
            let path = entry.map_err(fail)?.into_path();
            if path.join("submission.json").exists() {
                all.push(Self::read(&path)?);
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), SlurmError> {
        Ok(write_atomic(&self.folder.join(name), bytes)?)
    }

    /// Notes the number that sbatch gave.
    pub(super) fn submitted(&self, job: &str) -> Result<(), SlurmError> {
        self.write("job", format!("{job}\n").as_bytes())
    }

    /// Removes the folder of a submission that Slurm refused.
    pub(super) fn discard(&self) {
        let _ = fs_err::remove_dir_all(&self.folder);
    }

    /// Number of the job array; `None` if the submitting program was killed before it noted it.
    pub fn job(&self) -> Option<String> {
        let text = fs_err::read_to_string(self.folder.join("job")).ok()?;
        Some(text.trim().to_owned()).filter(|job| !job.is_empty())
    }

    /// The run folder of a task.
    pub fn run(&self, root: &Utf8Path, task: usize) -> Option<RunDir> {
        Some(RunDir::at(&root.join(&self.tasks.get(task)?.dir)))
    }

    /// What the job of a task prints.
    pub fn output_path(&self, task: usize) -> Utf8PathBuf {
        self.folder.join(format!("job-{task}.out"))
    }

    /// The jobs of a task so far. A line that cannot be read is left out.
    pub fn attempts(&self, task: usize) -> Vec<Attempt> {
        let text = fs_err::read_to_string(self.attempts_path(task)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Adds to the jobs of a task.
    pub(super) fn note(&self, task: usize, attempt: &Attempt) -> Result<(), SlurmError> {
        let path = self.attempts_path(task);
        let fail = |error: std::io::Error| SlurmError::io("write", &path, error);
        let mut line = serde_json::to_vec(attempt).map_err(|error| fail(error.into()))?;
        line.push(b'\n');
        let file = fs_err::OpenOptions::new().create(true).append(true).open(path.as_std_path());
        file.and_then(|mut file| file.write_all(&line).and_then(|()| file.sync_all())).map_err(fail)
    }

    fn attempts_path(&self, task: usize) -> Utf8PathBuf {
        self.folder.join(format!("attempts-{task}.jsonl"))
    }
}

/// Tells projects apart: FNV-1a of the path of the project folder.
fn fingerprint(root: &Utf8Path) -> u32 {
    root.as_str().bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_is_stored_with_its_attempts() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let _lock = lock(root).unwrap();
        let task = |key: &str| Task { experiment: "t".into(), key: key.into(), dir: format!("runs/t/{key}").into() };
        let options = SlurmOptions { time: Some("90".into()), ..SlurmOptions::default() };
        let create = |key| Submission::create(root, &options, vec![task(key)], |_| "#!/bin/sh\n".into()).unwrap();
        let (first, second) = (create("a"), create("b"));
        assert_ne!(first.name, second.name);
        assert_eq!(first.job(), None);
        first.submitted("17").unwrap();
        second.note(0, &Attempt::Started { job: "17_0".into(), node: "n".into() }).unwrap();
        second.note(0, &Attempt::Ended(TaskEnd::Retried { why: "killed".into() })).unwrap();
        assert_eq!(Submission::all(root).unwrap(), [first.clone(), second.clone()]);
        assert_eq!(first.job().as_deref(), Some("17"));
        assert_eq!(second.attempts(0).len(), 2);
        assert!(matches!(&second.attempts(0)[1], Attempt::Ended(TaskEnd::Retried { why }) if why == "killed"));
        assert_eq!(first.run(root, 0).unwrap().key(), "a");
        assert_eq!(first.run(root, 1), None);
        first.discard();
        assert_eq!(Submission::all(root).unwrap(), [second]);
    }
}
