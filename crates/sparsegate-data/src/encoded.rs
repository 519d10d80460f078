//! Encoded data sets on disk, so that later runs skip reading and encoding the source files.
//!
//! `<cache>/encoded/<name>-<hash>.ids`, little-endian:
//!
//! ```text
//! "sparsegate ids\n"  version u32  header length u64  header (JSON)  u32 ...  blake3 of all before, 32 bytes
//! ```
//!
//! The `u32` numbers belong to the training, validation and test part, in this order: the ids of a stream, or the
//! labels, the lengths and the ids of texts. A file with another version, another content hash or a wrong checksum is
//! ignored, and the data set is encoded again.

use std::io::{self, BufWriter, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::corpus::{Corpus, Parts, Texts, Unit};
use super::sizes::Sizes;
use super::survey::Survey;

const MAGIC: &[u8] = b"sparsegate ids\n";
const VERSION: u32 = 1;
const CHECKSUM: usize = 32;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    hash: String,
    unit: String,
    vocabulary: Vec<String>,
    /// Class names of labelled texts; `None` for streams.
    classes: Option<Vec<String>>,
    /// Number of ids (streams) or texts (labelled texts) in each part.
    sizes: [usize; 3],
    survey: Option<Survey>,
}

/// Path of the encoded data set with the given content hash.
pub(super) fn path(cache: &Utf8Path, name: &str, hash: &str) -> Utf8PathBuf {
    cache.join("encoded").join(format!("{name}-{}.ids", &hash[..hash.len().min(16)]))
}

/// Reads the data set in `file`; `None` if the file is missing, damaged, or has another content hash.
pub(super) fn read(file: &Utf8Path, name: &str, hash: &str) -> Option<(Corpus, Option<Survey>)> {
    let bytes = fs_err::read(file).ok()?;
    let found = decode(&bytes, name, hash);
    if found.is_none() {
        tracing::debug!("{file} is damaged or of another version; {name} is encoded again");
    }
    found
}

/// Vocabulary and sizes of the data set in `file`: whether it consists of labelled texts, and the number of ids or
/// texts in each part. Reads only the header, so the checksum is not verified. `None` if the file is missing, has
/// another content hash, or has too few or too many bytes.
pub(super) fn sizes(file: &Utf8Path, hash: &str) -> Option<Sizes> {
    let mut file = fs_err::File::open(file).ok()?;
    let length = file.metadata().ok()?.len();
    let mut start = [0; MAGIC.len() + 12];
    file.read_exact(&mut start).ok()?;
    let (version, size) = start.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
    let size = u64::from_le_bytes(size.try_into().ok()?);
    if *version != VERSION.to_le_bytes() || size > length {
        return None;
    }
    let mut header = vec![0; usize::try_from(size).ok()?];
    file.read_exact(&mut header).ok()?;
    let header: Header = serde_json::from_slice(&header).ok()?;
    let labelled = header.classes.is_some();
    // A text has a label, a length and at least one id, of four bytes each.
    let bytes = if labelled { 12 } else { 4 };
    let numbers =
        header.sizes.iter().try_fold(0_u64, |sum, size| sum.checked_add((*size as u64).checked_mul(bytes)?))?;
    let rest = length.checked_sub(start.len() as u64 + size + CHECKSUM as u64)?;
    let whole = if labelled { rest >= numbers } else { rest == numbers };
    (header.hash == hash && whole).then_some(Sizes { labelled, parts: header.sizes, vocabulary: header.vocabulary })
}

fn decode(bytes: &[u8], name: &str, hash: &str) -> Option<(Corpus, Option<Survey>)> {
    let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    let rest = body.strip_prefix(MAGIC)?.strip_prefix(&VERSION.to_le_bytes())?;
    if blake3::hash(body).as_bytes() != checksum {
        return None;
    }
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let (header, numbers) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let header: Header = serde_json::from_slice(header).ok()?;
    let mut numbers = Numbers(numbers);
    let parts = match header.classes {
        None => {
            let [train, valid, test] = header.sizes;
            Parts::Streams { train: numbers.take(train)?, valid: numbers.take(valid)?, test: numbers.take(test)? }
        }
        Some(classes) => {
            let [train, valid, test] = header.sizes;
            Parts::Texts {
                classes,
                train: numbers.texts(train)?,
                valid: numbers.texts(valid)?,
                test: numbers.texts(test)?,
            }
        }
    };
    let unit = Unit::from_metric(&header.unit)?;
    let corpus = Corpus {
        name: name.to_owned(),
        hash: header.hash,
        unit,
        vocabulary: header.vocabulary,
        informative: None,
        parts,
    };
    (corpus.hash == hash && numbers.0.is_empty()).then_some((corpus, header.survey))
}

/// The bytes of the numbers not read yet.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn take(&mut self, count: usize) -> Option<Vec<u32>> {
        let (taken, rest) = self.0.split_at_checked(count.checked_mul(4)?)?;
        self.0 = rest;
        let (chunks, _) = taken.as_chunks::<4>();
        Some(chunks.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    fn texts(&mut self, count: usize) -> Option<Texts> {
        let labels = self.take(count)?;
        let lengths = self.take(count)?;
        let ids = self.take(lengths.iter().map(|&length| length as usize).sum())?;
        let mut texts = Texts::new();
        let mut rest = ids.as_slice();
        for (label, length) in labels.into_iter().zip(lengths) {
            let (text, others) = rest.split_at_checked(length as usize)?;
            texts.push(text, label);
            rest = others;
        }
        Some(texts)
    }
}

/// Writes a data set under a temporary name and renames it.
///
/// A failure is only logged: without the file, the next run encodes the data set again.
pub(super) fn write(file: &Utf8Path, corpus: &Corpus, survey: Option<&Survey>) {
    if let Err(error) = try_write(file, corpus, survey) {
        tracing::debug!("{file} was not written: {error}");
    }
}

fn try_write(file: &Utf8Path, corpus: &Corpus, survey: Option<&Survey>) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Utf8Path::new("."));
    fs_err::create_dir_all(folder)?;
    let temporary = tempfile::NamedTempFile::new_in(folder)?;
    let mut writer = Hashed { inner: BufWriter::new(temporary), hasher: blake3::Hasher::new() };
    let (classes, sizes) = match &corpus.parts {
        Parts::Streams { train, valid, test } => (None, [train.len(), valid.len(), test.len()]),
        Parts::Texts { classes, train, valid, test } => (Some(classes.clone()), [train.len(), valid.len(), test.len()]),
    };
    let header = serde_json::to_vec(&Header {
        hash: corpus.hash.clone(),
        unit: corpus.unit.metric().to_owned(),
        vocabulary: corpus.vocabulary.clone(),
        classes,
        sizes,
        survey: survey.cloned(),
    })?;
    writer.write_all(MAGIC)?;
    writer.write_all(&VERSION.to_le_bytes())?;
    writer.write_all(&(header.len() as u64).to_le_bytes())?;
    writer.write_all(&header)?;
    match &corpus.parts {
        Parts::Streams { train, valid, test } => {
            [train, valid, test].into_iter().try_for_each(|stream| writer.numbers(stream.iter().copied()))?;
        }
        Parts::Texts { train, valid, test, .. } => {
            for texts in [train, valid, test] {
                writer.numbers(texts.labels().iter().copied())?;
                writer.numbers((0..texts.len()).map(|text| texts.text(text).len() as u32))?;
                writer.numbers((0..texts.len()).flat_map(|text| texts.text(text).iter().copied()))?;
            }
        }
    }
    let Hashed { mut inner, hasher } = writer;
    inner.write_all(hasher.finalize().as_bytes())?;
    let temporary = inner.into_inner().map_err(io::IntoInnerError::into_error)?;
    temporary.as_file().sync_all()?;
    temporary.persist(file)?;
    Ok(())
}

/// A writer that computes the checksum of the bytes written.
struct Hashed<W> {
    inner: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Hashed<W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.inner.write_all(bytes)
    }

    fn numbers(&mut self, numbers: impl Iterator<Item = u32>) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(1 << 16);
        for number in numbers {
            bytes.extend_from_slice(&number.to_le_bytes());
            if bytes.len() == 1 << 16 {
                self.write_all(&bytes)?;
                bytes.clear();
            }
        }
        self.write_all(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpora() -> [Corpus; 2] {
        let mut texts = Texts::new();
        texts.push(&[1, 2, 0], 1);
        texts.push(&[2], 0);
        let labelled = Parts::Texts {
            classes: vec!["no".into(), "yes".into()],
            train: texts.clone(),
            valid: Texts::new(),
            test: texts,
        };
        let streams = Parts::Streams { train: vec![0, 2, 1], valid: vec![1], test: vec![] };
        let vocabulary = ["<unk>", "\n", "é"].map(str::to_owned).to_vec();
        [(Unit::Text, labelled), (Unit::Character, streams)].map(|(unit, parts)| Corpus {
            name: "tiny".into(),
            hash: "0123456789abcdef0".into(),
            unit,
            vocabulary: vocabulary.clone(),
            informative: None,
            parts,
        })
    }

    fn kept() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = path(Utf8Path::from_path(folder.path()).unwrap(), "tiny", "0123456789abcdef0");
        (folder, file)
    }

    #[test]
    fn what_is_written_is_read() {
        let survey =
            Survey { words: 3, words_in_several_texts: 1, mean_words: 2.5, empty_texts: 0, unlabelled_texts: 0 };
        for corpus in corpora() {
            let (_folder, file) = kept();
            write(&file, &corpus, Some(&survey));
            let (read, surveyed) = read(&file, "tiny", &corpus.hash).unwrap();
            assert_eq!(format!("{read:?}"), format!("{corpus:?}"));
            assert_eq!(surveyed.as_ref(), Some(&survey));
            assert_eq!(fs_err::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing temporary is left");
        }
    }

    #[test]
    fn sizes_are_read_without_the_numbers() {
        for corpus in corpora() {
            let (_folder, file) = kept();
            assert_eq!(sizes(&file, &corpus.hash), None);
            write(&file, &corpus, None);
            assert_eq!(sizes(&file, &corpus.hash), Some(Sizes::of(&corpus)));
            assert_eq!(sizes(&file, "another"), None);
            let whole = fs_err::read(&file).unwrap();
            for length in 0..whole.len() {
                fs_err::write(&file, &whole[..length]).unwrap();
                // The number of ids of all texts is known only from their lengths.
                let may_be_whole = corpus.unit == Unit::Text && length + 16 >= whole.len();
                assert!(may_be_whole || sizes(&file, &corpus.hash).is_none(), "cut at {length}");
            }
        }
    }

    #[test]
    fn sizes_beyond_all_numbers_are_damage() {
        let (_folder, file) = kept();
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        let most = usize::MAX;
        for (classes, counts) in [
            (None, [most, 0, 0]),
            (None, [most / 4, most / 4, most / 4]),
            (Some(Vec::new()), [most, 0, 0]),
            (Some(Vec::new()), [0, most / 3, 0]),
        ] {
            let unit = Unit::Text.metric().to_owned();
            let (hash, vocabulary) = ("h".to_owned(), Vec::new());
            let header = Header { hash, unit, vocabulary, classes, sizes: counts, survey: None };
            let header = serde_json::to_vec(&header).unwrap();
            let length = (header.len() as u64).to_le_bytes();
            let pieces: [&[u8]; 5] = [MAGIC, &VERSION.to_le_bytes(), &length, &header, &[0; CHECKSUM]];
            fs_err::write(&file, pieces.concat()).unwrap();
            assert_eq!(sizes(&file, "h"), None);
        }
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let (_folder, file) = kept();
        let [corpus, _] = corpora();
        write(&file, &corpus, None);
        let whole = fs_err::read(&file).unwrap();
        assert!(read(&file, "tiny", "another").is_none());
        for at in 0..whole.len() {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            assert!(decode(&altered, "tiny", &corpus.hash).is_none(), "byte {at}");
            assert!(decode(&whole[..at], "tiny", &corpus.hash).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = Utf8Path::from_path(folder.path()).unwrap().join("blocked");
        fs_err::write(&blocked, "").unwrap();
        let file = path(&blocked, "tiny", "0123456789abcdef0");
        write(&file, &corpora()[0], None);
        assert!(!file.exists());
    }
}
