//! Named sparsity levels, as in the paper.

use super::types::{ModelKind, Prior, Sparsity};

/// Name of the level without sparsification.
pub const DENSE: &str = "dense";

/// Names of the levels, from the dense network to the most sparsified.
pub const NAMES: &[&str] = &[DENSE, "W", "W+Voc", "W+N", "W+G+N"];

/// The level of that name for a kind of model; `None` for an unknown name.
///
/// A classifier's levels W+N and W+G+N also have group variables for the vocabulary and the embedding dimensions.
pub fn level(kind: ModelKind, name: &str) -> Option<Sparsity> {
    use Prior::{LogUniform, None as No};
    let (weights, vocabulary, neurons, gates) = match name {
        DENSE => (No, No, No, No),
        "W" => (LogUniform, No, No, No),
        "W+Voc" => (LogUniform, LogUniform, No, No),
        "W+N" => (LogUniform, No, LogUniform, No),
        "W+G+N" => (LogUniform, No, LogUniform, LogUniform),
        _ => return None,
    };
    let with_units = kind == ModelKind::Classification && neurons == LogUniform;
    let (vocabulary, inputs) = if with_units { (LogUniform, LogUniform) } else { (vocabulary, No) };
    let (magnitude, group_lasso) = (None, None);
    let name = name.to_owned();
    Some(Sparsity { name, weights, vocabulary, inputs, neurons, gates, output: weights, magnitude, group_lasso })
}

#[cfg(test)]
mod tests {
    use super::*;

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
