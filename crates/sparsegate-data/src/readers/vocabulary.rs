//! Counts symbols and assigns their ids.

use std::collections::HashMap;

/// Counts of symbols. Ids are by descending frequency, ties in byte order, so they depend only on the texts.
#[derive(Debug, Default)]
pub(super) struct Vocabulary<'a> {
    counts: HashMap<&'a str, u64>,
}

impl<'a> Vocabulary<'a> {
    pub(super) fn count(&mut self, symbol: &'a str) {
        *self.counts.entry(symbol).or_default() += 1;
    }

    fn ordered(&self) -> Vec<&'a str> {
        let mut symbols: Vec<(&str, u64)> = self.counts.iter().map(|(symbol, count)| (*symbol, *count)).collect();
        symbols.sort_unstable_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then(a.cmp(b)));
        symbols.into_iter().map(|(symbol, _)| symbol).collect()
    }

    /// The id of each symbol.
    pub(super) fn ids(&self) -> HashMap<&'a str, u32> {
        (0..).zip(self.ordered()).map(|(id, symbol)| (symbol, id)).collect()
    }

    /// The symbol of each id.
    pub(super) fn into_symbols(self) -> Vec<String> {
        self.ordered().into_iter().map(str::to_owned).collect()
    }
}
