//! Readers that turn files into symbol ids, one module for each format.

mod dictionary;
mod limits;
mod numbering;
mod plain;
mod ptb_characters;
mod ptb_words;
pub(crate) mod table;
mod texts;
mod vocabulary;
mod words;

use camino::{Utf8Path, Utf8PathBuf};

use super::DataError;
use vocabulary::Vocabulary;

pub use limits::Lines;
pub use numbering::{START, UNKNOWN};
pub(super) use plain::{PlainLines, encode as encode_plain};
pub(super) use ptb_characters::PtbCharacters;
pub(super) use ptb_words::PtbWords;
pub(super) use texts::{
    EncodedTexts, Frame, common_label, each_record, encode as encode_texts, is_missing_label, scheme as scheme_of_texts,
};
pub(super) use words::Words;

/// The symbol at the end of each line of words.
pub(super) const END_OF_LINE: &str = "<eos>";

/// How the lines of a text are split into symbols.
pub(super) trait Reading {
    /// Calls `symbol` for each symbol of a line, in order, without the line-end symbol.
    fn line<'a>(&self, line: &'a str, symbol: &mut dyn FnMut(&'a str));

    /// The symbol at the end of each line.
    fn end(&self) -> &'static str;

    /// Calls `symbol` for each symbol of `text`, in order, including the line ends.
    fn symbols<'a>(&self, text: &'a str, symbol: &mut dyn FnMut(&'a str)) {
        for line in text.lines() {
            self.line(line, symbol);
            symbol(self.end());
        }
    }
}

/// Three streams (training, validation, test) over one vocabulary.
pub(super) struct Encoded {
    pub(super) vocabulary: Vec<String>,
    pub(super) streams: [Vec<u32>; 3],
}

/// Reads the training, validation and test file as streams of ids over their common vocabulary.
///
/// # Errors
/// A file that cannot be read, is not UTF-8 or has no symbols.
pub(super) fn encode(files: &[Utf8PathBuf; 3], reading: &dyn Reading) -> Result<Encoded, DataError> {
    let texts = [text(&files[0])?, text(&files[1])?, text(&files[2])?];
    let mut vocabulary = Vocabulary::default();
    for text in &texts {
        reading.symbols(text, &mut |symbol| vocabulary.count(symbol));
    }
    let ids = vocabulary.ids();
    let mut streams = [const { Vec::new() }; 3];
    for ((text, stream), file) in texts.iter().zip(&mut streams).zip(files) {
        reading.symbols(text, &mut |symbol| stream.extend(ids.get(symbol)));
        if stream.is_empty() {
            return Err(DataError::Malformed { file: file.clone(), line: 1, problem: "there is no text".into() });
        }
    }
    Ok(Encoded { vocabulary: vocabulary.into_symbols(), streams })
}

fn text(file: &Utf8Path) -> Result<String, DataError> {
    String::from_utf8(fs_err::read(file)?).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let line = 1 + valid.matches('\n').count();
        DataError::Malformed { file: file.to_owned(), line, problem: "this is not UTF-8 text".into() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: [&[u8]; 3], reading: &dyn Reading) -> Result<Encoded, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let files = ["train", "valid", "test"].map(|name| Utf8Path::from_path(folder.path()).unwrap().join(name));
        for (file, text) in files.iter().zip(texts) {
            fs_err::write(file, text).unwrap();
        }
        encode(&files, reading)
    }

    fn spell(encoded: &Encoded, stream: usize) -> Vec<&str> {
        encoded.streams[stream].iter().map(|&id| encoded.vocabulary[id as usize].as_str()).collect()
    }

    #[test]
    fn words_are_split_on_blanks_and_lines_end_in_eos() {
        let encoded = read([b" the cat  sat \n the dog\n", b" a cat\n", b"\n the end"], &PtbWords).unwrap();
        assert_eq!(spell(&encoded, 0), ["the", "cat", "sat", "<eos>", "the", "dog", "<eos>"]);
        assert_eq!(spell(&encoded, 1), ["a", "cat", "<eos>"]);
        assert_eq!(spell(&encoded, 2), ["<eos>", "the", "end", "<eos>"]);
    }

    #[test]
    fn ids_are_by_falling_frequency_then_by_text() {
        let encoded = read([b"b a c\n", b"c\n", b"c d\n"], &PtbWords).unwrap();
        assert_eq!(encoded.vocabulary, ["<eos>", "c", "a", "b", "d"]);
        assert_eq!(encoded.streams[0], [3, 2, 1, 0]);
    }

    #[test]
    fn characters_lose_outer_blanks_and_keep_lines() {
        let encoded = read([b" no <unk> \n a\n", b"x\n", b"y"], &PtbCharacters).unwrap();
        assert_eq!(spell(&encoded, 0).concat(), "no_<unk>\na\n");
        assert_eq!(spell(&encoded, 2).concat(), "y\n");
        assert!(encoded.vocabulary.contains(&"_".to_owned()));
    }

    #[test]
    fn what_is_no_text_is_an_error_with_its_line() {
        let error = read([b"a\n", b"a\nb \xff\n", b"a\n"], &PtbWords).err().unwrap();
        assert!(matches!(&error, DataError::Malformed { line: 2, file, .. } if file.ends_with("valid")), "{error}");
        let error = read([b"a\n", b"a\n", b""], &PtbCharacters).err().unwrap();
        assert!(matches!(&error, DataError::Malformed { file, .. } if file.ends_with("test")), "{error}");
    }
}
