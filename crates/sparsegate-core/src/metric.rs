//! The metrics that validation and test data are evaluated with.

use serde::{Deserialize, Serialize};

/// What a run reports for its validation and test data. Stored files have its [name](Self::name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum EvaluationMetric {
    /// exp of the mean negative log likelihood of a word.
    Perplexity,
    /// Mean negative log likelihood of a character, base 2.
    BitsPerCharacter,
    /// Fraction of the texts whose class is predicted.
    Accuracy,
}

impl EvaluationMetric {
    /// All metrics.
    pub const ALL: [Self; 3] = [Self::Perplexity, Self::BitsPerCharacter, Self::Accuracy];

    /// Name in stored files and in columns of the results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Perplexity => "perplexity",
            Self::BitsPerCharacter => "bits_per_char",
            Self::Accuracy => "accuracy",
        }
    }

    /// Name in tables and heads, with the unit where the name in files does not say it.
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Perplexity | Self::Accuracy => self.name(),
            Self::BitsPerCharacter => "bits/char",
        }
    }

    /// The metric of that name; `None` for other names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// Whether a higher value is better.
    pub const fn higher_is_better(self) -> bool {
        match self {
            Self::Perplexity | Self::BitsPerCharacter => false,
            Self::Accuracy => true,
        }
    }
}

impl From<EvaluationMetric> for &'static str {
    fn from(metric: EvaluationMetric) -> Self {
        metric.name()
    }
}

/// A name that is not that of a metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric `{name}`, known are {}", EvaluationMetric::ALL.map(EvaluationMetric::name).join(", "))]
pub struct UnknownMetric {
    /// The name.
    pub name: String,
}

impl TryFrom<String> for EvaluationMetric {
    type Error = UnknownMetric;

    fn try_from(name: String) -> Result<Self, UnknownMetric> {
        Self::from_name(&name).ok_or(UnknownMetric { name })
    }
}

/// The form of an `Option<EvaluationMetric>` in stored files, for `#[serde(with = "...")]`: the metric's name, or the
/// empty text for `None`, as of a run that failed before its data were read.
pub mod metric_or_empty {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::EvaluationMetric;

    /// Writes the name, or the empty text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(metric: &Option<EvaluationMetric>, to: S) -> Result<S::Ok, S::Error> {
        metric.map_or("", EvaluationMetric::name).serialize(to)
    }

    /// Reads a name, or the empty text.
    ///
    /// # Errors
    /// Any other text, and what is not a text.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<EvaluationMetric>, D::Error> {
        let name = String::deserialize(from)?;
        if name.is_empty() { Ok(None) } else { name.try_into().map(Some).map_err(serde::de::Error::custom) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_stored_files_and_are_read_back() {
        assert_eq!(EvaluationMetric::ALL.map(EvaluationMetric::name), ["perplexity", "bits_per_char", "accuracy"]);
        for metric in EvaluationMetric::ALL {
            assert_eq!(EvaluationMetric::from_name(metric.name()), Some(metric));
        }
        assert_eq!([EvaluationMetric::from_name(""), EvaluationMetric::from_name("Accuracy")], [None, None]);
    }
}
