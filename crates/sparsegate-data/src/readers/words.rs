//! Splits a text into words.

use std::borrow::Cow;

use regex::Regex;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::manifest::Tokens;

/// A manifest's rule for splitting a text into words, compiled.
pub(crate) struct Words {
    rule: Rule,
    lower: bool,
}

enum Rule {
    Blanks,
    Keras,
    Split(Regex),
    UnicodeWords,
    Characters,
}

/// The characters that the rule `keras` treats as spaces, in addition to the space itself.
const KERAS_BLANKS: &[u8] = b"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n";

impl Words {
    /// Compiles the rule. A manifest that passed its checks never fails here.
    ///
    /// # Errors
    /// An invalid regular expression.
    pub(crate) fn new(tokens: &Tokens, lower: bool) -> Result<Self, String> {
        let rule = match tokens {
            Tokens::Blanks => Rule::Blanks,
            Tokens::Keras => Rule::Keras,
            Tokens::UnicodeWords => Rule::UnicodeWords,
            Tokens::Characters => Rule::Characters,
            Tokens::Split(pattern) => Rule::Split(Regex::new(pattern).map_err(|error| error.to_string())?),
        };
        Ok(Self { rule, lower })
    }

    /// Calls `word` for each word of `text`, in order.
    pub(crate) fn each(&self, text: &str, word: &mut dyn FnMut(&str)) {
        let text = if self.lower { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) };
        match &self.rule {
            Rule::Blanks => text.split_whitespace().for_each(word),
            Rule::Keras => {
                let is_blank = |c: char| c == ' ' || (c.is_ascii() && KERAS_BLANKS.contains(&(c as u8)));
                text.to_ascii_lowercase().split(is_blank).filter(|part| !part.is_empty()).for_each(word);
            }
            Rule::UnicodeWords => text.unicode_words().for_each(word),
            Rule::Characters => characters(&text, word),
            Rule::Split(pattern) => pattern.split(&text).filter(|part| !part.is_empty()).for_each(word),
        }
    }
}

/// The grapheme clusters of `text`, with one blank for each run of white space between them.
fn characters(text: &str, symbol: &mut dyn FnMut(&str)) {
    for (index, part) in text.split_whitespace().enumerate() {
        if index > 0 {
            symbol(" ");
        }
        part.graphemes(true).for_each(&mut *symbol);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(tokens: &Tokens, lower: bool, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        Words::new(tokens, lower).unwrap().each(text, &mut |word| found.push(word.to_owned()));
        found
    }

    #[test]
    fn keras_keeps_apostrophes_and_lowers_ascii_letters_alone() {
        let text = "It's a <br /><br />GOOD_film (1999)!\tÉlan, n'est-ce pas?\n";
        let expected = ["it's", "a", "br", "br", "good", "film", "1999", "Élan", "n'est", "ce", "pas"];
        assert_eq!(words(&Tokens::Keras, false, text), expected);
    }

    #[test]
    fn a_pattern_splits_and_leaves_no_empty_word() {
        let pattern = Tokens::Split(r"\W+".into());
        assert_eq!(words(&pattern, false, "\"It's\" É_1 - "), ["It", "s", "É_1"]);
        assert_eq!(words(&pattern, true, "\"It's\" É_1 - "), ["it", "s", "é_1"]);
    }

    #[test]
    fn scripts_without_blanks_have_words_and_characters() {
        let pattern = Tokens::Split(r"\W+".into());
        assert_eq!(words(&pattern, true, "味道很棒, 我喜欢").len(), 2);
        assert_eq!(words(&Tokens::UnicodeWords, true, "味道很棒, It's OK").join("|"), "味|道|很|棒|it's|ok");
        // A skin tone or a variation selector belongs to its character.
        let emoji = "\u{2764}\u{fe0f}\u{1f44d}\u{1f3fd} x";
        assert!(words(&pattern, true, "\u{1f600}\u{1f44e}").is_empty());
        assert_eq!(words(&Tokens::Characters, true, emoji), ["\u{2764}\u{fe0f}", "\u{1f44d}\u{1f3fd}", " ", "x"]);
        assert_eq!(words(&Tokens::Characters, false, "  a\t\n b "), ["a", " ", "b"]);
    }

    #[test]
    fn blanks_are_of_every_kind() {
        assert_eq!(words(&Tokens::Blanks, false, " a\u{a0}B\t\r\n c, "), ["a", "B", "c,"]);
    }
}
