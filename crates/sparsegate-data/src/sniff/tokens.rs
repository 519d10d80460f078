//! Guesses how texts fall into symbols, and says what is odd about them.

use crate::manifest::Tokens;
use crate::readers::{END_OF_LINE, START, UNKNOWN, Words};

/// How texts fall into symbols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokensGuess {
    /// The rule.
    pub tokens: Tokens,
    /// Why it is not the usual one.
    pub reason: Option<String>,
}

/// The usual rule, runs of letters and digits, unless most texts would have one symbol or none: Chinese, which has no
/// blanks, has words by the rules of Unicode, and emoji are characters.
pub fn tokens(texts: &[String]) -> TokensGuess {
    let usual = Tokens::Split(r"\W+".to_owned());
    if !mostly_short(texts, &usual) {
        return TokensGuess { tokens: usual, reason: None };
    }
    let why = "most texts have one word or none where words stand between blanks and punctuation";
    for (tokens, how) in [(Tokens::UnicodeWords, "Unicode words"), (Tokens::Characters, "characters")] {
        if !mostly_short(texts, &tokens) {
            return TokensGuess {
                tokens,
                reason: Some(format!("{why}; they are read as {how} (`tokens` in the manifest)")),
            };
        }
    }
    TokensGuess { tokens: usual, reason: Some(format!("{why}; is it the right column?")) }
}

/// Whether most texts have one symbol or none.
fn mostly_short(texts: &[String], tokens: &Tokens) -> bool {
    let Ok(words) = Words::new(tokens, true) else { return false };
    let short = |text: &&String| {
        let mut count = 0;
        words.each(text, &mut |_| count += 1);
        count <= 1
    };
    2 * texts.iter().filter(short).count() > texts.len()
}

/// What is odd about texts: symbols that the readers add themselves, and NUL characters.
pub fn warnings(texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for symbol in [UNKNOWN, END_OF_LINE, START] {
        let count = texts.iter().filter(|text| text.contains(symbol)).count();
        if count > 0 {
            found.push(format!(
                "`{symbol}` stands in {count} of the first {} texts; the reader uses it itself",
                texts.len()
            ));
        }
    }
    let all: usize = texts.iter().map(|text| text.chars().count()).sum();
    let nul: usize = texts.iter().map(|text| text.matches('\0').count()).sum();
    if nul > 0 && 2 * nul >= all {
        found.push(
            "half of the characters are NUL; is the file in UTF-16 or another encoding? See --encoding".to_owned(),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(texts: &[&str]) -> TokensGuess {
        tokens(&texts.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn scripts_without_blanks_get_a_rule_of_their_own() {
        assert_eq!(
            guess(&["a good tea", "so bad"]),
            TokensGuess { tokens: Tokens::Split(r"\W+".into()), reason: None }
        );
        let chinese = guess(&["味道很棒我喜欢第0次", "服务冷淡环境差第1次", "这家茶馆非常好"]);
        assert_eq!(chinese.tokens, Tokens::UnicodeWords);
        assert!(chinese.reason.is_some_and(|reason| reason.contains("they are read as Unicode words")));
        assert_eq!(guess(&["\u{1f600}\u{1f44e}", "\u{1f622}\u{1f622}"]).tokens, Tokens::Characters);
        assert_eq!(guess(&["Anna", "Otto"]).tokens, Tokens::Characters);
    }

    #[test]
    fn odd_symbols_are_told() {
        let said = |texts: &[&str]| warnings(&texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert!(said(&["plain", "text <b>"]).is_empty());
        assert!(said(&["an <unk> word", "b"])[0].contains("`<unk>` stands in 1 of the first 2 texts"));
        assert!(said(&["a\0b\0", "c\0"])[0].contains("half of the characters are NUL"));
    }
}
