//! What Slurm remembers of job arrays: the queue, and the accounting where a site has it.

use std::collections::BTreeMap;

use super::SlurmError;
use super::client::call;

/// A task of a job array as Slurm knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlurmTask {
    /// Its state, such as `PENDING`.
    pub state: String,
    /// Why it waits or ended; empty if Slurm gives no reason.
    pub reason: String,
    /// Nodes it runs or ran on.
    pub nodes: String,
    /// How its script ended, as `exit code 1` or `signal 9`; `None` if it ended well, or nobody knows.
    pub exit: Option<String>,
}

/// States after which a task never runs again. A state that is not known here, of a newer Slurm, counts as active: a
/// run that is submitted twice is worse than one that has to be submitted again.
const ENDED: [&str; 12] = [
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "LAUNCH_FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "RECONFIG_FAIL",
    "REVOKED",
    "TIMEOUT",
];

impl SlurmTask {
    /// Whether it waits or runs.
    pub fn is_active(&self) -> bool {
        !ENDED.contains(&self.state.as_str())
    }
}

/// Number of the job array and index of the task.
pub(super) type TaskId = (String, usize);

/// What Slurm still remembers of job arrays.
#[derive(Debug, Default)]
pub(super) struct Queue {
    tasks: BTreeMap<TaskId, SlurmTask>,
    /// Arrays of which no task is left, such as one that was cancelled before it started, by number.
    emptied: BTreeMap<String, SlurmTask>,
    /// Numbers of the arrays, by name. Of arrays with one name, the last that was submitted.
    numbers: BTreeMap<String, String>,
}

impl Queue {
    /// A task of the array with the number `job`, or what became of all of its tasks that never started.
    pub fn task(&self, job: &str, index: usize) -> Option<&SlurmTask> {
        self.tasks.get(&(job.to_owned(), index)).or_else(|| self.emptied.get(job))
    }

    /// The number of the array `name`.
    pub fn number(&self, name: &str) -> Option<&str> {
        self.numbers.get(name).map(String::as_str)
    }

    /// Whether a task of the array with the number `job` waits or runs.
    pub fn is_active(&self, job: &str) -> bool {
        self.tasks.iter().any(|((other, _), task)| other == job && task.is_active())
    }
}

/// Longest list of names in one argument; Linux allows 128 KiB.
const NAMES: usize = 100_000;

/// The job arrays with these names; those of the user with this id only, if one is stated.
pub(super) fn queue(names: &[&str], user: Option<u32>) -> Result<Queue, SlurmError> {
    if names.is_empty() {
        return Ok(Queue::default());
    }
    // --all, since partitions may be hidden from a user whose job is in them.
    let mut arguments =
        ["--noheader", "--all", "--array", "--states=all", "--format=%j|%F|%K|%T|%N|%r"].map(str::to_owned).to_vec();
    // The controller filters by one user itself, while squeue filters by name after it got the whole table.
    arguments.extend(user.map(|user| format!("--user={user}")));
    let joined = names.join(",");
    if joined.len() < NAMES {
        arguments.push(format!("--name={joined}"));
    }
    Ok(parse_queue(&call("squeue", &arguments)?))
}

fn parse_queue(text: &str) -> Queue {
    let mut queue = Queue::default();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim().splitn(6, '|').collect();
        let [name, job, index, state, nodes, reason] = cells[..] else { continue };
        let reason = if reason == "None" { "" } else { reason };
        let (state, reason, nodes) = (state.to_owned(), reason.to_owned(), nodes.to_owned());
        let task = SlurmTask { state, reason, nodes, exit: None };
        match index.parse() {
            Ok(index) => drop(queue.tasks.insert((job.to_owned(), index), task)),
            Err(_) if !task.is_active() => drop(queue.emptied.insert(job.to_owned(), task)),
            Err(_) => continue,
        }
        let number = |job: &str| job.parse::<u64>().unwrap_or(0);
        if queue.numbers.get(name).is_none_or(|other| number(other) < number(job)) {
            queue.numbers.insert(name.to_owned(), job.to_owned());
        }
    }
    queue
}

/// How the tasks of the job arrays ended, according to the accounting. Empty if the site has no accounting. What it
/// takes for waiting or running is left out: the controller knows better, and a record stays so after a crash.
pub(super) fn accounting(jobs: &[&str]) -> BTreeMap<TaskId, SlurmTask> {
    if jobs.is_empty() {
        return BTreeMap::new();
    }
    let format = "--format=JobID,State,NodeList,Reason,ExitCode";
    let arguments = ["--noheader", "--parsable2", "--allocations", "--array", format].map(str::to_owned);
    let jobs = format!("--jobs={}", jobs.join(","));
    call("sacct", &[&arguments[..], &[jobs]].concat()).map(|text| parse_accounting(&text)).unwrap_or_default()
}

fn parse_accounting(text: &str) -> BTreeMap<TaskId, SlurmTask> {
    let parse = |line: &str| {
        let cells: Vec<&str> = line.trim().split('|').collect();
        let [id, state, nodes, reason, exit] = cells[..] else { return None };
        let (job, index) = id.split_once('_')?;
        // `CANCELLED by 1000`
        let state = state.split_whitespace().next()?.to_owned();
        let reason = if reason == "None" { String::new() } else { reason.to_owned() };
        let task = SlurmTask { state, reason, nodes: nodes.to_owned(), exit: exit_in_words(exit) };
        (!task.is_active()).then_some(((job.to_owned(), index.parse().ok()?), task))
    };
    text.lines().filter_map(parse).collect()
}

/// `CODE:SIGNAL` in words.
fn exit_in_words(exit: &str) -> Option<String> {
    match exit.split_once(':')? {
        ("0", "0") => None,
        (code, "0") => Some(format!("exit code {code}")),
        (_, signal) => Some(format!("signal {signal}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_read() {
        let text = "t-1|7|0|RUNNING|node1|None\nt-1|7|1|PENDING||Resources\nt-1|7|2|PENDING||(odd|reason)\n\n\
                    t-2|8|N/A|CANCELLED||Priority\nother|9|N/A|RUNNING|n|None\nt-1|11|0|EXPEDITING|n|None\n";
        let queue = parse_queue(text);
        let task = queue.task("7", 0).unwrap();
        assert_eq!((task.reason.as_str(), task.nodes.as_str()), ("", "node1"));
        assert_eq!(queue.task("7", 2).unwrap().reason, "(odd|reason)");
        assert_eq!((queue.task("7", 3), queue.number("t-1")), (None, Some("11")));
        assert_eq!((queue.task("8", 5).unwrap().state.as_str(), queue.number("t-2")), ("CANCELLED", Some("8")));
        assert_eq!(queue.number("other"), None, "a job that is no array is not ours");
        assert!(queue.is_active("11") && queue.is_active("7") && !queue.is_active("8"), "an unknown state is active");
    }

    #[test]
    fn the_accounting_says_how_tasks_ended() {
        let text = "7_0|OUT_OF_MEMORY|n1|None|0:125\n7_1|CANCELLED by 1000|None assigned|None|0:0\n7_[2-3]|PENDING|||\n\
                    7_4|RUNNING|n1|None|0:0\n7_5|FAILED|n1|NonZeroExitCode|3:0\nx|y\n";
        let tasks = parse_accounting(text);
        assert_eq!(tasks.len(), 3, "{tasks:?}");
        let exit = |index| tasks[&("7".to_owned(), index)].exit.as_deref();
        assert_eq!((exit(0), exit(1), exit(5)), (Some("signal 125"), None, Some("exit code 3")));
        assert_eq!(tasks[&("7".to_owned(), 0)].state, "OUT_OF_MEMORY");
        assert_eq!(tasks[&("7".to_owned(), 1)].state, "CANCELLED");
        assert!(!tasks[&("7".to_owned(), 1)].is_active());
    }
}
