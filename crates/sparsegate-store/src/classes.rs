//! `classes.json`: how the pruned network of a classifier classifies the test set, class by class.

use serde::{Deserialize, Serialize};

/// Content of `classes.json`. Files are missing in run folders of earlier versions, and of language models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassResults {
    /// [`FORMAT`](super::format::FORMAT).
    pub format: u32,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// Numbers of test texts, one row for each true class, one column for each predicted class.
    pub confusion: Vec<Vec<u64>>,
    /// For each class, the kept words that speak for it most, strongest first; empty if the network keeps all words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Vec<ClassWord>>,
}

/// A kept word and its effect on a class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassWord {
    /// The word.
    pub word: String,
    /// Log odds of the class for a text of this word alone, minus those for a text of one word that is not read; nats.
    pub effect: f64,
}

impl ClassResults {
    /// Whether the table is square, with one row and column for each class.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let n = self.classes.len();
        self.confusion.len() == n && self.confusion.iter().all(|row| row.len() == n)
    }
}
