//! The vocabulary that a trained network keeps: its words, and how it compares with the ground truth of synthetic data.

use super::RunData;
use sparsegate_core::trainer::Trainer;
use sparsegate_store::format::{GroundTruthCounts, Structure};

/// Adds the words of the kept symbols, which `structure.json` needs to be readable without the data set.
pub(super) fn with_words(mut structure: Structure, words: &[String]) -> Structure {
    let word = |id: &u32| words.get(*id as usize).cloned();
    structure.words = structure.vocabulary.iter().map(word).collect::<Option<_>>().unwrap_or_default();
    structure
}

/// Compares the kept vocabulary with the ground truth of a synthetic language; `None` for other data.
pub(super) fn ground_truth_counts(data: &RunData<'_>, trainer: &dyn Trainer) -> Option<GroundTruthCounts> {
    let informative = data.informative?;
    let kept = trainer.structure().vocabulary;
    let count = |which: bool| informative.iter().filter(|is| **is == which).count() as u64;
    let count_kept = |which: bool| {
        kept.iter().filter(|id| informative.get(**id as usize).is_some_and(|is| *is == which)).count() as u64
    };
    Some(GroundTruthCounts {
        informative: count(true),
        informative_kept: count_kept(true),
        uninformative: count(false),
        uninformative_kept: count_kept(false),
    })
}
