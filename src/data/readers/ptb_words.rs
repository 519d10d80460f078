//! Penn Treebank, one symbol a word.

use super::Reading;

/// The words of a line, split on blanks, then `<eos>`.
#[derive(Debug)]
pub(in crate::data) struct PtbWords;

/// Stands at the end of each line.
const END_OF_LINE: &str = "<eos>";

impl Reading for PtbWords {
    fn symbols<'a>(&self, text: &'a str, symbol: &mut dyn FnMut(&'a str)) {
        for line in text.lines() {
            line.split_ascii_whitespace().for_each(&mut *symbol);
            symbol(END_OF_LINE);
        }
    }
}
