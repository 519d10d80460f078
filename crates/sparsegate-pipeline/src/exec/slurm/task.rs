//! What the job of one run does on its node: train, save before the time limit, and go back into the queue.

use std::path::Path;
use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::memory::JobMemory;
use super::run_job::OUT_OF_MEMORY;
use super::scratch::fill_cache;
use super::script::SCRATCH_VARIABLE;
use super::submission::{Attempt, Submission, Task, TaskEnd};
use super::warning::TimeLimit;
use super::{SlurmError, client};
use crate::exec::{Executor, Interrupt, Job, LocalProcesses, Outcome};
use sparsegate_store::format::RunRecord;
use sparsegate_store::{RunDir, provenance};

/// Name of the number of threads in the provenance of `run.json`.
const THREADS: &str = "threads";
/// Longest wait for another process that holds the run: one of a job before, on a node that is lost, or somebody who
/// trains the run without Slurm.
const PATIENCE: Duration = Duration::from_mins(3);

/// Trains the run of the task `index` of the submission in `folder`, by starting `program` as [`LocalProcesses`] does.
/// Called in the job. `interrupt` must also be raised by SIGUSR1 ([`Interrupt::stop_on_request`]), by which Slurm warns
/// of the time limit: the run is then saved and the job put back into the queue. So it is if the run's process was
/// killed, as often as the options say. `say` gets what else somebody who looks into the job's output should know.
///
/// # Errors
/// [`SlurmError`]: the submission cannot be read or written. Whatever else fails is [`TaskEnd::Failed`].
pub fn run_task(
    root: &Utf8Path,
    folder: &Utf8Path,
    index: usize,
    program: &Path,
    interrupt: &Interrupt,
    say: &mut dyn FnMut(&str),
) -> Result<TaskEnd, SlurmError> {
    let submission = Submission::read(folder)?;
    let (Some(task), Some(dir)) = (submission.tasks.get(index), submission.run(root, index)) else {
        let message = format!("{folder} has {} runs, and no task {index}", submission.tasks.len());
        return Err(SlurmError::Option(message));
    };
    submission.reopen();
    let attempts = submission.attempts(index);
    let (job, step, cpu) = (job_id(index), saved_step(&dir).unwrap_or(0), provenance::cpu());
    note_other_cpu(&attempts, cpu.as_deref(), say);
    let started = Attempt::Started { job: job.clone(), node: provenance::host(), step, cpu };
    submission.note(index, &started)?;
    let this = Attempts { killed: killed(&attempts, step), again: was_preempted_at(&attempts, step) };
    let context = Context { root, submission: &submission, task, dir: &dir, job: &job, program, interrupt };
    let limit = TimeLimit::of_this_job();
    // Whatever goes wrong is noted, so that `status` can say it.
    let end = attempt(&context, this, limit, say).unwrap_or_else(|error| TaskEnd::Failed { why: error.to_string() });
    let end = match end {
        TaskEnd::Continued | TaskEnd::Preempted | TaskEnd::Retried { .. } => {
            match requeued(&context, index, &end, limit) {
                Ok(()) => return Ok(end),
                Err(error) => {
                    let why = format!("saved, but the job cannot be requeued: {error}; run again");
                    TaskEnd::Failed { why }
                }
            }
        }
        end => end,
    };
    submission.note(index, &Attempt::Ended(end.clone()))?;
    Ok(end)
}

/// What a job works with.
struct Context<'a> {
    root: &'a Utf8Path,
    submission: &'a Submission,
    task: &'a Task,
    dir: &'a RunDir,
    /// The task, as `JOB_INDEX`.
    job: &'a str,
    program: &'a Path,
    interrupt: &'a Interrupt,
}

/// What is known of earlier jobs of the task.
#[derive(Debug, Clone, Copy)]
struct Attempts {
    /// How many were killed since the last step that was saved.
    killed: usize,
    /// Whether the last one was preempted before it did a step.
    again: bool,
}

/// The task, as `JOB_INDEX`.
fn job_id(index: usize) -> String {
    let array = std::env::var("SLURM_ARRAY_JOB_ID").unwrap_or_else(|_| "none".to_owned());
    format!("{array}_{index}")
}

fn saved_step(dir: &RunDir) -> Option<u64> {
    Some(dir.position().ok()??.step)
}

/// How many jobs of the task were killed since the run got further than `step`: those that said so, and those that said
/// nothing. A run on a partition where jobs are often preempted may need many jobs, and each brings it further.
fn killed(attempts: &[Attempt], step: u64) -> usize {
    let (mut killed, mut running, mut before) = (0, false, 0);
    for attempt in attempts {
        match attempt {
            Attempt::Started { step, .. } => {
                killed += usize::from(running);
                if *step > before {
                    killed = 0;
                }
                (running, before) = (true, *step);
            }
            Attempt::Ended(
                TaskEnd::Continued | TaskEnd::Preempted | TaskEnd::Stopped { .. } | TaskEnd::Cancelled | TaskEnd::Done,
            ) => running = false,
            Attempt::Ended(TaskEnd::Retried { .. } | TaskEnd::Failed { .. }) => {
                killed += usize::from(running);
                running = false;
            }
        }
    }
    if step > before { 0 } else { killed + usize::from(running) }
}

/// Whether the last job was asked to make room before it did a step.
fn was_preempted_at(attempts: &[Attempt], now: u64) -> bool {
    let last = attempts.last_chunk::<2>();
    matches!(last, Some([Attempt::Started { step, .. }, Attempt::Ended(TaskEnd::Preempted)]) if *step == now)
}

/// Says that the job before ran on another kind of processor, by which the last bits of a run can differ.
fn note_other_cpu(attempts: &[Attempt], here: Option<&str>, say: &mut dyn FnMut(&str)) {
    let before = attempts.iter().rev().find_map(|attempt| match attempt {
        Attempt::Started { cpu, .. } => cpu.as_deref(),
        Attempt::Ended(_) => None,
    });
    if let (Some(before), Some(here)) = (before, here)
        && before != here
    {
        say(&format!(
            "note: the job before ran on a {before}, this one on a {here}: the bits of the run may differ from those of \
             a run on one kind of processor; --slurm constraint=... chooses one"
        ));
    }
}

/// Trains the run, unless it was tried too often, and judges how that ended.
fn attempt(
    context: &Context<'_>,
    attempts: Attempts,
    limit: TimeLimit,
    say: &mut dyn FnMut(&str),
) -> Result<TaskEnd, SlurmError> {
    let Context { submission, dir, interrupt, .. } = context;
    let options = &submission.options;
    let allowed = options.retries() as usize;
    if attempts.killed > allowed {
        let count = attempts.killed;
        let why = format!("its job was killed {count} times without a step that was saved; it is not tried again");
        return Ok(TaskEnd::Failed { why });
    }
    let may_retry = attempts.killed < allowed;
    if let Some(why) = too_short(limit, options.warning(), say) {
        return Ok(TaskEnd::Failed { why });
    }
    if let Err(error) = client::check_requeue() {
        say(&format!("note: {error}; this job cannot go on after its time limit. Set PATH by --slurm preamble=..."));
    }
    if let Some(holder) = wait_until_free(dir, PATIENCE, interrupt)? {
        let why = format!("{holder} works on it");
        return Ok(if may_retry { TaskEnd::Retried { why } } else { TaskEnd::Failed { why } });
    }
    let before = dir.position()?.map(|position| position.step);
    let memory = JobMemory::of_this_process();
    let kills = memory.as_ref().map(JobMemory::kills);
    let outcome = train(context, say)?;
    if outcome.was_killed() && memory.as_ref().map(JobMemory::kills) > kills {
        return Ok(TaskEnd::Failed { why: out_of_memory(options.memory.as_deref(), memory.as_ref()) });
    }
    let progress = dir.position()?.map(|position| position.step) > before;
    let warning = if limit.is_far(interrupt, options.warning()) {
        Warned::ToMakeRoom { again: attempts.again }
    } else {
        Warned::OfTheLimit
    };
    Ok(judge(outcome, interrupt, Judged { progress, warning, may_retry }))
}

/// What is said of a job whose limit leaves no time before the warning, so that it would save and be requeued for ever:
/// without `--slurm time`, the limit is the partition's. `say` gets a note if the time is short.
fn too_short(limit: TimeLimit, warning: u32, say: &mut dyn FnMut(&str)) -> Option<String> {
    let left = limit.left()?;
    if left <= u64::from(warning) {
        return Some(format!(
            "its time limit is {left} seconds away, and it would be told to save {warning} seconds before that: ask for \
             more with --slurm time=..., or set --slurm warning=SECONDS to less"
        ));
    }
    if left < 2 * u64::from(warning) {
        say(&format!(
            "note: the last {warning} of the job's {left} seconds are for saving; with a larger --slurm time=... it is \
             requeued less often"
        ));
    }
    None
}

/// What is said of a run that was killed for lack of memory. It would be again.
fn out_of_memory(asked: Option<&str>, memory: Option<&JobMemory>) -> String {
    let asked = asked.map(|asked| format!(": {asked} were asked for")).unwrap_or_default();
    let peak = memory.and_then(JobMemory::peak).map(|bytes| format!(", at most {} MiB used", bytes >> 20));
    let peak = peak.unwrap_or_default();
    format!("{OUT_OF_MEMORY}{asked}{peak}; submit it again with more, by --slurm memory=...")
}

/// Waits while another process holds the run, for at most `patience` and until a signal comes; returns that process if
/// the patience is over.
fn wait_until_free(dir: &RunDir, patience: Duration, interrupt: &Interrupt) -> Result<Option<String>, SlurmError> {
    let begun = Instant::now();
    loop {
        let Some(holder) = dir.holder()? else { return Ok(None) };
        if interrupt.is_raised() {
            return Ok(None);
        }
        if begun.elapsed() >= patience {
            return Ok(Some(holder.to_string()));
        }
        std::thread::sleep(Duration::from_secs(1).min(patience));
    }
}

fn train(context: &Context<'_>, say: &mut dyn FnMut(&str)) -> Result<Outcome, SlurmError> {
    let Context { root, submission, task, dir, job, program, interrupt } = context;
    let Some(record) = dir.record()? else {
        return Ok(Outcome::failed(&format!("{} has no run.json; submit it again", dir.path())));
    };
    let record = on_this_node(dir, record, job)?;
    let threads = record.provenance.get(THREADS).and_then(|text| text.parse().ok());
    let threads = threads.unwrap_or_else(|| submission.options.threads());
    let cache = match std::env::var(SCRATCH_VARIABLE) {
        Ok(scratch) if !scratch.is_empty() => fill_cache(root, &record, Utf8Path::new(&scratch))
            .inspect_err(|error| say(&format!("note: {error}; the run reads the shared data cache instead")))
            .ok(),
        _ => None,
    };
    let processes = LocalProcesses { at_once: Some(1), cache, ..LocalProcesses::new(*program) };
    let (root, experiment) = ((*root).to_owned(), task.experiment.clone());
    let job = Job { root, experiment, dir: (*dir).clone(), threads, after: None };
    let mut outcomes = processes.execute(vec![job], 1, interrupt, &mut |_, _| {});
    Ok(outcomes.pop().unwrap_or(Outcome::NotStarted))
}

/// Replaces the machine in the record of a run that has not begun by this one, and notes the job.
fn on_this_node(dir: &RunDir, mut record: RunRecord, job: &str) -> Result<RunRecord, SlurmError> {
    if dir.position()?.is_some() {
        return Ok(record);
    }
    // Somebody who trains it here already is reported when the run starts.
    let Ok(lock) = dir.lock() else { return Ok(record) };
    // A run that was finished meanwhile, elsewhere or before its checkpoint was deleted, keeps the record of its results.
    if dir.position()?.is_some() || dir.finished()?.is_some() {
        return Ok(dir.record()?.unwrap_or(record));
    }
    record.provenance.extend(provenance::machine());
    record.provenance.insert("slurm_job".to_owned(), job.to_owned());
    lock.write_record(&record)?;
    Ok(record)
}

/// What else decides on the end of a job.
#[derive(Debug, Clone, Copy)]
struct Judged {
    /// A step was done and saved.
    progress: bool,
    /// What SIGUSR1 means if it came.
    warning: Warned,
    /// One more job may be killed.
    may_retry: bool,
}

/// What SIGUSR1 means.
#[derive(Debug, Clone, Copy)]
enum Warned {
    /// It came shortly before the time limit.
    OfTheLimit,
    /// It came long before: another job needs the node.
    ToMakeRoom {
        /// So it did in the job before, which did no step either.
        again: bool,
    },
}

/// What the end of the run's process means for the job.
fn judge(outcome: Outcome, interrupt: &Interrupt, judged: Judged) -> TaskEnd {
    let Judged { progress, warning, may_retry } = judged;
    match outcome {
        Outcome::Done(_) => TaskEnd::Done,
        Outcome::Interrupted | Outcome::NotStarted if interrupt.signal() == Some("SIGUSR1") => {
            match (warning, progress) {
                (Warned::OfTheLimit, true) => TaskEnd::Continued,
                (Warned::ToMakeRoom { .. }, true) | (Warned::ToMakeRoom { again: false }, false) => TaskEnd::Preempted,
                (Warned::ToMakeRoom { again: true }, false) => {
                    let why = "it had to make room twice before one step was done; run again";
                    TaskEnd::Failed { why: why.to_owned() }
                }
                (Warned::OfTheLimit, false) => {
                    let why = "the time limit came before one step was done; ask for more with --slurm time=...";
                    TaskEnd::Failed { why: why.to_owned() }
                }
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
        ref killed @ Outcome::Failed { ref error, .. } if killed.may_be_retried() && may_retry => {
            TaskEnd::Retried { why: error.clone() }
        }
        Outcome::Failed { error, .. } => TaskEnd::Failed { why: error },
        Outcome::Excluded { why } => TaskEnd::Failed { why },
        Outcome::Queued { job } => TaskEnd::Failed { why: format!("it is queued as {job}") },
    }
}

/// Puts the job back into the queue. The note comes first, since Slurm then ends this process.
fn requeued(context: &Context<'_>, index: usize, end: &TaskEnd, limit: TimeLimit) -> Result<(), SlurmError> {
    let Context { submission, job, .. } = context;
    submission.note(index, &Attempt::Ended(end.clone()))?;
    // The warning leaves little time.
    let patience = Duration::from_secs(u64::from(submission.options.warning() / 2));
    client::requeue(job, limit.patience(patience))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn started(step: u64) -> Attempt {
        Attempt::Started { job: "7_0".into(), node: "n".into(), step, cpu: Some("A".into()) }
    }

    #[test]
    fn killed_jobs_are_counted() {
        let ended = |end| [started(0), Attempt::Ended(end)];
        let retried = || TaskEnd::Retried { why: "killed".into() };
        assert_eq!(killed(&[], 0), 0);
        assert_eq!(killed(&ended(TaskEnd::Continued), 0), 0);
        assert_eq!(killed(&ended(TaskEnd::Preempted), 0), 0);
        assert_eq!(killed(&ended(TaskEnd::Stopped { signal: "SIGTERM".into() }), 0), 0);
        assert_eq!(killed(&ended(retried()), 0), 1);
        assert_eq!(killed(&[&[started(0)][..], &ended(TaskEnd::Continued), &[started(0)]].concat(), 0), 2);
        // Jobs that brought the run further do not count.
        assert_eq!(killed(&[started(0), started(0), started(5)], 5), 1);
        assert_eq!(killed(&[started(0), started(0), started(5)], 9), 0);
        assert_eq!(killed(&[started(0), started(5), started(5), Attempt::Ended(retried())], 5), 2);
    }

    #[test]
    fn a_job_that_was_preempted_before_a_step_is_remembered() {
        let preempted = |step| [started(step), Attempt::Ended(TaskEnd::Preempted)];
        assert!(was_preempted_at(&preempted(3), 3) && !was_preempted_at(&preempted(3), 4));
        assert!(!was_preempted_at(&[started(3), Attempt::Ended(TaskEnd::Continued)], 3) && !was_preempted_at(&[], 0));
    }

    #[test]
    fn another_kind_of_processor_is_noted() {
        let mut said = Vec::new();
        note_other_cpu(&[started(0)], Some("A"), &mut |text| said.push(text.to_owned()));
        note_other_cpu(&[], Some("B"), &mut |text| said.push(text.to_owned()));
        assert!(said.is_empty(), "{said:?}");
        note_other_cpu(&[started(0)], Some("B"), &mut |text| said.push(text.to_owned()));
        assert!(said[0].contains("on a A, this one on a B"), "{said:?}");
    }

    #[test]
    fn a_run_that_somebody_holds_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(Utf8Path::from_path(folder.path()).unwrap(), "k");
        let held = dir.lock().unwrap();
        let wait = || wait_until_free(&dir, Duration::from_millis(20), &Interrupt::default()).unwrap();
        assert!(wait().unwrap().starts_with("process "));
        drop(held);
        assert_eq!(wait(), None);
    }

    #[test]
    fn a_limit_that_is_no_longer_than_the_warning_ends_the_job() {
        let check = |seconds| {
            let (mut said, limit) = (Vec::new(), TimeLimit::At(SystemTime::now() + Duration::from_secs(seconds)));
            (too_short(limit, 120, &mut |text| said.push(text.to_owned())), said)
        };
        let (why, said) = check(60);
        assert!(why.is_some_and(|why| why.contains("--slurm time=")) && said.is_empty());
        let (why, said) = check(200);
        assert!(why.is_none() && said[0].contains("requeued less often"), "{said:?}");
        assert_eq!(check(3600), (None, Vec::new()));
        let none = &mut |text: &str| panic!("{text}");
        assert_eq!((too_short(TimeLimit::Never, 120, none), too_short(TimeLimit::Unknown, 120, none)), (None, None));
    }

    #[test]
    fn the_end_of_the_process_decides_on_the_job() {
        let interrupt = Interrupt::default();
        let fine = Judged { progress: true, warning: Warned::OfTheLimit, may_retry: true };
        let killed = || Outcome::failed(&"its process was killed by SIGKILL, perhaps for lack of memory");
        assert!(matches!(judge(killed(), &interrupt, fine), TaskEnd::Retried { .. }));
        assert!(matches!(judge(killed(), &interrupt, Judged { may_retry: false, ..fine }), TaskEnd::Failed { .. }));
        let limited = Outcome::failed(&"its process was killed by SIGXCPU, at a limit of the shell (`ulimit`)");
        assert!(matches!(judge(limited, &interrupt, fine), TaskEnd::Failed { .. }));
        let diverged = Outcome::failed(&"training diverged");
        assert!(matches!(judge(diverged, &interrupt, fine), TaskEnd::Failed { .. }));
        let term = Interrupt::default();
        term.raise(15);
        let stopped = TaskEnd::Stopped { signal: "SIGTERM".into() };
        assert_eq!(judge(Outcome::Interrupted, &term, fine), stopped);
        let warned = Interrupt::default();
        warned.raise(10);
        let end = |judged| judge(Outcome::Interrupted, &warned, judged);
        assert_eq!(end(fine), TaskEnd::Continued);
        let early = Judged { warning: Warned::ToMakeRoom { again: false }, ..fine };
        assert_eq!(end(early), TaskEnd::Preempted);
        assert_eq!(end(Judged { progress: false, ..early }), TaskEnd::Preempted);
        let why = |judged| match end(judged) {
            TaskEnd::Failed { why } => why,
            other => panic!("{other:?}"),
        };
        assert!(
            why(Judged { progress: false, warning: Warned::ToMakeRoom { again: true }, ..fine })
                .contains("make room twice")
        );
        assert!(why(Judged { progress: false, ..fine }).contains("ask for more"));
    }
}
