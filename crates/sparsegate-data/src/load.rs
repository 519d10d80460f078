//! From a manifest to a corpus: reads the cache or generates the data, and never uses the network.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::cache::Cache;
use super::corpus::{Corpus, Parts, Unit};
use super::manifest::{LabelledTexts, Manifest, Reader, TableFormat, TextSource};
use super::readers::{self, Encoded, EncodedTexts, PtbCharacters, PtbWords};
use super::{DataError, Survey, encoded, planted, planted_texts};
use sparsegate_spec::types::Reading;

/// Reads or generates the data set of `manifest`, with the deviations from the manifest that `reading` asks for.
///
/// Files come from the cache of `root` and are checked first. The encoded data set is stored in the cache as well.
///
/// # Errors
/// A file that is missing, truncated, altered or not what its reader expects; a `reading` option that does not apply to
/// the data set.
pub fn load(root: &Utf8Path, manifest: &Manifest, reading: Reading) -> Result<Corpus, DataError> {
    Ok(survey(root, manifest, reading)?.0)
}

/// As [`load`], and for labelled texts from files also returns statistics of their words.
///
/// # Errors
/// As [`load`].
pub fn survey(root: &Utf8Path, manifest: &Manifest, reading: Reading) -> Result<(Corpus, Option<Survey>), DataError> {
    refuse_unfit(manifest, reading)?;
    let made = Made { manifest, hash: manifest.content_hash_read(reading) };
    match &manifest.reader {
        Reader::PlantedWords(parameters) => Ok((made.generated(Unit::Word, planted::words(parameters)), None)),
        Reader::PlantedCharacters(parameters) => {
            Ok((made.generated(Unit::Character, planted::characters(parameters)), None))
        }
        Reader::PlantedTexts(parameters) => {
            let planted_texts::Generated { vocabulary, classes, informative, parts } = planted_texts::texts(parameters);
            let [train, valid, test] = parts;
            let corpus = made.corpus(Unit::Text, vocabulary, Parts::Texts { classes, train, valid, test });
            Ok((Corpus { informative: Some(informative), ..corpus }, None))
        }
        from_files => {
            let cache = Cache::new(root);
            let files = Files::verified(&cache, manifest)?;
            let kept = encoded::path(cache.folder(), &manifest.name, &made.hash);
            if let Some(known) = encoded::read(&kept, &manifest.name, &made.hash) {
                return Ok(known);
            }
            let (corpus, survey) = made.encode(from_files, &files, reading)?;
            encoded::write(&kept, &corpus, survey.as_ref());
            Ok((corpus, survey))
        }
    }
}

/// Reads a data set from `files`, by role, rather than from the cache. Sizes and checksums are not checked and
/// nothing is stored, so a new manifest can be tried before its files replace others in the cache.
///
/// # Errors
/// As [`load`]; a manifest whose data are generated.
pub fn read_files(
    manifest: &Manifest,
    files: &BTreeMap<&'static str, Utf8PathBuf>,
) -> Result<(Corpus, Option<Survey>), DataError> {
    let files = Files(files.iter().map(|(role, file)| (*role, file.clone())).collect());
    let made = Made { manifest, hash: manifest.content_hash() };
    made.encode(&manifest.reader, &files, Reading::default())
}

/// One labelled text as the reader reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadText {
    /// Its ids.
    pub ids: Vec<u32>,
    /// The symbol of each id.
    pub symbols: Vec<String>,
    /// The name of its class.
    pub class: String,
    /// Where it is stored: a file with a line, a row, or a name in an archive.
    pub place: String,
}

/// Reads a data set of labelled texts from the cache of `root`, and returns one text of a part (0 training, 1
/// validation, 2 test), counted from 0; `Err` holds the number of texts where there are too few.
///
/// # Errors
/// As [`load`]; a data set that is not made of labelled texts in files.
pub fn read_text(
    root: &Utf8Path,
    manifest: &Manifest,
    part: usize,
    index: usize,
) -> Result<Result<ReadText, usize>, DataError> {
    let Reader::LabelledTexts(rules) = &manifest.reader else {
        return Err(DataError::WrongUse {
            name: manifest.name.clone(),
            reader: manifest.reader.key(),
            problem: "has no labelled texts in files, of which one could be shown".into(),
        });
    };
    let files = Files::verified(&Cache::new(root), manifest)?;
    let encoded = readers::encode_texts(&|role| files.get(role), rules, Reading::default())?;
    let texts = &encoded.parts[part];
    let Some(place) = encoded.places.of(part, index) else { return Ok(Err(texts.len())) };
    let ids = texts.text(index).to_vec();
    let symbols = ids.iter().map(|&id| encoded.vocabulary[id as usize].clone()).collect();
    let class = encoded.classes[texts.label(index) as usize].clone();
    Ok(Ok(ReadText { ids, symbols, class, place }))
}

/// Checks that all files of `manifest` are in the cache of `root`, with their sizes and checksums. Does nothing for a
/// generated data set.
///
/// # Errors
/// A file that is missing, truncated or altered.
pub fn verify(root: &Utf8Path, manifest: &Manifest) -> Result<(), DataError> {
    Files::verified(&Cache::new(root), manifest).map(|_| ())
}

/// Refuses `reading` options that do not apply to the data set's reader.
pub(super) fn refuse_unfit(manifest: &Manifest, reading: Reading) -> Result<(), DataError> {
    let unfit = |key, problem| DataError::UnfitReading { key, dataset: manifest.name.clone(), problem };
    let texts = match &manifest.reader {
        Reader::LabelledTexts(texts) => Some(texts),
        _ => None,
    };
    let loses_a_row = |texts: &LabelledTexts| match &texts.from {
        TextSource::Table(table) => !table.header && matches!(table.format, TableFormat::Csv | TableFormat::Tsv),
        TextSource::Folders(_) => false,
    };
    if reading.lose_first_row && !texts.is_some_and(loses_a_row) {
        return Err(unfit("lose_first_row", "it applies only to csv and tsv tables without a header; remove the key"));
    }
    if reading.shift_ids && texts.is_none_or(|texts| texts.words.is_none()) {
        return Err(unfit(
            "shift_ids",
            "its manifest does not set `words`, the size of the vocabulary; remove the key",
        ));
    }
    Ok(())
}

/// The files of a data set by role, with sizes and checksums verified.
struct Files(Vec<(&'static str, Utf8PathBuf)>);

impl Files {
    fn verified(cache: &Cache, manifest: &Manifest) -> Result<Self, DataError> {
        let file = |(role, _)| Ok((role, cache.verified(manifest, role)?));
        manifest.files_in_order().map(file).collect::<Result<_, DataError>>().map(Self)
    }

    fn get(&self, role: &str) -> Option<Utf8PathBuf> {
        self.0.iter().find(|(known, _)| *known == role).map(|(_, file)| file.clone())
    }

    fn parts(&self) -> [Option<Utf8PathBuf>; 3] {
        ["train", "valid", "test"].map(|role| self.get(role))
    }
}

/// Builds a corpus of a manifest: the manifest and the content hash of the corpus.
struct Made<'a> {
    manifest: &'a Manifest,
    hash: String,
}

impl Made<'_> {
    fn encode(&self, reader: &Reader, files: &Files, reading: Reading) -> Result<(Corpus, Option<Survey>), DataError> {
        let streams = |unit, encoded: Encoded| (self.streams(unit, encoded.vocabulary, encoded.streams), None);
        let ptb = || files.parts().map(Option::unwrap_or_default);
        Ok(match reader {
            Reader::PtbWords => streams(Unit::Word, readers::encode(&ptb(), &PtbWords)?),
            Reader::PtbCharacters => streams(Unit::Character, readers::encode(&ptb(), &PtbCharacters)?),
            Reader::PlainText(rules) => streams(rules.unit.into(), readers::encode_plain(&files.parts(), rules)?),
            Reader::LabelledTexts(rules) => {
                let file = |role: &str| files.get(role);
                let EncodedTexts { vocabulary, classes, parts, survey, .. } =
                    readers::encode_texts(&file, rules, reading)?;
                let [train, valid, test] = parts;
                (self.corpus(Unit::Text, vocabulary, Parts::Texts { classes, train, valid, test }), Some(survey))
            }
            Reader::PlantedWords(_) | Reader::PlantedCharacters(_) | Reader::PlantedTexts(_) => {
                return Err(DataError::Generated { dataset: self.manifest.name.clone() });
            }
            Reader::GloveText(_) | Reader::Word2vecText(_) | Reader::Word2vecBinary(_) => {
                return Err(DataError::not_a_dataset(self.manifest));
            }
        })
    }

    fn generated(&self, unit: Unit, made: planted::Generated) -> Corpus {
        Corpus { informative: made.informative, ..self.streams(unit, made.vocabulary, made.streams) }
    }

    fn streams(&self, unit: Unit, vocabulary: Vec<String>, streams: [Vec<u32>; 3]) -> Corpus {
        let [train, valid, test] = streams;
        self.corpus(unit, vocabulary, Parts::Streams { train, valid, test })
    }

    fn corpus(&self, unit: Unit, vocabulary: Vec<String>, parts: Parts) -> Corpus {
        let (name, hash) = (self.manifest.name.clone(), self.hash.clone());
        Corpus { name, hash, unit, vocabulary, informative: None, parts }
    }
}
