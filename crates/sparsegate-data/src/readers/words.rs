//! Splits a text into words.

use std::borrow::Cow;

use regex::Regex;

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
            Rule::Split(pattern) => pattern.split(&text).filter(|part| !part.is_empty()).for_each(word),
        }
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
    fn blanks_are_of_every_kind() {
        assert_eq!(words(&Tokens::Blanks, false, " a\u{a0}B\t\r\n c, "), ["a", "B", "c,"]);
    }
}
