//! Pretrained word vectors: reads the vectors of a vocabulary's words from a file.
//!
//! A file is read sequentially, one word at a time, and only the vectors of the vocabulary's words are kept. A symbol
//! gets the vector of the word itself or else of its lower-case form. Of two rows for one word, the first is used.

mod glove;
mod word2vec;

use std::collections::HashMap;

use camino::Utf8Path;

use super::DataError;
use super::cache::Cache;
use super::manifest::{Manifest, Reader};

/// Vectors for the symbols of a vocabulary; some symbols may have none.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// Dimension of the vectors.
    pub size: usize,
    /// The vector of each symbol id, of length `size`; `None` for a symbol that the file lacks.
    pub rows: Vec<Option<Vec<f32>>>,
}

impl Vectors {
    /// Number of symbols that have a vector.
    pub fn initialized(&self) -> usize {
        self.rows.iter().flatten().count()
    }
}

/// Reads the vectors of a vocabulary's words from the file of `manifest` in the cache of `root`, after checking its
/// size and checksum.
///
/// # Errors
/// A manifest of a data set; a file that is missing, truncated, altered, or not in the format of its reader.
pub fn load_vectors(root: &Utf8Path, manifest: &Manifest, vocabulary: &[String]) -> Result<Vectors, DataError> {
    let size = manifest.reader.vectors().ok_or_else(|| DataError::not_vectors(manifest))?.size;
    let file = Cache::new(root).verified(manifest, "vectors")?;
    let mut wanted = Wanted::new(vocabulary);
    match &manifest.reader {
        Reader::Word2vecBinary(_) => word2vec::read(&file, size, &mut wanted)?,
        _ => glove::read(&file, size, &mut wanted)?,
    }
    Ok(Vectors { size, rows: wanted.rows(vocabulary) })
}

/// The words to look up, each with its vector once it is found.
struct Wanted(HashMap<String, Option<Vec<f32>>>);

impl Wanted {
    fn new(vocabulary: &[String]) -> Self {
        let both = vocabulary.iter().flat_map(|word| [word.clone(), word.to_lowercase()]);
        Self(both.map(|word| (word, None)).collect())
    }

    /// The slot for the vector of `word`; `None` if the word is not in the vocabulary or already has a vector.
    fn place(&mut self, word: &str) -> Option<&mut Option<Vec<f32>>> {
        self.0.get_mut(word).filter(|place| place.is_none())
    }

    fn rows(&self, vocabulary: &[String]) -> Vec<Option<Vec<f32>>> {
        let found = |word: &str| self.0.get(word).cloned().flatten();
        vocabulary.iter().map(|word| found(word).or_else(|| found(&word.to_lowercase()))).collect()
    }
}

#[cfg(test)]
mod tests;
