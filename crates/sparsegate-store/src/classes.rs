//! `classes.json`: how the pruned network of a classifier classifies the test set, class by class.

use serde::{Deserialize, Serialize};

use super::word_lists::check_entries;

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

/// Most words of a class that are read; [`ClassResults::words`] has fewer.
const MOST_WORDS: usize = 1000;

impl ClassResults {
    /// Checks that the table fits the classes, and that names and words are within the limits of
    /// [`check_entries`].
    ///
    /// # Errors
    /// What is wrong, with the entry.
    pub fn check(&self) -> Result<(), String> {
        if !self.is_consistent() {
            return Err("its table does not fit its classes".to_owned());
        }
        check_entries("classes", &self.classes)?;
        for (class, words) in self.words.iter().enumerate() {
            if words.len() > MOST_WORDS {
                return Err(format!("`words[{class}]` has {} entries; a class may have {MOST_WORDS}", words.len()));
            }
            check_entries(&format!("words[{class}]"), words.iter().map(|found| &found.word))?;
        }
        Ok(())
    }

    /// Whether the table is square, with one row and column for each class.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let n = self.classes.len();
        self.confusion.len() == n && self.confusion.iter().all(|row| row.len() == n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_words_beyond_the_limits_are_named() {
        let word = |word: String| ClassWord { word, effect: 1.0 };
        let results = |name: String, words: Vec<ClassWord>| ClassResults {
            format: 1,
            classes: vec!["good".to_owned(), name],
            confusion: vec![vec![0; 2]; 2],
            words: vec![Vec::new(), words],
        };
        let error = |name: &str, words| results(name.to_owned(), words).check().unwrap_err();
        results("bad".to_owned(), vec![word("dull".to_owned()); 20]).check().unwrap();
        assert!(error(&"b".repeat(70_000), Vec::new()).starts_with("`classes[1]` has 70000 bytes"));
        let words = vec![word("dull".to_owned()), word("d".repeat(70_000))];
        assert!(error("bad", words).starts_with("`words[1][1]` has 70000 bytes"));
        assert!(error("bad", vec![word("dull".to_owned()); 1001]).starts_with("`words[1]` has 1001 entries"));
        let other = ClassResults { confusion: vec![vec![0; 2]], ..results("bad".to_owned(), Vec::new()) };
        assert!(other.check().unwrap_err().contains("does not fit its classes"));
    }
}
