//! `3%`, `0.02` or `2x`: how far a measured value may lie from a published one.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `3%` (relative to the published value), a plain number (absolute) or `2x` (a factor).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// Fraction of the published value, 0.03 for `3%`.
    Relative(f64),
    /// Absolute difference in the metric's unit.
    Absolute(f64),
    /// Factor: from the published value divided by this to the value times this, 2 for `2x`.
    Factor(f64),
}

impl Tolerance {
    /// Whether `measured` is within the tolerance of `published`.
    pub fn holds(self, measured: f64, published: f64) -> bool {
        self.excess(measured, published) <= 0.0
    }

    /// Distance of `measured` from the tolerated interval, in the metric's unit; zero or negative inside.
    pub fn excess(self, measured: f64, published: f64) -> f64 {
        let (low, high) = match self {
            Tolerance::Relative(share) => (published - share * published.abs(), published + share * published.abs()),
            Tolerance::Absolute(distance) => (published - distance, published + distance),
            Tolerance::Factor(factor) => {
                let (a, b) = (published / factor, published * factor);
                (a.min(b), a.max(b))
            }
        };
        // Widen the interval slightly, so that rounding does not decide a difference equal to the tolerance.
        let room = 1e-9 * (high - low) + 1e-12;
        (low - measured).max(measured - high) - room
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Rounded so that 0.07 is `7%` and not `7.000000000000001%`.
            Tolerance::Relative(share) => write!(f, "{}%", (share * 1e8).round() / 1e6),
            Tolerance::Absolute(distance) => write!(f, "{distance}"),
            Tolerance::Factor(factor) => write!(f, "{factor}x"),
        }
    }
}

impl Serialize for Tolerance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Tolerance::Relative(_) | Tolerance::Factor(_) => serializer.collect_str(self),
            Tolerance::Absolute(distance) => serializer.serialize_f64(*distance),
        }
    }
}

impl<'de> Deserialize<'de> for Tolerance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ToleranceVisitor)
    }
}

struct ToleranceVisitor;

impl de::Visitor<'_> for ToleranceVisitor {
    type Value = Tolerance;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a tolerance such as `3%` (relative), `0.02` (absolute), not negative, or `2x` (a factor above 1)")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Tolerance, E> {
        if value.is_finite() && value >= 0.0 {
            Ok(Tolerance::Absolute(value))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(value), &self))
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a tolerance that large accepts everything anyway")]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Tolerance, E> {
        Ok(Tolerance::Absolute(value as f64))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Tolerance, E> {
        let before = |suffix: char| value.strip_suffix(suffix).and_then(|number| number.trim().parse::<f64>().ok());
        match (before('%'), before('x')) {
            (Some(percent), _) if percent.is_finite() && percent >= 0.0 => Ok(Tolerance::Relative(percent / 100.0)),
            (_, Some(factor)) if factor.is_finite() && factor > 1.0 => Ok(Tolerance::Factor(factor)),
            _ => Err(E::invalid_value(de::Unexpected::Str(value), &self)),
        }
    }
}

impl JsonSchema for Tolerance {
    fn schema_name() -> Cow<'static, str> {
        "Tolerance".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`3%`, relative to the published value; a number, absolute in the metric's unit; or `2x`, a factor",
            "anyOf": [
                { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*[%x]$" },
                { "type": "number", "minimum": 0 },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_and_writes_them_back() -> Result<(), serde_json::Error> {
        for (text, expected) in [
            ("\"3%\"", Tolerance::Relative(0.03)),
            ("0.02", Tolerance::Absolute(0.02)),
            ("\"2x\"", Tolerance::Factor(2.0)),
        ] {
            let tolerance: Tolerance = serde_json::from_str(text)?;
            assert_eq!(tolerance, expected);
            assert_eq!(serde_json::to_string(&tolerance)?, text);
        }
        assert!(serde_json::from_str::<Tolerance>("\"3\"").is_err());
        assert!(serde_json::from_str::<Tolerance>("\"-3%\"").is_err());
        assert!(serde_json::from_str::<Tolerance>("-0.1").is_err());
        assert!(serde_json::from_str::<Tolerance>("\"1x\"").is_err());
        Ok(())
    }

    #[test]
    fn holds_at_the_edge() {
        assert!(Tolerance::Absolute(0.5).holds(1.5, 1.0));
        assert!(!Tolerance::Relative(0.1).holds(1.2, 1.0));
        assert!(Tolerance::Relative(0.1).holds(1.1, 1.0), "not decided by the last bit");
        assert!(Tolerance::Factor(2.0).holds(50.0, 100.0) && Tolerance::Factor(2.0).holds(200.0, 100.0));
        assert!(!Tolerance::Factor(2.0).holds(49.0, 100.0) && !Tolerance::Factor(2.0).holds(201.0, 100.0));
    }
}
