//! The commands of Slurm.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::SlurmError;
use super::queue::queue;

/// Variables of the environment by which a user changes what Slurm's commands print or select, or how sbatch returns.
/// What is asked here and how the answer is read must not depend on them.
const VARIABLES: [&str; 3] = ["SQUEUE_", "SACCT_", "SCANCEL_"];
const SINGLE_VARIABLES: [&str; 2] = ["SBATCH_CLUSTERS", "SBATCH_WAIT"];

/// Whether a variable of the environment is kept from Slurm's commands.
fn is_removed(variable: &str) -> bool {
    VARIABLES.iter().any(|prefix| variable.starts_with(prefix)) || SINGLE_VARIABLES.contains(&variable)
}

/// Runs a command of Slurm and returns what it printed.
pub(super) fn call(program: &'static str, arguments: &[String]) -> Result<String, SlurmError> {
    let mut command = Command::new(program);
    // The output is parsed, so the language may not change it either.
    command.args(arguments).env("LC_ALL", "C").env("SLURM_TIME_FORMAT", "standard");
    for (variable, _) in std::env::vars_os() {
        if variable.to_str().is_some_and(is_removed) {
            command.env_remove(variable);
        }
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

/// Makes sure that this machine has the command by which a job puts itself back into the queue.
pub(super) fn check_requeue() -> Result<(), SlurmError> {
    call("scontrol", &["--version".to_owned()]).map(drop)
}

/// Why sbatch gave no number.
pub(super) struct NotSubmitted {
    /// What went wrong.
    pub error: SlurmError,
    /// Whether the queue was asked and has no such job. Otherwise there may be one that shows up later.
    pub is_certain: bool,
}

/// Time before the queue is asked a second time for a job that may have been submitted.
const SECOND_LOOK: Duration = Duration::from_secs(3);

/// Submits the job array `name` and returns its number. A controller that answers too late may have accepted it, so
/// after an error the queue is asked for the name.
pub(super) fn submit(name: &str, arguments: &[String]) -> Result<String, NotSubmitted> {
    let error = match call("sbatch", arguments) {
        Ok(printed) => match job_number(&printed) {
            Some(job) => return Ok(job),
            None => SlurmError::Refused {
                program: "sbatch",
                message: format!("it printed {printed:?}, no job number; the answer of the controller was lost"),
            },
        },
        Err(error) => error,
    };
    if matches!(error, SlurmError::Missing { .. }) {
        return Err(NotSubmitted { error, is_certain: true });
    }
    let looks = if error.is_lost_contact() { 2 } else { 1 };
    for look in 0..looks {
        if look > 0 {
            std::thread::sleep(SECOND_LOOK);
        }
        match queue(&[name], None) {
            Ok(queue) => {
                if let Some(job) = queue.number(name) {
                    return Ok(job.to_owned());
                }
            }
            Err(_) => return Err(NotSubmitted { error, is_certain: false }),
        }
    }
    Err(NotSubmitted { error, is_certain: true })
}

/// The number in what sbatch printed. On a federation the name of the cluster follows it; a site's own plugins may
/// print lines before it.
fn job_number(printed: &str) -> Option<String> {
    let number = |line: &str| line.trim().split(';').next().unwrap_or_default().to_owned();
    let is_number = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    printed.lines().rev().map(number).find(is_number)
}

/// First and longest pause between two attempts to reach the controller.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Attempts if the controller answers, and refuses.
const ATTEMPTS: usize = 3;

/// Puts a task of a job array back into the queue. A controller that does not answer is asked again for at most
/// `patience`.
pub(super) fn requeue(job: &str, patience: Duration) -> Result<(), SlurmError> {
    let (begun, mut pause, mut attempts) = (Instant::now(), PAUSES.0, 0);
    loop {
        let Err(error) = call("scontrol", &["requeue".to_owned(), job.to_owned()]) else { return Ok(()) };
        attempts += 1;
        let hopeless = matches!(error, SlurmError::Missing { .. }) || attempts >= ATTEMPTS && !error.is_lost_contact();
        if hopeless || begun.elapsed() + pause > patience {
            return Err(error);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Cancels jobs: `JOB_INDEX` for a task of an array, `JOB` for a whole one. What has just ended is no error. The others
/// are cancelled, too, if Slurm refuses some, such as those of another user.
pub(super) fn cancel(jobs: &[String]) -> Vec<Result<(), SlurmError>> {
    let ask = |jobs: &[String]| call("scancel", &[&["--quiet".to_owned()], jobs].concat()).map(drop);
    let of_chunk = |jobs: &[String]| match ask(jobs) {
        // The answer does not say which.
        Err(error) if jobs.len() > 1 && !error.is_lost_contact() => jobs.chunks(1).map(ask).collect(),
        result => vec![result; jobs.len()],
    };
    jobs.chunks(200).flat_map(of_chunk).collect()
}

/// Largest number of tasks of an array on this cluster.
pub(super) fn largest_array() -> usize {
    largest_array_of(&call("scontrol", &["show".to_owned(), "config".to_owned()]).unwrap_or_default())
}

fn largest_array_of(configuration: &str) -> usize {
    // Slurm's own default, where the configuration cannot be read.
    const DEFAULT: usize = 1001;
    let value = |name: &str| {
        let line = configuration.lines().find(|line| line.trim_start().starts_with(name))?;
        line.split_once('=').map(|(_, value)| value.trim())
    };
    // An index must be smaller than this limit, and indices begin with 0.
    let size = value("MaxArraySize").and_then(|value| value.parse().ok());
    let tasks = value("SchedulerParameters").unwrap_or_default().split(',').find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        if name == "max_array_tasks" { value.trim().parse().ok() } else { None }
    });
    let size = size.filter(|size| *size > 0).unwrap_or(DEFAULT);
    tasks.filter(|tasks| *tasks > 0).unwrap_or(size).min(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_in_the_last_line() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(job_number("17\n"), some("17"));
        assert_eq!(job_number("Your project has 300 hours left.\n\n17;cluster\n"), some("17"));
        assert_eq!(job_number("no number 3\n"), None);
        assert_eq!(job_number(""), None);
    }

    #[test]
    fn the_site_limits_arrays_in_two_ways() {
        assert_eq!(largest_array_of(""), 1001);
        assert_eq!(largest_array_of("MaxArraySize            = 3\n"), 3);
        let both = "MaxArraySize = 1001\nSchedulerParameters     = bf_interval=2,max_array_tasks=500,nohold\n";
        assert_eq!(largest_array_of(both), 500);
    }

    #[test]
    fn a_user_cannot_change_the_answers() {
        for variable in ["SQUEUE_ACCOUNT", "SQUEUE_NAMES", "SACCT_FORMAT", "SBATCH_WAIT", "SCANCEL_STATE"] {
            assert!(is_removed(variable), "{variable}");
        }
        for variable in ["SBATCH_PARTITION", "SBATCH_ACCOUNT", "SLURM_CONF", "PATH"] {
            assert!(!is_removed(variable), "{variable}");
        }
    }
}
