//! The mark of a run that learned nothing, and what a predictor that reads nothing reaches on the same data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a network is no use although its training did not fail.
///
/// The training loop decides this after each epoch (`sparsegate_pipeline::train`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collapse {
    /// No weight, hidden unit, input symbol or embedding dimension is left, so that the output does not depend on what
    /// the network reads.
    NothingLeft,
    /// A classifier gives every validation text the same class.
    OneClass {
        /// Name of the class.
        class: String,
    },
    /// The validation metric stands still where it began, or no better than the [`TrivialBaseline`].
    NotLearning,
}

impl Collapse {
    /// A short name for columns of files: `nothing left`, `one class` or `not learning`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NothingLeft => "nothing left",
            Self::OneClass { .. } => "one class",
            Self::NotLearning => "not learning",
        }
    }
}

/// A clause for messages, such as ``it predicts the class `neg` for every validation text``.
impl fmt::Display for Collapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingLeft => {
                f.write_str("nothing is left of the network, so that its output does not depend on what it reads")
            }
            Self::OneClass { class } => write!(f, "it predicts the class `{class}` for every validation text"),
            Self::NotLearning => f.write_str("its validation metric has not moved for a third of the epochs"),
        }
    }
}

/// The metric of a predictor that reads nothing, on the targets on which the run is evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrivialBaseline {
    /// What it predicts.
    pub predictor: Predictor,
    /// Its validation metric, in the unit of [`EpochMetrics::valid`](crate::format::EpochMetrics::valid).
    pub valid: f64,
    /// Its test metric.
    pub test: f64,
}

/// A predictor that reads nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Predictor {
    /// Always the most frequent class of the training texts; the first one in a tie.
    MajorityClass {
        /// Name of the class.
        class: String,
    },
    /// The relative frequencies of the symbols in the training stream, each count increased by one.
    Unigram,
}

/// A name for tables, such as `majority class neg`.
impl fmt::Display for Predictor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MajorityClass { class } => write!(f, "majority class {class}"),
            Self::Unigram => f.write_str("unigram"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_forms() {
        let all = [
            (Collapse::NothingLeft, r#""nothing-left""#),
            (Collapse::OneClass { class: "neg".into() }, r#"{"one-class":{"class":"neg"}}"#),
            (Collapse::NotLearning, r#""not-learning""#),
        ];
        for (collapse, json) in all {
            assert_eq!(serde_json::to_string(&collapse).unwrap(), json);
            assert_eq!(serde_json::from_str::<Collapse>(json).unwrap(), collapse);
        }
    }
}
