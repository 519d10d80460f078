//! Word statistics of labelled texts, taken before words are mapped to ids.

use serde::{Deserialize, Serialize};

/// Word statistics of the full-length training texts, including validation texts held out of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Distinct words.
    pub words: usize,
    /// Distinct words that occur in more than one text.
    pub words_in_several_texts: usize,
    /// Mean number of words in a text.
    pub mean_words: f64,
    /// Number of texts without words, in all parts; each became one `<unk>`.
    pub empty_texts: usize,
    /// Number of texts without a label, in all parts, that were left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unlabelled_texts: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
