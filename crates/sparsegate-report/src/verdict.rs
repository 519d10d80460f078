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
    /// The run collapsed: it learned nothing, so that its values show nothing about the claim.
    Collapsed {
        /// How that was seen, such as `nothing left`.
        why: String,
    },
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
            Self::Collapsed { .. } => "collapsed",
            Self::NotMeasured { .. } => "not measured",
        }
    }

    /// The verdict as written in tables, such as `not measured (4 of 10 epochs)`.
    pub fn text(&self) -> String {
        match self {
            Self::NotMeasured { why } | Self::Collapsed { why } => format!("{} ({why})", self.name()),
            other => other.name().into(),
        }
    }

    /// The reason why nothing was compared, or how a collapse was seen.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::NotMeasured { why } | Self::Collapsed { why } => Some(why),
            _ => None,
        }
    }

    /// Whether the claim does not hold.
    pub fn fails(&self) -> bool {
        matches!(self, Self::Off | Self::Collapsed { .. })
    }

    /// Number of each verdict as text: `3 reproduced, 1 within noise, 0 off, 2 not measured`, and `1 collapsed` if
    /// there are any.
    pub fn tally<'a>(verdicts: impl Iterator<Item = &'a Self> + Clone) -> String {
        let count = |name: &str| verdicts.clone().filter(|verdict| verdict.name() == name).count();
        let mut names = vec!["reproduced", "within noise", "off", "not measured"];
        if count("collapsed") > 0 {
            names.push("collapsed");
        }
        names.iter().map(|name| format!("{} {name}", count(name))).collect::<Vec<_>>().join(", ")
    }
}
