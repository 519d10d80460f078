//! What stands around the words of a text.

/// The symbols beside a text's words, and how many symbols are kept.
pub(crate) struct Frame {
    /// `<start>`, if texts begin with it.
    pub(crate) start: Option<u32>,
    /// `<unk>`, all that a text without words has.
    pub(crate) unknown: u32,
    /// How many symbols are kept, the first ones; all without it.
    pub(crate) length: Option<usize>,
}

impl Frame {
    /// The symbols of a text with these words; there is at least one.
    pub(crate) fn around(&self, mut words: Vec<u32>) -> Vec<u32> {
        if words.is_empty() {
            words.push(self.unknown);
        }
        words.splice(0..0, self.start);
        words.truncate(self.length.unwrap_or(usize::MAX));
        words
    }
}
