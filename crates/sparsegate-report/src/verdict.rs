//! What can be said of a claim.

/// The outcome of holding a claim against the stored runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Within tolerance; an ordering holds.
    Reproduced,
    /// Outside the tolerance, or an ordering violated, by no more than the noise.
    WithinNoise,
    /// Farther away than that.
    Off,
    /// Nothing to compare.
    NotMeasured {
        /// Such as `never run`, `4 of 10 epochs`.
        why: String,
    },
}

impl Verdict {
    /// One word or two, without the reason.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::WithinNoise => "within noise",
            Self::Off => "off",
            Self::NotMeasured { .. } => "not measured",
        }
    }

    /// As written in tables: `not measured (4 of 10 epochs)`.
    pub fn text(&self) -> String {
        match self {
            Self::NotMeasured { why } => format!("not measured ({why})"),
            other => other.name().into(),
        }
    }

    /// Why nothing was compared.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::NotMeasured { why } => Some(why),
            _ => None,
        }
    }

    /// How many of each, in words: `3 reproduced, 1 within noise, 0 off, 2 not measured`.
    pub fn tally<'a>(verdicts: impl Iterator<Item = &'a Self> + Clone) -> String {
        let names = ["reproduced", "within noise", "off", "not measured"];
        let count = |name: &str| verdicts.clone().filter(|verdict| verdict.name() == name).count();
        names.map(|name| format!("{} {name}", count(name))).join(", ")
    }
}
