//! The start symbol and the length limit of a text.

/// The special symbols of a text, and the maximum number of symbols kept.
pub(crate) struct Frame {
    /// `<start>`, if texts begin with it.
    pub(crate) start: Option<u32>,
    /// `<unk>`, which stands for a text without words.
    pub(crate) unknown: u32,
    /// Number of symbols kept, the first ones; `None` for all.
    pub(crate) length: Option<usize>,
}

impl Frame {
    /// The symbols of a text with these words; at least one.
    pub(crate) fn around(&self, mut words: Vec<u32>) -> Vec<u32> {
        if words.is_empty() {
            words.push(self.unknown);
        }
        words.splice(0..0, self.start);
        words.truncate(self.length.unwrap_or(usize::MAX));
        words
    }
}
