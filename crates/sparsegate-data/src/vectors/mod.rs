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
use super::manifest::{LARGEST_VECTOR, Manifest, Reader};

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

    /// The vectors with every number multiplied by `scale`.
    #[must_use]
    pub fn scaled(mut self, scale: f64) -> Self {
        for number in self.rows.iter_mut().flatten().flatten() {
            *number = (f64::from(*number) * scale) as f32;
        }
        self
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
    read(&file, &manifest.reader, size, &mut wanted)?;
    Ok(Vectors { size, rows: wanted.rows(vocabulary) })
}

/// Reads the whole file with `reader` and checks every row.
///
/// # Errors
/// A reader of texts; a file that cannot be read or is not in the format of the reader.
pub fn check_vectors(file: &Utf8Path, reader: &Reader) -> Result<(), DataError> {
    let size = reader.vectors().ok_or_else(|| DataError::Unusable {
        file: file.to_owned(),
        problem: format!("the reader {} reads texts, not vectors", reader.key()),
    })?;
    read(file, reader, size.size, &mut Wanted { words: HashMap::new(), all: true })
}

fn read(file: &Utf8Path, reader: &Reader, size: usize, wanted: &mut Wanted) -> Result<(), DataError> {
    // The readers reserve memory by the size, and a reader need not come from a manifest that was checked.
    if size > LARGEST_VECTOR {
        let problem = format!(
            "vectors of {size} numbers are too large to be read; name a file of at most {LARGEST_VECTOR} a word"
        );
        return Err(DataError::Unusable { file: file.to_owned(), problem });
    }
    match reader {
        Reader::Word2vecBinary(_) => word2vec::read(file, size, wanted),
        Reader::Word2vecText(_) => glove::read(file, size, true, wanted),
        _ => glove::read(file, size, false, wanted),
    }
}

/// The words to look up, each with its vector once it is found.
struct Wanted {
    words: HashMap<String, Option<Vec<f32>>>,
    /// Whether the rows of other words are checked as well.
    all: bool,
}

impl Wanted {
    fn new(vocabulary: &[String]) -> Self {
        let both = vocabulary.iter().flat_map(|word| [word.clone(), word.to_lowercase()]);
        Self { words: both.map(|word| (word, None)).collect(), all: false }
    }

    /// The slot for the vector of `word`; `None` if the word is not in the vocabulary or already has a vector.
    fn place(&mut self, word: &str) -> Option<&mut Option<Vec<f32>>> {
        self.words.get_mut(word).filter(|place| place.is_none())
    }

    fn rows(&self, vocabulary: &[String]) -> Vec<Option<Vec<f32>>> {
        let found = |word: &str| self.words.get(word).cloned().flatten();
        vocabulary.iter().map(|word| found(word).or_else(|| found(&word.to_lowercase()))).collect()
    }
}

#[cfg(test)]
mod tests;
