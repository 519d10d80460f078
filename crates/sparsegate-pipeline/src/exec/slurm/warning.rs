//! How much time a job has left, and whether SIGUSR1 was the warning before the time limit.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::client::call;
use crate::exec::Interrupt;

/// Slurm may warn up to a minute earlier than asked; clocks of nodes may differ by the rest.
const EARLY: u64 = 90;
/// Seconds that a job needs for its end.
const LAST: u64 = 20;
/// Longest time for which a job waits for the controller.
const LONGEST: Duration = Duration::from_mins(10);

/// When this job reaches its time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeLimit {
    At(SystemTime),
    Never,
    Unknown,
}

impl TimeLimit {
    /// As Slurm told the job when it started, or as it says now: older versions, such as 22.05, do not tell.
    pub fn of_this_job() -> Self {
        let variable = |name| std::env::var(name).ok();
        let told = variable("SLURM_JOB_END_TIME").and_then(|text| text.parse().ok());
        let told = told.filter(|seconds| *seconds > 0).map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        if let Some(end) = told {
            return Self::At(end);
        }
        let Some(job) = variable("SLURM_JOB_ID") else { return Self::Unknown };
        let left = call("squeue", &["--noheader", "--format=%L", &format!("--jobs={job}")].map(str::to_owned));
        left.map_or(Self::Unknown, |left| Self::in_words(left.trim()))
    }

    /// The limit of a job that has the time `left`, as squeue prints it.
    fn in_words(left: &str) -> Self {
        match seconds(left) {
            Some(seconds) => Self::At(SystemTime::now() + Duration::from_secs(seconds)),
            None if left == "UNLIMITED" => Self::Never,
            None => Self::Unknown,
        }
    }

    /// Whether the signal that raised `interrupt` came so long before the limit that it was not Slurm's warning
    /// `warning` seconds before it. A preemption with `send_user_signal` sends the same signal.
    pub fn is_far(self, interrupt: &Interrupt, warning: u32) -> bool {
        let Some(raised) = interrupt.raised_at() else { return false };
        match self {
            Self::At(end) => end.duration_since(raised).is_ok_and(|left| left.as_secs() > u64::from(warning) + EARLY),
            Self::Never => true,
            Self::Unknown => false,
        }
    }

    /// Seconds that the job has left; `None` if that is not known or without end.
    pub fn left(self) -> Option<u64> {
        let Self::At(end) = self else { return None };
        Some(end.duration_since(SystemTime::now()).unwrap_or_default().as_secs())
    }

    /// How long the job may wait for the controller now; `otherwise` if the limit is not known.
    pub fn patience(self, otherwise: Duration) -> Duration {
        let Self::At(end) = self else { return otherwise.min(LONGEST) };
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        left.saturating_sub(Duration::from_secs(LAST)).min(LONGEST)
    }
}

/// Seconds of a time limit as sbatch takes it: `MINUTES`, `MINUTES:SECONDS`, `HOURS:MINUTES:SECONDS`, `DAYS-HOURS`,
/// `DAYS-HOURS:MINUTES` or `DAYS-HOURS:MINUTES:SECONDS`. `None` for everything else, such as `UNLIMITED`.
pub(super) fn seconds(time: &str) -> Option<u64> {
    let numbers = |text: &str| text.split(':').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>();
    let (days, hours, minutes, seconds) = match time.split_once('-') {
        Some((days, rest)) => match numbers(rest)?[..] {
            [hours] => (days.parse().ok()?, hours, 0, 0),
            [hours, minutes] => (days.parse().ok()?, hours, minutes, 0),
            [hours, minutes, seconds] => (days.parse().ok()?, hours, minutes, seconds),
            _ => return None,
        },
        None => match numbers(time)?[..] {
            [minutes] => (0, 0, minutes, 0),
            [minutes, seconds] => (0, 0, minutes, seconds),
            [hours, minutes, seconds] => (0, hours, minutes, seconds),
            _ => return None,
        },
    };
    let hours = hours.checked_add(u64::checked_mul(days, 24)?)?;
    hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?.checked_add(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_are_read_as_sbatch_does() {
        let cases = [
            ("90", 5400),
            ("1:30", 90),
            ("4:00:00", 14400),
            ("1-2", 93_600),
            ("1-2:30", 95_400),
            ("2-00:00:01", 172_801),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["UNLIMITED", "INVALID", "", "1:2:3:4", "x-1", "99999999999999999-0"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_signal_near_the_limit_is_the_warning() {
        let interrupt = Interrupt::default();
        let limit = |seconds| TimeLimit::At(SystemTime::now() + Duration::from_secs(seconds));
        assert!(!limit(1000).is_far(&interrupt, 120), "there was no signal");
        interrupt.raise(10);
        assert!(limit(1000).is_far(&interrupt, 120));
        assert!(!limit(180).is_far(&interrupt, 120), "Slurm warns up to a minute early");
        assert!(!limit(0).is_far(&interrupt, 120));
        assert!(!TimeLimit::Unknown.is_far(&interrupt, 120) && TimeLimit::Never.is_far(&interrupt, 120));
        assert_eq!(TimeLimit::in_words("UNLIMITED"), TimeLimit::Never);
        assert_eq!(TimeLimit::in_words("INVALID"), TimeLimit::Unknown);
        assert!(TimeLimit::in_words("1-00:00:00").is_far(&interrupt, 120));
        assert!(limit(60).patience(LONGEST) <= Duration::from_secs(40));
        assert_eq!(limit(100_000).patience(Duration::ZERO), LONGEST);
        assert_eq!(TimeLimit::Unknown.patience(Duration::from_mins(1)), Duration::from_mins(1));
    }
}
