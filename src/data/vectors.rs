//! Pretrained vectors of symbols.

/// A vector for some of a vocabulary's symbols.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// Numbers in a vector.
    pub size: usize,
    /// The vector of each symbol id, of `size` numbers; nothing for a symbol that is not covered.
    pub rows: Vec<Option<Vec<f32>>>,
}
