//! What the words of labelled texts are like before they become ids.

use serde::{Deserialize, Serialize};

/// Words of the training texts, whole, validation texts held out of them included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Distinct words.
    pub words: usize,
    /// Distinct words that occur in more than one text.
    pub words_in_several_texts: usize,
    /// Words a text, on average.
    pub mean_words: f64,
    /// Texts of all parts without a word; each became one `<unk>`.
    pub empty_texts: usize,
}
