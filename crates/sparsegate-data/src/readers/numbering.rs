//! Assigns the final ids to words.

/// Name of the symbol that replaces every word outside the vocabulary.
pub const UNKNOWN: &str = "<unk>";
/// Name of the symbol at the beginning of a text.
pub const START: &str = "<start>";

/// The special symbols before and after the words, and the rule for which words are kept.
pub(crate) struct Scheme {
    /// Special symbols before the words.
    before: Vec<String>,
    /// Special symbols after the words.
    after: Vec<String>,
    /// Maximum number of words kept.
    most: usize,
    /// Minimum number of occurrences of a kept word.
    min_count: u64,
    /// Id of `<unk>`.
    pub(super) unknown: u32,
    /// Id of `<start>`, if texts begin with it.
    pub(super) start: Option<u32>,
}

impl Scheme {
    /// Ids as the manifest describes: 0 `<unk>`, 1 `<start>` if `start` is set, then the words.
    pub(super) fn plain(start: bool, most: Option<usize>, min_count: Option<u64>) -> Self {
        let mut before = vec![UNKNOWN.to_owned()];
        before.extend(start.then(|| START.to_owned()));
        let (most, min_count) = (most.unwrap_or(usize::MAX), min_count.unwrap_or(1));
        Self { before, after: Vec::new(), most, min_count, unknown: 0, start: start.then_some(1) }
    }

    /// Ids of the `IMDb` data set of Keras as the paper's authors used it: 0 padding, 1 `<start>`, 2 `<unk>`, 3 unused.
    /// The word of rank r (from 1) has id r + 3 if that is below `words`; there are `words` + 3 ids in total.
    pub(super) fn shifted(start: bool, words: usize, min_count: Option<u64>) -> Self {
        let unused = |id: usize| format!("<unused {id}>");
        let before = vec!["<pad>".to_owned(), START.to_owned(), UNKNOWN.to_owned(), unused(3)];
        let after = (words.max(4)..words.max(1).saturating_add(3)).map(unused).collect();
        let min_count = min_count.unwrap_or(1);
        let most = words.saturating_sub(4);
        Self { before, after, most, min_count, unknown: 2, start: start.then_some(1) }
    }

    /// Whether a word has the same spelling as a special symbol.
    pub(crate) fn is_other(&self, word: &str) -> bool {
        self.before.iter().chain(&self.after).any(|other| other == word)
    }

    /// Returns the symbol of each id, and the id of each word by its provisional number.
    ///
    /// `counts` holds the number of occurrences of each word in training. Words are sorted by descending count, ties in
    /// byte order. A word with the same spelling as a special symbol becomes `<unk>`.
    pub(super) fn number(&self, words: Vec<String>, counts: &[u64]) -> (Vec<String>, Vec<u32>) {
        let kept = |&word: &usize| counts[word] >= self.min_count.max(1) && !self.is_other(&words[word]);
        let mut order: Vec<usize> = (0..words.len()).filter(kept).collect();
        order.sort_unstable_by(|&a, &b| counts[b].cmp(&counts[a]).then_with(|| words[a].cmp(&words[b])));
        order.truncate(self.most);
        let mut ids = vec![self.unknown; words.len()];
        let mut symbols = self.before.clone();
        for word in order {
            ids[word] = symbols.len() as u32;
            symbols.push(words[word].clone());
        }
        symbols.extend(self.after.iter().cloned());
        (symbols, ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(scheme: &Scheme) -> (Vec<String>, Vec<u32>) {
        let words = ["rare", "b", "a", "often", "<unk>", "test only"].map(str::to_owned).to_vec();
        scheme.number(words, &[1, 2, 2, 5, 9, 0])
    }

    #[test]
    fn ids_are_by_falling_count_then_by_text() {
        let (symbols, ids) = number(&Scheme::plain(false, None, None));
        assert_eq!(symbols, ["<unk>", "often", "a", "b", "rare"]);
        assert_eq!(ids, [4, 3, 2, 1, 0, 0]);
        assert_eq!(number(&Scheme::plain(true, Some(2), None)).0, ["<unk>", "<start>", "often", "a"]);
        assert_eq!(number(&Scheme::plain(false, None, Some(2))).0, ["<unk>", "often", "a", "b"]);
    }

    #[test]
    fn shifted_ids_are_ranks_and_three() {
        let (symbols, ids) = number(&Scheme::shifted(true, 6, None));
        let expected =
            ["<pad>", "<start>", "<unk>", "<unused 3>", "often", "a", "<unused 6>", "<unused 7>", "<unused 8>"];
        assert_eq!(symbols, expected);
        assert_eq!(ids, [2, 2, 5, 4, 2, 2]);
        let all = number(&Scheme::shifted(true, usize::MAX, None)).0;
        assert_eq!(all, ["<pad>", "<start>", "<unk>", "<unused 3>", "often", "a", "b", "rare"]);
    }
}
