//! Text of data sets, labels and names on a terminal, which it must not steer.

/// Whether a terminal may obey a character instead of showing it: control characters, and those that reverse the
/// direction of what follows, with which a line reads otherwise than it is. Arabic and Hebrew need none of the latter.
pub fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text on one line: harmful characters are escaped.
pub fn printable(text: &str) -> String {
    escape_where(text, is_harmful)
}

/// Text of several lines: harmful characters but line feeds and tabs are escaped.
pub fn escaped(text: &str) -> String {
    escape_where(text, |c| is_harmful(c) && c != '\n' && c != '\t')
}

fn escape_where(text: &str, of: impl Fn(char) -> bool + Copy) -> String {
    if !text.contains(of) {
        return text.to_owned();
    }
    text.chars().flat_map(|c| if of(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_characters_are_escaped_and_others_are_not() {
        assert_eq!(printable("a\tb\x1b[1m\n"), "a\\tb\\u{1b}[1m\\n");
        assert_eq!(escaped("a\tb\x1b[1m\n"), "a\tb\\u{1b}[1m\n");
        assert_eq!(printable("pay \u{202e}001\u{202c} now \u{2066}x\u{2069}"), {
            "pay \\u{202e}001\\u{202c} now \\u{2066}x\\u{2069}"
        });
        let words = "naïve café שלום مرحبا 漢字 \u{200d}";
        assert_eq!((printable(words).as_str(), escaped(words).as_str()), (words, words));
    }
}
