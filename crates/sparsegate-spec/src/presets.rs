//! Named sparsity levels, as in the paper.

use super::types::{ModelKind, Prior, Sparsity};

/// A sparsity level of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Without sparsification.
    Dense,
    /// Weights.
    W,
    /// Weights and vocabulary.
    WVoc,
    /// Weights and hidden units.
    WN,
    /// Weights, gates and hidden units.
    WGN,
}

impl Preset {
    /// From the dense network to the most sparsified.
    pub const ALL: [Self; 5] = [Self::Dense, Self::W, Self::WVoc, Self::WN, Self::WGN];

    /// Name in specs and stored files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dense => DENSE,
            Self::W => "W",
            Self::WVoc => "W+Voc",
            Self::WN => "W+N",
            Self::WGN => "W+G+N",
        }
    }

    /// The level of that name; `None` for an experiment's own level.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The level for a kind of model. A classifier's levels W+N and W+G+N also have group variables for the vocabulary
    /// and the embedding dimensions.
    pub fn level(self, kind: ModelKind) -> Sparsity {
        use Prior::{LogUniform, None as No};
        let (weights, vocabulary, neurons, gates) = match self {
            Self::Dense => (No, No, No, No),
            Self::W => (LogUniform, No, No, No),
            Self::WVoc => (LogUniform, LogUniform, No, No),
            Self::WN => (LogUniform, No, LogUniform, No),
            Self::WGN => (LogUniform, No, LogUniform, LogUniform),
        };
        let with_units = kind == ModelKind::Classification && neurons == LogUniform;
        let (vocabulary, inputs) = if with_units { (LogUniform, LogUniform) } else { (vocabulary, No) };
        let (magnitude, group_lasso) = (None, None);
        let name = self.name().to_owned();
        Sparsity { name, weights, vocabulary, inputs, neurons, gates, output: weights, magnitude, group_lasso }
    }
}

/// Name of the level without sparsification.
pub const DENSE: &str = "dense";

/// Names of the levels, from the dense network to the most sparsified.
pub const NAMES: &[&str] = &{
    let mut names = [""; Preset::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Preset::ALL[at].name();
        at += 1;
    }
    names
};

/// The level of that name for a kind of model; `None` for an unknown name.
pub fn level(kind: ModelKind, name: &str) -> Option<Sparsity> {
    Preset::from_name(name).map(|preset| preset.level(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_specs() {
        assert_eq!(NAMES, ["dense", "W", "W+Voc", "W+N", "W+G+N"]);
    }

    #[test]
    fn every_name_has_a_level_that_carries_it() {
        for kind in [ModelKind::LanguageModel, ModelKind::Classification] {
            for name in NAMES {
                assert_eq!(level(kind, name).map(|level| level.name), Some((*name).to_owned()));
            }
            assert_eq!(level(kind, "w"), None);
        }
    }

    #[test]
    fn classifiers_sparsify_vocabulary_and_embedding_with_their_units() {
        let level = |name| level(ModelKind::Classification, name).unwrap();
        assert_eq!((level("W").vocabulary, level("W").inputs), (Prior::None, Prior::None));
        assert_eq!((level("W+Voc").vocabulary, level("W+Voc").inputs), (Prior::LogUniform, Prior::None));
        assert_eq!((level("W+G+N").vocabulary, level("W+G+N").inputs), (Prior::LogUniform, Prior::LogUniform));
    }
}
