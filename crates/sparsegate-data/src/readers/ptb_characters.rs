//! Penn Treebank, one symbol for each character.

use super::Reading;

/// The characters of a line without leading and trailing spaces, other spaces as `_`, then a newline.
#[derive(Debug)]
pub(crate) struct PtbCharacters;

impl Reading for PtbCharacters {
    fn line<'a>(&self, line: &'a str, symbol: &mut dyn FnMut(&'a str)) {
        let line = line.trim_matches(' ');
        for (start, character) in line.char_indices() {
            let letter = &line[start..start + character.len_utf8()];
            symbol(if letter == " " { "_" } else { letter });
        }
    }

    fn end(&self) -> &'static str {
        "\n"
    }
}
