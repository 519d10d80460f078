//! Named sparsification levels, as in the paper.

use super::types::{Prior, Sparsity};

/// The names, from nothing to everything.
pub const NAMES: &[&str] = &["dense", "W", "W+Voc", "W+N", "W+G+N"];

/// The level of that name for a language model.
pub fn language_model(name: &str) -> Option<Sparsity> {
    use Prior::{LogUniform, None as No};
    let (weights, vocabulary, neurons, gates) = match name {
        "dense" => (No, No, No, No),
        "W" => (LogUniform, No, No, No),
        "W+Voc" => (LogUniform, LogUniform, No, No),
        "W+N" => (LogUniform, No, LogUniform, No),
        "W+G+N" => (LogUniform, No, LogUniform, LogUniform),
        _ => return None,
    };
    Some(Sparsity { name: name.to_owned(), weights, vocabulary, neurons, gates, output: weights })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_level_that_carries_it() {
        for name in NAMES {
            assert_eq!(language_model(name).map(|level| level.name), Some((*name).to_owned()));
        }
        assert_eq!(language_model("w"), None);
    }
}
