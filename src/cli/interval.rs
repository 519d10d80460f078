//! `--watch[=SECONDS]`: the pause between two looks.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sparsegate_pipeline::exec::Interrupt;

/// Longest delay before an interrupt is noticed.
const TICK: Duration = Duration::from_millis(100);

/// A number of seconds, not necessarily whole, between a tenth and a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval(pub Duration);

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
        if !(0.1..=86_400.0).contains(&seconds) {
            return Err("must be between 0.1 and 86400 seconds".to_owned());
        }
        Ok(Self(Duration::from_secs_f64(seconds)))
    }
}

impl Interval {
    /// Waits, at most until `is_due` says so. Returns `false` as soon as an interrupt is raised.
    pub fn wait(self, interrupt: &Interrupt, mut is_due: impl FnMut() -> bool) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < self.0 && !is_due() {
            if interrupt.is_raised() {
                return false;
            }
            std::thread::sleep(TICK.min(self.0.saturating_sub(begun.elapsed())));
        }
        !interrupt.is_raised()
    }
}

/// The time of day in UTC, such as `14:03:22 UTC`.
pub fn time_of_day() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (hour, minute, second) = (since / 3600 % 24, since / 60 % 60, since % 60);
    format!("{hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_positive_numbers() {
        assert_eq!("0.5".parse(), Ok(Interval(Duration::from_millis(500))));
        assert_eq!("30".parse(), Ok(Interval(Duration::from_secs(30))));
        for wrong in ["0", "-1", "nan", "inf", "1e9", "soon", ""] {
            assert!(wrong.parse::<Interval>().is_err(), "{wrong}");
        }
    }
}
