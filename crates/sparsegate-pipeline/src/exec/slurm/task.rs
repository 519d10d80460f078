//! What the job of one run does on its node: train, save before the time limit, and go back into the queue.

use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};

use super::script::SCRATCH_VARIABLE;
use super::submission::{Attempt, Submission, TaskEnd};
use super::{SlurmError, client};
use crate::exec::{Executor, Interrupt, Job, LocalProcesses, Outcome};
use sparsegate_data::manifest::DataFile;
use sparsegate_data::{Cache, Sources};
use sparsegate_store::format::RunRecord;
use sparsegate_store::{RunDir, provenance};

/// Name of the number of threads in the provenance of `run.json`.
const THREADS: &str = "threads";

/// Trains the run of the task `index` of the submission in `folder`, by starting `program` as [`LocalProcesses`] does.
/// Called in the job. `interrupt` must also be raised by SIGUSR1 ([`Interrupt::stop_on_request`]), by which Slurm warns
/// of the time limit: the run is then saved and the job put back into the queue. So it is if the run's process was
/// killed, as often as the options say.
///
/// # Errors
/// [`SlurmError`]: the submission cannot be read or written. A run that fails is [`TaskEnd::Failed`].
pub fn run_task(
    root: &Utf8Path,
    folder: &Utf8Path,
    index: usize,
    program: &Path,
    interrupt: &Interrupt,
) -> Result<TaskEnd, SlurmError> {
    let submission = Submission::read(folder)?;
    let (Some(task), Some(dir)) = (submission.tasks.get(index), submission.run(root, index)) else {
        let message = format!("{folder} has {} runs, and no task {index}", submission.tasks.len());
        return Err(SlurmError::Option(message));
    };
    let job = job_id(index);
    let retries = retries(&submission.attempts(index));
    submission.note(index, &Attempt::Started { job: job.clone(), node: provenance::host() })?;
    let end = if retries > submission.options.retries() as usize {
        TaskEnd::Failed { why: format!("its job was killed {retries} times; it is not tried again") }
    } else {
        let before = dir.position()?.map(|position| position.step);
        let outcome = train(root, &submission, &task.experiment, &dir, &job, program, interrupt)?;
        let progress = dir.position()?.map(|position| position.step) > before;
        judge(outcome, interrupt, progress, retries < submission.options.retries() as usize)
    };
    let end = match end {
        TaskEnd::Continued | TaskEnd::Retried { .. } => match requeued(&submission, index, &end, &job) {
            Ok(()) => return Ok(end),
            Err(error) => TaskEnd::Failed { why: format!("saved, but the job cannot be requeued: {error}; run again") },
        },
        end => end,
    };
    submission.note(index, &Attempt::Ended(end.clone()))?;
    Ok(end)
}

/// The task, as `JOB_INDEX`.
fn job_id(index: usize) -> String {
    let array = std::env::var("SLURM_ARRAY_JOB_ID").unwrap_or_else(|_| "none".to_owned());
    format!("{array}_{index}")
}

/// How many earlier jobs of the task were killed: those that said so, and those that said nothing.
fn retries(attempts: &[Attempt]) -> usize {
    let started = attempts.iter().filter(|attempt| matches!(attempt, Attempt::Started { .. })).count();
    let as_told = |attempt: &&Attempt| {
        matches!(
            attempt,
            Attempt::Ended(TaskEnd::Continued | TaskEnd::Stopped { .. } | TaskEnd::Cancelled | TaskEnd::Done)
        )
    };
    started.saturating_sub(attempts.iter().filter(as_told).count())
}

fn train(
    root: &Utf8Path,
    submission: &Submission,
    experiment: &str,
    dir: &RunDir,
    job: &str,
    program: &Path,
    interrupt: &Interrupt,
) -> Result<Outcome, SlurmError> {
    let Some(record) = dir.record()? else {
        return Ok(Outcome::failed(&format!("{} has no run.json; submit it again", dir.path())));
    };
    let record = on_this_node(root, dir, record, job)?;
    let threads = record.provenance.get(THREADS).and_then(|text| text.parse().ok());
    let threads = threads.unwrap_or_else(|| submission.options.threads());
    let cache = match std::env::var(SCRATCH_VARIABLE) {
        Ok(scratch) if !scratch.is_empty() => Some(fill_cache(root, &record, Utf8Path::new(&scratch))?),
        _ => None,
    };
    let processes = LocalProcesses { at_once: Some(1), cache, ..LocalProcesses::new(program) };
    let (root, experiment) = (root.to_owned(), experiment.to_owned());
    let job = Job { root, experiment, dir: dir.clone(), threads, after: None };
    let mut outcomes = processes.execute(vec![job], 1, interrupt, &mut |_, _| {});
    Ok(outcomes.pop().unwrap_or(Outcome::NotStarted))
}

/// Replaces the machine in the record of a run that has not begun by this one, and notes the job.
fn on_this_node(root: &Utf8Path, dir: &RunDir, mut record: RunRecord, job: &str) -> Result<RunRecord, SlurmError> {
    if dir.position()?.is_some() {
        return Ok(record);
    }
    // Somebody who trains it here already is reported when the run starts.
    let Ok(lock) = dir.lock() else { return Ok(record) };
    let threads = record.provenance.get(THREADS).cloned();
    let here = provenance::collect(root, 0);
    let machine = ["os", "host", "cpu", "cores", "program"];
    record.provenance.extend(here.into_iter().filter(|(name, _)| machine.contains(&name.as_str())));
    record.provenance.insert("slurm_job".to_owned(), job.to_owned());
    record.provenance.extend(threads.map(|threads| (THREADS.to_owned(), threads)));
    lock.write_record(&record)?;
    Ok(record)
}

/// Copies the files of the run's data set and vectors into the folder `scratch` on the node.
fn fill_cache(root: &Utf8Path, record: &RunRecord, scratch: &Utf8Path) -> Result<PathBuf, SlurmError> {
    let sources = Sources::load(root, &record.spec.dataset, [&record.spec]);
    let sources = sources.map_err(|error| SlurmError::Store(error.to_string()))?;
    let manifests = [&sources.dataset].into_iter().chain(sources.vectors.values());
    copy(&Cache::new(root), &Cache::at(scratch), manifests.flat_map(|manifest| manifest.files.values()))?;
    Ok(scratch.as_std_path().to_owned())
}

/// Copies the files that `to` does not have from `from`, whole or not at all. Several jobs on one node copy once.
fn copy<'a>(from: &Cache, to: &Cache, files: impl Iterator<Item = &'a DataFile>) -> Result<(), SlurmError> {
    let fail = |path: &Utf8Path, error: std::io::Error| SlurmError::io("write", path, error);
    fs_err::create_dir_all(to.folder()).map_err(|error| fail(to.folder(), error))?;
    let path = to.folder().join("lock");
    let lock = fs_err::File::create(&path).map_err(|error| fail(&path, error))?;
    lock.lock().map_err(|error| fail(&path, error))?;
    // A file that is missing or of the wrong size in both is reported when the run reads it.
    for file in files.filter(|file| !to.has(file) && from.has(file)) {
        let target = to.path(file);
        let part = Utf8PathBuf::from(format!("{target}.part"));
        let parent = target.parent().unwrap_or(to.folder());
        let copied = fs_err::create_dir_all(parent).and_then(|()| fs_err::copy(from.path(file), &part));
        copied.and_then(|_| fs_err::rename(&part, &target)).map_err(|error| fail(&target, error))?;
    }
    Ok(())
}

/// What the end of the run's process means for the job.
fn judge(outcome: Outcome, interrupt: &Interrupt, progress: bool, may_retry: bool) -> TaskEnd {
    match outcome {
        Outcome::Done(_) => TaskEnd::Done,
        Outcome::Interrupted | Outcome::NotStarted if interrupt.signal() == Some("SIGUSR1") => {
            if progress {
                TaskEnd::Continued
            } else {
                let why = "the time limit came before one step was done; ask for more with --slurm time=...";
                TaskEnd::Failed { why: why.to_owned() }
            }
        }
        // The run's process alone got a signal, such as one of a daemon that guards the memory.
        Outcome::Interrupted if !interrupt.is_raised() && may_retry => {
            TaskEnd::Retried { why: "its process was told to stop".to_owned() }
        }
        Outcome::Interrupted | Outcome::NotStarted => {
            TaskEnd::Stopped { signal: interrupt.signal().unwrap_or("a signal").to_owned() }
        }
        // An error that the run reports itself would occur again; a process that was killed may have had bad luck.
        ref killed @ Outcome::Failed { ref error, .. } if killed.was_killed() && may_retry => {
            TaskEnd::Retried { why: error.clone() }
        }
        Outcome::Failed { error, .. } => TaskEnd::Failed { why: error },
        Outcome::Excluded { why } => TaskEnd::Failed { why },
        Outcome::Queued { job } => TaskEnd::Failed { why: format!("it is queued as {job}") },
    }
}

/// Puts the job back into the queue. The note comes first, since Slurm then ends this process.
fn requeued(submission: &Submission, index: usize, end: &TaskEnd, job: &str) -> Result<(), SlurmError> {
    submission.note(index, &Attempt::Ended(end.clone()))?;
    client::requeue(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn killed_jobs_are_counted() {
        let started = || Attempt::Started { job: "7_0".into(), node: "n".into() };
        let ended = |end| [started(), Attempt::Ended(end)];
        assert_eq!(retries(&[]), 0);
        assert_eq!(retries(&ended(TaskEnd::Continued)), 0);
        assert_eq!(retries(&ended(TaskEnd::Stopped { signal: "SIGTERM".into() })), 0);
        assert_eq!(retries(&ended(TaskEnd::Retried { why: "killed".into() })), 1);
        assert_eq!(retries(&[&[started()][..], &ended(TaskEnd::Continued), &[started()]].concat()), 2);
    }

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
    }

    #[test]
    fn the_end_of_the_process_decides_on_the_job() {
        let interrupt = Interrupt::default();
        let killed = || Outcome::failed(&"its process was killed by SIGKILL, perhaps for lack of memory");
        assert!(matches!(judge(killed(), &interrupt, true, true), TaskEnd::Retried { .. }));
        assert!(matches!(judge(killed(), &interrupt, true, false), TaskEnd::Failed { .. }));
        let diverged = Outcome::failed(&"training diverged");
        assert!(matches!(judge(diverged, &interrupt, true, true), TaskEnd::Failed { .. }));
        let term = Interrupt::default();
        term.raise(15);
        let stopped = TaskEnd::Stopped { signal: "SIGTERM".into() };
        assert_eq!(judge(Outcome::Interrupted, &term, true, true), stopped);
    }
}
