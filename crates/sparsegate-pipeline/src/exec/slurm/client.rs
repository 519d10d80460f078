//! The commands of Slurm and what they print.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::SlurmError;

/// A task of a job array as Slurm knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlurmTask {
    /// Its state, such as `PENDING`.
    pub state: String,
    /// Why it waits or ended; empty if Slurm gives no reason.
    pub reason: String,
    /// Nodes it runs or ran on.
    pub nodes: String,
}

/// States of tasks that will still run or are running.
const ACTIVE: [&str; 14] = [
    "PENDING",
    "RUNNING",
    "SUSPENDED",
    "COMPLETING",
    "CONFIGURING",
    "REQUEUED",
    "REQUEUE_FED",
    "REQUEUE_HOLD",
    "RESIZING",
    "RESV_DEL_HOLD",
    "SIGNALING",
    "SPECIAL_EXIT",
    "STAGE_OUT",
    "STOPPED",
];

impl SlurmTask {
    /// Whether it waits or runs.
    pub fn is_active(&self) -> bool {
        ACTIVE.contains(&self.state.as_str())
    }
}

/// Number of the job array and index of the task.
pub(super) type TaskId = (String, usize);

/// Runs a command of Slurm and returns what it printed.
fn call(program: &'static str, arguments: &[String]) -> Result<String, SlurmError> {
    let mut command = Command::new(program);
    // The output is parsed, so neither language nor the user's own formats may change it.
    command.args(arguments).env("LC_ALL", "C").env("SLURM_TIME_FORMAT", "standard");
    for variable in
        ["SQUEUE_FORMAT", "SQUEUE_FORMAT2", "SQUEUE_STATES", "SQUEUE_USERS", "SQUEUE_PARTITION", "SACCT_FORMAT"]
    {
        command.env_remove(variable);
    }
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| SlurmError::Missing { program, problem: error.to_string() })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let mut message = message
        .lines()
        .map(|line| line.trim_start_matches(&format!("{program}: error: ")))
        .collect::<Vec<_>>()
        .join("; ");
    if message.is_empty() {
        message = output.status.to_string();
    }
    Err(SlurmError::Refused { program, message })
}

/// Makes sure that jobs can be submitted from this machine.
pub(super) fn check() -> Result<(), SlurmError> {
    call("sbatch", &["--version".to_owned()]).map(drop)
}

/// Submits a job array and returns its number.
pub(super) fn submit(arguments: &[String]) -> Result<String, SlurmError> {
    let printed = call("sbatch", arguments)?;
    // On a federation the name of the cluster follows.
    let job = printed.trim().split(';').next().unwrap_or_default().to_owned();
    if job.is_empty() || !job.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SlurmError::Refused {
            program: "sbatch",
            message: format!("it printed {printed:?}, no job number"),
        });
    }
    Ok(job)
}

/// What Slurm still remembers of job arrays.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Tasks by the name of their array and their index, with the number of the array.
    tasks: BTreeMap<(String, usize), (String, SlurmTask)>,
    /// Arrays of which no task is left, such as one that was cancelled before it started, by name.
    emptied: BTreeMap<String, (String, SlurmTask)>,
}

impl Queue {
    /// A task of the array `name`, or what became of all that never started; with the number of the array.
    pub fn task(&self, name: &str, index: usize) -> Option<&(String, SlurmTask)> {
        self.tasks.get(&(name.to_owned(), index)).or_else(|| self.emptied.get(name))
    }

    /// The number of the array `name`.
    pub fn number(&self, name: &str) -> Option<&str> {
        let of_tasks = self.tasks.iter().find(|((other, _), _)| other == name).map(|(_, (job, _))| job);
        of_tasks.or_else(|| self.emptied.get(name).map(|(job, _)| job)).map(String::as_str)
    }
}

/// The job arrays with these names.
pub(super) fn queue(names: &[&str]) -> Result<Queue, SlurmError> {
    if names.is_empty() {
        return Ok(Queue::default());
    }
    let arguments = ["--noheader", "--array", "--states=all", "--format=%j|%F|%K|%T|%N|%r"].map(str::to_owned);
    let names = format!("--name={}", names.join(","));
    Ok(parse_queue(&call("squeue", &[&arguments[..], &[names]].concat())?))
}

fn parse_queue(text: &str) -> Queue {
    let mut queue = Queue::default();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim().splitn(6, '|').collect();
        let [name, job, index, state, nodes, reason] = cells[..] else { continue };
        let reason = if reason == "None" { "" } else { reason };
        let task = SlurmTask { state: state.to_owned(), reason: reason.to_owned(), nodes: nodes.to_owned() };
        match index.parse() {
            Ok(index) => drop(queue.tasks.insert((name.to_owned(), index), (job.to_owned(), task))),
            Err(_) if !task.is_active() => drop(queue.emptied.insert(name.to_owned(), (job.to_owned(), task))),
            Err(_) => {}
        }
    }
    queue
}

/// What the accounting says about the job arrays. Empty if the site has no accounting.
pub(super) fn accounting(jobs: &[&str]) -> BTreeMap<TaskId, SlurmTask> {
    if jobs.is_empty() {
        return BTreeMap::new();
    }
    let arguments = ["--noheader", "--parsable2", "--allocations", "--array", "--format=JobID,State,NodeList,Reason"]
        .map(str::to_owned);
    let jobs = format!("--jobs={}", jobs.join(","));
    call("sacct", &[&arguments[..], &[jobs]].concat()).map(|text| parse_accounting(&text)).unwrap_or_default()
}

fn parse_accounting(text: &str) -> BTreeMap<TaskId, SlurmTask> {
    let parse = |line: &str| {
        let cells: Vec<&str> = line.trim().split('|').collect();
        let [id, state, nodes, reason] = cells[..] else { return None };
        let (job, index) = id.split_once('_')?;
        // `CANCELLED by 1000`
        let state = state.split_whitespace().next()?.to_owned();
        let reason = if reason == "None" { String::new() } else { reason.to_owned() };
        Some(((job.to_owned(), index.parse().ok()?), SlurmTask { state, reason, nodes: nodes.to_owned() }))
    };
    text.lines().filter_map(parse).collect()
}

/// Puts a task of a job array back into the queue.
pub(super) fn requeue(job: &str) -> Result<(), SlurmError> {
    call("scontrol", &["requeue".to_owned(), job.to_owned()]).map(drop)
}

/// Cancels tasks of job arrays, `JOB_INDEX` each.
pub(super) fn cancel(tasks: &[String]) -> Result<(), SlurmError> {
    tasks.chunks(200).try_for_each(|tasks| call("scancel", tasks).map(drop))
}

/// Largest number of tasks of an array on this cluster.
pub(super) fn largest_array() -> usize {
    // Slurm's own default, where the configuration cannot be read.
    const DEFAULT: usize = 1001;
    let configuration = call("scontrol", &["show".to_owned(), "config".to_owned()]).unwrap_or_default();
    let line = configuration.lines().find(|line| line.trim_start().starts_with("MaxArraySize"));
    let value = line.and_then(|line| line.split('=').nth(1)?.trim().parse().ok());
    // An index must be smaller than the limit, and indices begin with 0.
    value.filter(|size| *size > 0).unwrap_or(DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_read() {
        let text = "t-1|7|0|RUNNING|node1|None\nt-1|7|1|PENDING||Resources\nt-1|7|2|PENDING||(odd|reason)\n\n\
                    t-2|8|N/A|CANCELLED||Priority\nother|9|N/A|RUNNING|n|None\n";
        let queue = parse_queue(text);
        let (job, task) = queue.task("t-1", 0).unwrap();
        assert_eq!((job.as_str(), task.reason.as_str(), task.nodes.as_str()), ("7", "", "node1"));
        assert_eq!(queue.task("t-1", 2).unwrap().1.reason, "(odd|reason)");
        assert_eq!((queue.task("t-1", 3), queue.number("t-1")), (None, Some("7")));
        assert_eq!((queue.task("t-2", 5).unwrap().1.state.as_str(), queue.number("t-2")), ("CANCELLED", Some("8")));
        assert_eq!(queue.task("other", 0), None, "a job that is no array is not ours");
    }

    #[test]
    fn the_accounting_is_read() {
        let text = "7_0|OUT_OF_MEMORY|n1|None\n7_1|CANCELLED by 1000|None assigned|None\n7_[2-3]|PENDING||\nx|y\n";
        let tasks = parse_accounting(text);
        assert_eq!(tasks.len(), 2, "{tasks:?}");
        assert_eq!(tasks[&("7".to_owned(), 0)].state, "OUT_OF_MEMORY");
        assert_eq!(tasks[&("7".to_owned(), 1)].state, "CANCELLED");
        assert!(!tasks[&("7".to_owned(), 1)].is_active());
    }
}
