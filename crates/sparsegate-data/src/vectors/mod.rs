//! Pretrained vectors of words: which rows of a file a vocabulary wants.
//!
//! A file is read from the front to the back, one word at a time; only the vectors of words that are wanted are kept. For
//! each symbol the word itself is looked for first, then its lower case. Of two rows for one word the first counts.

mod glove;
mod word2vec;

use std::collections::HashMap;

use camino::Utf8Path;

use super::DataError;
use super::cache::Cache;
use super::manifest::{Manifest, Reader};

/// A vector for some of a vocabulary's symbols.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// Numbers in a vector.
    pub size: usize,
    /// The vector of each symbol id, of `size` numbers; nothing for a symbol that is not covered.
    pub rows: Vec<Option<Vec<f32>>>,
}

impl Vectors {
    /// Number of symbols that have a vector.
    pub fn initialized(&self) -> usize {
        self.rows.iter().flatten().count()
    }
}

/// Reads the vectors of a vocabulary's words from the file of `manifest`, which comes from the cache of `root` and is
/// checked first.
///
/// # Errors
/// A manifest of something else; a file that is missing, truncated, altered, or not what the manifest says it is.
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

/// The words that are looked for, each with its vector once that is found.
struct Wanted(HashMap<String, Option<Vec<f32>>>);

impl Wanted {
    fn new(vocabulary: &[String]) -> Self {
        let both = vocabulary.iter().flat_map(|word| [word.clone(), word.to_lowercase()]);
        Self(both.map(|word| (word, None)).collect())
    }

    /// Where the vector of `word` belongs, if the word is wanted and has none yet.
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
