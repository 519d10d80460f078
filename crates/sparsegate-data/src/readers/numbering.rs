//! The ids that words get in the end.

/// The name of the symbol for every word that is not kept.
pub const UNKNOWN: &str = "<unk>";
/// The name of the symbol at the beginning of a text.
pub const START: &str = "<start>";

/// Which ids there are beside those of words, and which words are kept.
pub(crate) struct Scheme {
    /// Symbols before the words.
    before: Vec<String>,
    /// Symbols after them.
    after: Vec<String>,
    /// How many words are kept at most.
    most: usize,
    /// How often a kept word occurs at least.
    min_count: u64,
    /// Id of `<unk>`.
    pub(super) unknown: u32,
    /// Id of `<start>`, if there is one.
    pub(super) start: Option<u32>,
}

impl Scheme {
    /// 0 `<unk>`, 1 `<start>` if asked for, then words.
    pub(super) fn plain(start: bool, most: Option<usize>, min_count: Option<u64>) -> Self {
        let mut before = vec![UNKNOWN.to_owned()];
        before.extend(start.then(|| START.to_owned()));
        let (most, min_count) = (most.unwrap_or(usize::MAX), min_count.unwrap_or(1));
        Self { before, after: Vec::new(), most, min_count, unknown: 0, start: start.then_some(1) }
    }

    /// That of the `IMDb` data set of Keras as the paper's authors used it: 0 padding, 1 `<start>`, 2 `<unk>`, the word of
    /// rank r (from 1) is r + 3 if that is below `words`, and `words` + 3 ids in all.
    pub(super) fn shifted(start: bool, words: usize, min_count: Option<u64>) -> Self {
        let unused = |id: usize| format!("<unused {id}>");
        let before = vec!["<pad>".to_owned(), START.to_owned(), UNKNOWN.to_owned(), unused(3)];
        let after = (words.max(4)..words.max(1) + 3).map(unused).collect();
        let min_count = min_count.unwrap_or(1);
        let most = words.saturating_sub(4);
        Self { before, after, most, min_count, unknown: 2, start: start.then_some(1) }
    }

    /// Whether a word looks like one of the symbols that are no words.
    pub(crate) fn is_other(&self, word: &str) -> bool {
        self.before.iter().chain(&self.after).any(|other| other == word)
    }

    /// The symbols, and the id of each word, by its provisional number; `counts` has how often each occurs in training.
    ///
    /// Words are by falling count, equally frequent ones in byte order. A word that looks like one of the other symbols is
    /// `<unk>`.
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
    }
}
