//! The metrics that validation and test data are evaluated with.

/// What a run reports for its validation and test data. Stored files have its [name](Self::name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

    /// The metric of that name; `None` for other names, such as the empty one of a run that failed before its data were
    /// read.
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
