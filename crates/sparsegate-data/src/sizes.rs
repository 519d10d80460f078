//! How large a data set is, without loading it.

use camino::Utf8Path;

use super::cache::Cache;
use super::corpus::{Corpus, Parts};
use super::load::{load, refuse_unfit};
use super::manifest::{Manifest, Planted, PlantedTexts, Reader};
use super::{DataError, encoded, planted, planted_texts};
use sparsegate_spec::types::Reading;

/// Sizes and vocabulary of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// Whether it consists of labelled texts rather than streams of symbols.
    pub labelled: bool,
    /// Texts, or symbols of a stream, in the training, validation and test part.
    pub parts: [usize; 3],
    /// The symbol of each id.
    pub vocabulary: Vec<String>,
}

impl Sizes {
    /// The sizes of a data set that is loaded.
    #[must_use]
    pub fn of(corpus: &Corpus) -> Self {
        let (labelled, parts) = match &corpus.parts {
            Parts::Streams { train, valid, test } => (false, [train.len(), valid.len(), test.len()]),
            Parts::Texts { train, valid, test, .. } => (true, [train.len(), valid.len(), test.len()]),
        };
        Self { labelled, parts, vocabulary: corpus.vocabulary.clone() }
    }
}

/// The sizes of the data set of `manifest`, read as `reading` says. They come from the manifest of generated data and
/// from the header of an encoded data set. A data set that was never encoded is [loaded](load), which encodes it.
///
/// Where nothing is loaded, the files are not checked; [`super::verify`] and [`super::fetch`] do that.
///
/// # Errors
/// As [`load`].
pub fn sizes(root: &Utf8Path, manifest: &Manifest, reading: Reading) -> Result<Sizes, DataError> {
    refuse_unfit(manifest, reading)?;
    match known_sizes(root, manifest, reading) {
        Some(sizes) => Ok(sizes),
        None => Ok(Sizes::of(&load(root, manifest, reading)?)),
    }
}

/// Like [`sizes`], but `None` for a data set that would have to be loaded.
pub fn known_sizes(root: &Utf8Path, manifest: &Manifest, reading: Reading) -> Option<Sizes> {
    let streams = |made: planted::Generated, parameters: &Planted| Sizes {
        labelled: false,
        parts: [parameters.train, parameters.valid, parameters.test],
        vocabulary: made.vocabulary,
    };
    // Texts of no length have the vocabulary.
    let none = |parameters: &Planted| Planted { train: 0, valid: 0, test: 0, ..parameters.clone() };
    Some(match &manifest.reader {
        Reader::PlantedWords(parameters) => streams(planted::words(&none(parameters)), parameters),
        Reader::PlantedCharacters(parameters) => streams(planted::characters(&none(parameters)), parameters),
        Reader::PlantedTexts(parameters) => {
            let none = PlantedTexts { train: 0, valid: 0, test: 0, ..parameters.clone() };
            Sizes {
                labelled: true,
                parts: [parameters.train, parameters.valid, parameters.test],
                vocabulary: planted_texts::texts(&none).vocabulary,
            }
        }
        _ => {
            let hash = manifest.content_hash_read(reading);
            let file = encoded::path(Cache::new(root).folder(), &manifest.name, &hash);
            encoded::sizes(&file, &hash)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check_batches, eval_batches, train_batches};

    fn manifest(reader: &str) -> Manifest {
        let text = format!(
            "name: demo\nabout: generated\nlicence: {{ name: MIT, redistribution: true, terms: generated }}\n\
             reader: {{ {reader}: {{ seed: 1, train: 300, valid: 100, test: 57 }} }}\nsplit: three parts\n"
        );
        Manifest::from_text(Utf8Path::new("datasets/demo.yaml"), &text).unwrap()
    }

    #[test]
    fn generated_data_have_the_sizes_of_their_manifest() {
        for reader in ["planted-words", "planted-characters", "planted-texts"] {
            let manifest = manifest(reader);
            let corpus = load(Utf8Path::new(""), &manifest, Reading::default()).unwrap();
            let known = sizes(Utf8Path::new(""), &manifest, Reading::default()).unwrap();
            assert_eq!(known, Sizes::of(&corpus), "{reader}");
        }
    }

    #[test]
    fn batches_are_refused_as_those_of_a_loaded_corpus_are() {
        for reader in ["planted-words", "planted-texts"] {
            let corpus = load(Utf8Path::new(""), &manifest(reader), Reading::default()).unwrap();
            let sizes = Sizes::of(&corpus);
            for (batch, sequence) in [(0, 5), (5, 0), (28, 5), (29, 5), (5, 27), (5, 28), (200, 3), (usize::MAX, 1)] {
                for carry in [true, false] {
                    let train = crate::batching::tests::spec(batch, sequence, carry);
                    let loaded = eval_batches(&corpus, &train).and_then(|_| train_batches(&corpus, &train, 0, 0));
                    let why = |error: DataError| error.to_string();
                    let checked = check_batches(&sizes, &train).err().map(why);
                    assert_eq!(checked, loaded.err().map(why), "{reader} {batch} {sequence} {carry}");
                }
            }
        }
    }
}
