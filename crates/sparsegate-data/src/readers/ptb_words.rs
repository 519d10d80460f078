//! Penn Treebank, one symbol for each word.

use super::{END_OF_LINE, Reading};

/// The words of a line, split at ASCII white space, then `<eos>`.
#[derive(Debug)]
pub(crate) struct PtbWords;

impl Reading for PtbWords {
    fn line<'a>(&self, line: &'a str, symbol: &mut dyn FnMut(&'a str)) {
        line.split_ascii_whitespace().for_each(symbol);
    }

    fn end(&self) -> &'static str {
        END_OF_LINE
    }
}
