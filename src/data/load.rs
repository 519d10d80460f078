//! From a manifest to a corpus: the cache or the generator, never the network.

use camino::Utf8Path;

use super::cache::Cache;
use super::corpus::{Corpus, Parts, Unit};
use super::manifest::{Manifest, Reader};
use super::readers::{self, Encoded, PtbCharacters, PtbWords, Reading};
use super::{DataError, planted, planted_texts};

/// Reads, or generates, the data set of `manifest`. Files come from the cache of `root` and are checked first.
///
/// # Errors
/// A file that is missing, truncated, altered or no text.
pub fn load(root: &Utf8Path, manifest: &Manifest) -> Result<Corpus, DataError> {
    let corpus = |unit, vocabulary, streams: [Vec<u32>; 3], informative| {
        let [train, valid, test] = streams;
        let (name, hash) = (manifest.name.clone(), manifest.content_hash());
        Corpus { name, hash, unit, vocabulary, informative, parts: Parts::Streams { train, valid, test } }
    };
    let read = |unit, reading: &dyn Reading| {
        let cache = Cache::new(root);
        let file = |role: &str| cache.verified(manifest, role);
        let files = [file("train")?, file("valid")?, file("test")?];
        let Encoded { vocabulary, streams } = readers::encode(&files, reading)?;
        Ok(corpus(unit, vocabulary, streams, None))
    };
    let generated = |unit, made: planted::Generated| Ok(corpus(unit, made.vocabulary, made.streams, made.informative));
    match &manifest.reader {
        Reader::PtbWords => read(Unit::Word, &PtbWords),
        Reader::PtbCharacters => read(Unit::Character, &PtbCharacters),
        Reader::PlantedWords(parameters) => generated(Unit::Word, planted::words(parameters)),
        Reader::PlainText(_) | Reader::LabelledTexts(_) => Err(DataError::InvalidManifest {
            file: Manifest::folder(root),
            field: "reader".into(),
            problem: "not read yet".into(),
        }),
        Reader::PlantedCharacters(parameters) => generated(Unit::Character, planted::characters(parameters)),
        Reader::PlantedTexts(parameters) => {
            let made = planted_texts::texts(parameters);
            let [train, valid, test] = made.parts;
            Ok(Corpus {
                name: manifest.name.clone(),
                hash: manifest.content_hash(),
                unit: Unit::Text,
                vocabulary: made.vocabulary,
                informative: Some(made.informative),
                parts: Parts::Texts { classes: made.classes, train, valid, test },
            })
        }
        Reader::GloveText(_) | Reader::Word2vecBinary(_) => Err(DataError::not_a_dataset(manifest)),
    }
}
