//! Verdicts on claims.

/// The outcome of comparing a claim with the stored runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A value is within the tolerance, or an ordering holds.
    Reproduced,
    /// A value is outside the tolerance, or an ordering violated, by no more than the noise.
    WithinNoise,
    /// The deviation exceeds the noise, or the noise is unknown.
    Off,
    /// There is no value to compare.
    NotMeasured {
        /// The reason, such as `never run` or `4 of 10 epochs`.
        why: String,
    },
}

impl Verdict {
    /// The verdict without the reason.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::WithinNoise => "within noise",
            Self::Off => "off",
            Self::NotMeasured { .. } => "not measured",
        }
    }

    /// The verdict as written in tables, such as `not measured (4 of 10 epochs)`.
    pub fn text(&self) -> String {
        match self {
            Self::NotMeasured { why } => format!("not measured ({why})"),
            other => other.name().into(),
        }
    }

    /// The reason why nothing was compared.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::NotMeasured { why } => Some(why),
            _ => None,
        }
    }

    /// Number of each verdict as text: `3 reproduced, 1 within noise, 0 off, 2 not measured`.
    pub fn tally<'a>(verdicts: impl Iterator<Item = &'a Self> + Clone) -> String {
        let names = ["reproduced", "within noise", "off", "not measured"];
        let count = |name: &str| verdicts.clone().filter(|verdict| verdict.name() == name).count();
        names.map(|name| format!("{} {name}", count(name))).join(", ")
    }
}
