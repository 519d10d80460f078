//! The content of `classes.json`: the confusion matrix of a compact classifier on the test set, and the words that
//! speak for each class.

use sparsegate_core::BatchSource;
use sparsegate_data::Encoder;
use sparsegate_runtime::model::InvalidModel;
use sparsegate_runtime::runtime::{Options, Runtime};
use sparsegate_store::classes::{ClassResults, ClassWord};
use sparsegate_store::format::FORMAT;

use super::details::WordsOf;
use super::evaluate::predicted_classes;
use super::explanation::log_odds;
use super::loaded::CompactModel;
use super::session::{NotFinite, Session};

/// Number of words listed for each class.
const WORDS: usize = 20;

/// Why a classifier has no results by class.
#[derive(Debug, thiserror::Error)]
pub enum ClassError {
    /// The model is not consistent.
    #[error(transparent)]
    Model(#[from] InvalidModel),
    /// An output is not finite.
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
}

/// Classifies all texts of `source` and finds the words with the largest effect on each class.
///
/// # Errors
/// [`ClassError`].
pub fn class_results(loaded: &CompactModel, source: &dyn BatchSource) -> Result<ClassResults, ClassError> {
    let classes = loaded.details.classes.clone();
    let mut confusion = vec![vec![0; classes.len()]; classes.len()];
    let runtime = Runtime::new(&loaded.model, &Options { threads: 1, ..Options::default() })?;
    for (class, predicted) in predicted_classes(&runtime, source).ok_or(NotFinite)? {
        confusion[class as usize][predicted] += 1;
    }
    let keeps_all = loaded.model.symbols.stored.len() >= loaded.model.symbols.total as usize;
    let words = if keeps_all { Vec::new() } else { words_by_class(loaded, WORDS)? };
    Ok(ClassResults { format: FORMAT, classes, confusion, words })
}

/// For each class, up to `most` kept words whose effect on it is largest and positive, strongest first.
///
/// The effect of a word on a class is its log odds for a text of this word alone, minus those for a text of one word
/// that the model does not read. Unlike the effects of [`explain`](super::explain()), it belongs to no text.
///
/// # Errors
/// [`ClassError`].
pub fn words_by_class(loaded: &CompactModel, most: usize) -> Result<Vec<Vec<ClassWord>>, ClassError> {
    let mut session = Session::fast(&loaded.model)?;
    let unread = session.logits_after(&[Encoder::NO_ID])?;
    let mut words: Vec<Vec<ClassWord>> = vec![Vec::new(); loaded.details.classes.len()];
    for (place, id) in loaded.model.symbols.stored.iter().enumerate() {
        let place = if loaded.details.words_of == WordsOf::All { *id as usize } else { place };
        let logits = session.logits_after(&[*id])?;
        for (class, words) in words.iter_mut().enumerate() {
            let effect = log_odds(&logits, class) - log_odds(&unread, class);
            if effect > 0.0 {
                words.push(ClassWord { word: loaded.details.words[place].clone(), effect });
            }
        }
    }
    for words in &mut words {
        words.sort_by(|a, b| b.effect.total_cmp(&a.effect).then_with(|| a.word.cmp(&b.word)));
        words.truncate(most);
    }
    Ok(words)
}
