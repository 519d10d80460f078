//! The folder of a submitted job array: which runs it has, and what became of their jobs.
//!
//! ```text
//! <root>/slurm/lock              held while somebody submits
//! <root>/slurm/NAME/             NAME is never used again: EXPERIMENT-TIME-PROJECT
//!   submission.json              the runs, in order of the tasks
//!   job.sh                       the script
//!   job                          the number that sbatch gave, once it did
//!   job-INDEX.out                what the job printed
//!   attempts-INDEX.jsonl         one line when a job of the run starts, one when it ends
//!   ended.json                   how all ended; then nobody asks Slurm about it any more
//! ```

use std::io::{ErrorKind, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::{SlurmError, SlurmOptions};
use sparsegate_store::{RunDir, write_atomic};

/// Version of `submission.json`.
const FORMAT: u32 = 1;
/// File with the verdicts of a closed submission.
const ENDED: &str = "ended.json";

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
    /// The id of this user, by which the controller filters its queue; `None` if ids here need not be those of Slurm.
    #[serde(default)]
    pub uid: Option<u32>,
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
    /// It was asked to save long before the time limit, as by a preemption: the job is in the queue again.
    Preempted,
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
        /// Steps of the run that were saved before; 0 in files of earlier versions.
        #[serde(default)]
        step: u64,
        /// Model of the node's processor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cpu: Option<String>,
    },
    /// It has ended.
    Ended(TaskEnd),
}

/// How the last job of a run ended, once nothing more can happen to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Verdict {
    /// `None` if it ended as it should.
    pub how: Option<String>,
    /// Whether a job ever began with it.
    pub began: bool,
    /// How often it was put back into the queue.
    pub requeues: usize,
}

/// What is stored of a project's submissions.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// In order of name.
    pub submissions: Vec<Submission>,
    /// Names of those that cannot be read, with the error.
    pub unreadable: Vec<(String, SlurmError)>,
}

/// The folder of all submissions of a project.
pub(super) fn home(root: &Utf8Path) -> Utf8PathBuf {
    root.join("slurm")
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
        let parent = home(root);
        fs_err::create_dir_all(&parent).map_err(|error| SlurmError::io("create", &parent, error))?;
        // Slurm may still know a job whose folder was deleted, so a name has the time in it; jobs of other projects may
        // otherwise have the same. Another host may see the folder that somebody just made only when it makes its own.
        let mut seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let (name, folder) = loop {
            let name = format!("{experiment}-{seconds}-{:08x}", fingerprint(root));
            let folder = parent.join(&name);
            match fs_err::create_dir(&folder) {
                Ok(()) => break (name, folder),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => seconds += 1,
                Err(error) => return Err(SlurmError::io("create", &folder, error)),
            }
        };
        let user = user_name();
        let submission = Self { format: FORMAT, name, user, uid: user_id(), options: options.clone(), tasks, folder };
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

    /// All submissions under `root`. A folder that is just being written is left out.
    pub(super) fn all(root: &Utf8Path) -> Result<Stored, SlurmError> {
        let folder = home(root);
        let mut stored = Stored::default();
        if !folder.exists() {
            return Ok(stored);
        }
        let fail = |error: std::io::Error| SlurmError::io("read", &folder, error);
        for entry in folder.read_dir_utf8().map_err(fail)? {
            let path = entry.map_err(fail)?.into_path();
            if path.join("submission.json").exists() {
                match Self::read(&path) {
                    Ok(submission) => stored.submissions.push(submission),
                    Err(error) => stored.unreadable.push((path.file_name().unwrap_or_default().to_owned(), error)),
                }
            }
        }
        stored.submissions.sort_by(|a, b| a.name.cmp(&b.name));
        stored.unreadable.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(stored)
    }

    /// How the jobs of all tasks ended, if the submission was [closed](Self::close).
    pub(super) fn verdicts(&self) -> Option<Vec<Verdict>> {
        let bytes = fs_err::read(self.folder.join(ENDED)).ok()?;
        serde_json::from_slice(&bytes).ok().filter(|verdicts: &Vec<Verdict>| verdicts.len() == self.tasks.len())
    }

    /// Notes how the jobs of all tasks ended, so that nobody has to ask Slurm again.
    pub(super) fn close(&self, verdicts: &[Verdict]) -> Result<(), SlurmError> {
        let json = serde_json::to_vec_pretty(verdicts);
        self.write(ENDED, &json.map_err(|error| SlurmError::io("write", &self.folder.join(ENDED), error))?)
    }

    /// Undoes [`close`](Self::close): somebody put a job that had ended back into the queue.
    pub(super) fn reopen(&self) {
        let _ = fs_err::remove_file(self.folder.join(ENDED));
    }

    /// Whether this user submitted it, and therefore sees its jobs also where `PrivateData` hides those of others.
    pub(super) fn is_mine(&self) -> bool {
        self.uid.map_or(!self.user.is_empty() && self.user == user_name(), |uid| Some(uid) == user_id())
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

/// The name of this user; empty if it is not known.
pub(super) fn user_name() -> String {
    std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default()
}

/// The id of this user, as the owner of its process; `None` in a container whose ids are not those outside.
#[cfg(unix)]
pub(super) fn user_id() -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;

    let map = fs_err::read_to_string("/proc/self/uid_map").ok()?;
    if map.split_whitespace().collect::<Vec<_>>() != ["0", "0", "4294967295"] {
        return None;
    }
    fs_err::metadata("/proc/self").ok().map(|process| process.uid())
}

#[cfg(not(unix))]
pub(super) fn user_id() -> Option<u32> {
    None
}

/// Tells projects apart: FNV-1a of the path of the project folder.
fn fingerprint(root: &Utf8Path) -> u32 {
    root.as_str().bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(key: &str) -> Task {
        Task { experiment: "t".into(), key: key.into(), dir: format!("runs/t/{key}").into() }
    }

    #[test]
    fn a_submission_is_stored_with_its_attempts() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let options = SlurmOptions { time: Some("90".into()), ..SlurmOptions::default() };
        let create = |key| Submission::create(root, &options, vec![task(key)], |_| "#!/bin/sh\n".into()).unwrap();
        let (first, second) = (create("a"), create("b"));
        assert!(first.name < second.name, "{} {}", first.name, second.name);
        assert_eq!(first.job(), None);
        first.submitted("17").unwrap();
        second.note(0, &Attempt::Started { job: "17_0".into(), node: "n".into(), step: 3, cpu: None }).unwrap();
        second.note(0, &Attempt::Ended(TaskEnd::Retried { why: "killed".into() })).unwrap();
        assert_eq!(Submission::all(root).unwrap().submissions, [first.clone(), second.clone()]);
        assert_eq!(first.job().as_deref(), Some("17"));
        assert_eq!(second.attempts(0).len(), 2);
        assert!(matches!(&second.attempts(0)[1], Attempt::Ended(TaskEnd::Retried { why }) if why == "killed"));
        assert_eq!(first.run(root, 0).unwrap().key(), "a");
        assert_eq!(first.run(root, 1), None);
        let verdicts = vec![Verdict { how: Some("out of memory".into()), began: true, requeues: 1 }];
        assert_eq!(second.verdicts(), None);
        second.close(&verdicts).unwrap();
        assert_eq!(second.verdicts(), Some(verdicts));
        second.reopen();
        assert_eq!(second.verdicts(), None);
        first.discard();
        assert_eq!(Submission::all(root).unwrap().submissions, [second]);
    }

    #[test]
    fn what_an_earlier_version_stored_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let old = home(root).join("t-1-0f0f0f0f");
        fs_err::create_dir_all(&old).unwrap();
        let json = r#"{ "format": 1, "name": "t-1-0f0f0f0f", "user": "u",
            "options": { "partition": null, "account": null, "qos": null, "constraint": null, "time": "90", "cpus": null,
                "memory": null, "gres": null, "modules": [], "preamble": null, "scratch": null, "retries": null,
                "warning": null, "sbatch": [] },
            "tasks": [{ "experiment": "t", "key": "k", "dir": "runs/t/k" }] }"#;
        fs_err::write(old.join("submission.json"), json).unwrap();
        let attempts = "{\"event\":\"started\",\"job\":\"7_0\",\"node\":\"n\"}\n\
                        {\"event\":\"ended\",\"end\":\"continued\"}\n";
        fs_err::write(old.join("attempts-0.jsonl"), attempts).unwrap();
        let read = Submission::read(&old).unwrap();
        assert_eq!((read.uid, read.options.time.as_deref()), (None, Some("90")));
        let started = Attempt::Started { job: "7_0".into(), node: "n".into(), step: 0, cpu: None };
        assert_eq!(read.attempts(0), [started, Attempt::Ended(TaskEnd::Continued)]);
        // Its neighbours are read although one is damaged.
        fs_err::create_dir_all(home(root).join("bad")).unwrap();
        fs_err::write(home(root).join("bad/submission.json"), "{").unwrap();
        let all = Submission::all(root).unwrap();
        assert_eq!((all.submissions.len(), all.unreadable.len()), (1, 1));
        assert!(all.unreadable[0].1.to_string().contains("bad/submission.json"), "{:?}", all.unreadable);
    }
}
