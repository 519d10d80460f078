//! A moment in UTC, written as in RFC 3339: `2026-11-30T10:11:12.345Z`.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment to the millisecond, not before 1970. Its text is in UTC, so that texts of different machines compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Milliseconds since the beginning of 1970 in UTC, without leap seconds.
    milliseconds: u64,
}

/// A text that is not a moment in the form of RFC 3339, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time such as 2026-11-30T10:11:12.345Z")]
pub struct TimestampError(String);

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;
/// Days from 1 March of the year 0, with which the calendar below begins, to the beginning of 1970.
const BEFORE_1970: u64 = 719_468;
/// Days of 400 years, after which the calendar repeats.
const ERA: u64 = 146_097;

impl Timestamp {
    /// This moment, by the system's clock.
    #[must_use]
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { milliseconds: u64::try_from(since.as_millis()).unwrap_or(u64::MAX) }
    }

    /// The moment so many milliseconds after the beginning of 1970.
    #[must_use]
    pub fn from_milliseconds(milliseconds: u64) -> Self {
        Self { milliseconds }
    }

    /// Seconds since the beginning of 1970.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.milliseconds as f64 / 1000.0
    }

    /// The date, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(self) -> String {
        let (year, month, day) = civil(self.milliseconds / DAY);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// Year, month and day of a number of days since 1970. The year begins in March here, so that a leap day is its last
/// one, and each month's first day is a linear function of its number.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + BEFORE_1970;
    let (era, of_era) = (days / ERA, days % ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The inverse of [`civil`]; `None` before 1970. A day that the month does not have is one of the next month.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = year.checked_sub(u64::from(month <= 2))?;
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    (era * ERA + 365 * of_era + of_era / 4 - of_era / 100 + of_year).checked_sub(BEFORE_1970)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, rest) = (self.milliseconds % DAY / 1000, self.milliseconds % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}.{rest:03}Z", self.date())
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TimestampError(text.to_owned());
        // Whole seconds are those without a fraction.
        let full = if text.contains('.') { text.to_owned() } else { text.replacen('Z', ".000Z", 1) };
        let number = |range: Range<usize>| full.get(range)?.parse::<u64>().ok();
        let parse = || {
            let days = days(number(0..4)?, number(5..7)?, number(8..10)?)?;
            let seconds = number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
            Some(Self { milliseconds: days * DAY + seconds * 1000 + number(20..23)? })
        };
        // Separators, and numbers that no calendar and no clock has, show when it is written again.
        parse().filter(|found| found.to_string() == full).ok_or_else(error)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // By `date -u -d @SECONDS +%FT%TZ`.
        let moments = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (1_735_689_600, "2025-01-01T00:00:00.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ];
        for (seconds, text) in moments {
            let moment = Timestamp::from_milliseconds(seconds * 1000);
            assert_eq!((moment.to_string().as_str(), moment.date().as_str()), (text, &text[..10]));
            assert_eq!(text.parse(), Ok(moment));
        }
        for day in 0..200_000 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), Some(day));
        }
    }

    #[test]
    fn texts_that_are_no_moment_are_refused() {
        let moment = Timestamp::from_milliseconds(1_796_033_472_345);
        assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2026-11-30T10:11:12.345Z\"");
        assert_eq!("2026-11-30T10:11:12Z".parse(), Ok(Timestamp::from_milliseconds(1_796_033_472_000)));
        for text in [
            "",
            "2026-11-30",
            "2026-11-30T10:11:12.345",
            "2026-11-30 10:11:12.345Z",
            "2026-02-29T10:11:12.345Z",
            "2026-13-01T10:11:12.345Z",
            "2026-00-01T10:11:12.345Z",
            "2026-11-00T10:11:12.345Z",
            "2026-11-30T24:00:00.000Z",
            "2026-11-30T10:60:00.000Z",
            "2026-11-30T10:11:12.345+01:00",
            "2026-11-30T10:11:12.3456Z",
            "+026-11-30T10:11:12.345Z",
            "1969-12-31T23:59:59.999Z",
            "0000-01-01T00:00:00.000Z",
            "…26-11-30T10:11:12.345Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
